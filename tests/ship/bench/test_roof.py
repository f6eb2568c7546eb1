"""What the machine can do at most."""

from tenth.ship.bench.roof import Roof, measure


def test_the_roof_of_this_machine_is_that_of_a_processor():
    roof = measure()
    assert 1e9 < roof.flops_per_second < 1e12
    assert 5e8 < roof.bytes_per_second < 2e12


def test_the_roof_rises_with_intensity_up_to_the_peak():
    roof = Roof(100e9, 20e9)
    assert roof.at(1) == 20e9
    assert roof.at(5) == roof.at(50) == 100e9
