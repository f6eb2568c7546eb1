import pytest

from tenth.catalogue import devices, machine, prices
from tenth.errors import InputError
from tenth.receipt import Aim, Meter, Receipt, Stage
from tenth.receipt.place import Place
from tenth.receipt.whatif import Otherwise, what_if

from .samples import life


def rows(found):
    return {row.name: row for row in found.rows}


def test_another_place_changes_the_carbon_alone():
    found = rows(what_if(life("POL"), Otherwise(place="FRA")))
    ratio = Place.find("FRA").carbon.value / Place.find("POL").carbon.value
    assert found["carbon_gco2e"].ratio.value == pytest.approx(ratio)
    for name in ("energy_joules", "wall_seconds"):
        assert found[name].value.value == found[name].reference.value
        assert found[name].ratio.reason == "as it was"


def test_another_price_changes_the_money_alone():
    found = rows(what_if(life("POL"), Otherwise(price_usd_per_hour=3.6)))
    seconds = life().total("wall_seconds").value
    assert found["price_usd"].value.value == pytest.approx(seconds / 1000)
    assert found["carbon_gco2e"].ratio.reason == "as it was"


def test_another_device_changes_all_of_it_with_a_wide_interval():
    found = rows(what_if(life("FRA"), Otherwise(device="h100", ran_on="a100-80gb")))
    there, here = devices.find("h100"), devices.find("a100-80gb")
    seconds = found["wall_seconds"].value
    peak = here.peak_flops.value / there.peak_flops.value
    assert seconds.value == pytest.approx(life().total("wall_seconds").value * peak)
    assert seconds.high > 10 * seconds.value
    joules = found["energy_joules"].value.value
    assert joules == pytest.approx(seconds.value * there.node_watts.value * 1.56)
    assert "PUE 1.56" in found["energy_joules"].value.source
    money = found["price_usd"].value.value
    assert money == pytest.approx(seconds.value / 3600 * prices.per_hour("h100").value)


@pytest.mark.parametrize(
    "otherwise",
    [
        Otherwise(place="FRA"),
        Otherwise(price_usd_per_hour=0.0),
        Otherwise(device="h100", ran_on="generic-2vcpu-vm", mfu=0.01),
    ],
)
def test_every_figure_is_estimated_and_the_title_says_so(otherwise):
    found = what_if(life("POL"), otherwise)
    assert "(estimated)" in found.title
    assert {row.value.label for row in found.rows if row.value.known} == {"estimated"}
    assert "Nothing ran there" in found.notes[0]
    assert found.baseline_kind == "other"


def test_what_ran_here_ran_on_this_machine():
    with Meter("work", place="FRA") as meter:
        pass
    receipt = Receipt("t", Aim("a"), stages=[meter.stage])
    if receipt.hardware["accelerators"]:
        pytest.skip("this machine has accelerators")
    assert receipt.hardware["cpu"] == machine.cpu_name()
    device = Otherwise(device="generic-2vcpu-vm")
    assert rows(what_if(receipt, device))["wall_seconds"].value.known


def test_an_accelerator_is_not_worked_out_from_the_peak_of_a_processor():
    for device, ran_on in (("h100", "generic-2vcpu-vm"), ("generic-2vcpu-vm", "h100")):
        with pytest.raises(InputError, match="--mfu"):
            what_if(life(), Otherwise(device=device, ran_on=ran_on))


def test_with_an_mfu_time_is_flops_by_peak():
    found = what_if(life("FRA"), Otherwise(device="h100", mfu=0.01))
    flops = life().total("flops_executed").value
    expected = flops / (devices.find("h100").peak_flops.value * 0.01)
    assert rows(found)["wall_seconds"].value.value == pytest.approx(expected)
    assert any("MFU 0.01 as given" in note for note in found.notes)
    for mfu in (0.0, 1.5, -1.0):
        with pytest.raises(InputError, match="mfu"):
            what_if(life(), Otherwise(device="h100", mfu=mfu))
    nothing = life()
    for stage in nothing.stages:
        del stage.figures["flops_executed"]
    with pytest.raises(InputError, match="no stage counted FLOPs"):
        what_if(nothing, Otherwise(device="h100", mfu=0.1))


def test_the_title_says_what_is_otherwise():
    found = what_if(life("POL"), Otherwise(place="FRA", price_usd_per_hour=2.0))
    assert found.title.endswith(", in France, at 2 USD/h (estimated)")
    assert "if with" not in str(found)
    assert str(found).splitlines()[1].split()[1:4] == ["as", "it", "was"]


def test_what_is_not_known_is_asked():
    for wrong, message in (
        (Otherwise(), "none of them"),
        (Otherwise(device="h100"), "--ran-on"),
        (Otherwise(place="Atlantis"), "place"),
        (Otherwise(device="abacus", ran_on="h100"), "device"),
    ):
        receipt = life()
        receipt.hardware["cpu"] = "a machine elsewhere"
        with pytest.raises(InputError, match=message):
            what_if(receipt, wrong)
    with pytest.raises(InputError, match="time, energy, carbon and money"):
        what_if(Receipt("t", Aim("a"), stages=[Stage("s", {})]), Otherwise(place="FRA"))
