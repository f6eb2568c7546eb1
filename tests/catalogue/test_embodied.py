import pytest

from tenth.catalogue import devices, embodied


def test_an_hour_of_an_h100_carries_its_share_of_the_server():
    figure = embodied.per_hour(devices.find("h100"))
    assert figure.value == pytest.approx((8 * 164 + 5700) / 8 / (3 * 8766), rel=0.02)
    assert (figure.unit, figure.label) == ("kgCO2e/h", "given")
    assert figure.high / figure.value == pytest.approx(3)


def test_an_hour_of_an_a100_is_what_bloom_published():
    figure = embodied.per_hour(devices.find("a100-40gb"))
    assert figure.value == pytest.approx(11_200 / 1_082_990, rel=0.01)
    assert "arXiv:2211.02001" in figure.source


@pytest.mark.parametrize("device", devices.all(), ids=lambda d: d.name)
def test_what_nobody_published_is_unknown_and_never_zero(device):
    figure = embodied.per_hour(device)
    if figure.value is None:
        assert device.name in figure.reason
    else:
        assert figure.value > 0
