import math
import random
from dataclasses import replace
from statistics import quantiles

import pytest

from tenth.catalogue import devices, machine, prices
from tenth.errors import InputError
from tenth.figures import Figure, product
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


_TO_90 = 1.6449  # standard deviations on each side that hold 90 %
_KWH = Figure(1 / 3.6e6, "kWh/J", label="counted")


def one_stage(place):
    """A receipt of one stage whose energy has a lognormal error of ×/÷ 1.5."""
    energy = Figure(7200.0, "J", 7200 / 1.5, 7200 * 1.5, "modelled", "a model")
    where = Place.find(place)
    figures = {
        "wall_seconds": Figure(1800.0, "s"),
        "energy_joules": energy,
        "carbon_gco2e": product([energy, _KWH, where.carbon], "gCO2e", "energy × grid"),
        "price_usd": Figure(0.1, "USD", label="given"),
    }
    return Receipt("t", Aim("a"), place=where, stages=[Stage("s", figures)])


def drawn(figures, of, draws=40_000):
    """The ends of 90 % of what comes out, where each figure errs by itself as its interval says."""
    luck = random.Random(5)
    sigmas = [math.log(figure.high / figure.value) / _TO_90 for figure in figures]
    found = [
        of(
            *(
                figure.value * math.exp(sigma * luck.gauss(0, 1))
                for figure, sigma in zip(figures, sigmas, strict=True)
            )
        )
        for _ in range(draws)
    ]
    ends = quantiles(found, n=20)
    return ends[0], ends[-1]


def test_the_error_of_the_energy_is_once_in_the_carbon_and_not_in_its_ratio():
    receipt = one_stage("POL")
    carbon = rows(what_if(receipt, Otherwise(place="FRA")))["carbon_gco2e"]
    energy, here, there = (
        receipt.total("energy_joules"),
        receipt.place.carbon,
        Place.find("FRA").carbon,
    )
    low, high = drawn([energy, there], lambda joules, grams: joules * grams / 3.6e6)
    assert carbon.value.bounds()[1:] == pytest.approx((low, high), rel=0.03)
    # the same joules in both places, whatever they were
    low, high = drawn(
        [energy, here, there],
        lambda joules, grams, other: (joules * other) / (joules * grams),
    )
    assert carbon.ratio.bounds()[1:] == pytest.approx((low, high), rel=0.03)


def test_the_grid_is_not_in_the_ratio_of_carbon_on_another_device_in_the_same_place():
    receipt = one_stage("POL")
    found = rows(what_if(receipt, Otherwise(device="h100", ran_on="a100-80gb")))
    assert found["carbon_gco2e"].ratio.bounds() == pytest.approx(
        found["energy_joules"].ratio.bounds()
    )
    both = rows(what_if(receipt, Otherwise(device="h100", ran_on="a100-80gb", place="FRA")))
    grids = rows(what_if(receipt, Otherwise(place="FRA")))["carbon_gco2e"].ratio
    alone = found["energy_joules"].ratio
    expected = math.hypot(*(math.log(one.high / one.value) for one in (grids, alone)))
    ratio = both["carbon_gco2e"].ratio
    assert math.log(ratio.high / ratio.value) == pytest.approx(expected)


def test_the_same_place_changes_nothing():
    carbon = rows(what_if(one_stage("FRA"), Otherwise(place="FRA")))["carbon_gco2e"]
    assert carbon.value.bounds() == carbon.reference.bounds()
    assert carbon.ratio.reason == "as it was"


def test_carbon_that_is_not_energy_by_grid_has_a_ratio_of_its_own():
    receipt = one_stage("POL")
    figures = receipt.stages[0].figures
    odd = Figure(5.0, "gCO2e", 4.0, 6.0, "given", "a bill")
    receipt.stages = [replace(receipt.stages[0], figures={**figures, "carbon_gco2e": odd})]
    carbon = rows(what_if(receipt, Otherwise(place="FRA")))["carbon_gco2e"]
    assert carbon.ratio.value == pytest.approx(carbon.value.value / 5.0)
    assert carbon.ratio.high > carbon.value.high / 5.0


def test_from_nowhere_there_is_carbon_and_no_ratio():
    receipt = one_stage("FRA")
    nowhere = Place.find(None)
    figures = {**receipt.stages[0].figures, "carbon_gco2e": nowhere.carbon}
    receipt.place = nowhere
    receipt.stages = [replace(receipt.stages[0], figures=figures)]
    carbon = rows(what_if(receipt, Otherwise(place="FRA")))["carbon_gco2e"]
    assert carbon.value.known
    assert "no place was given" in carbon.ratio.reason


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
    assert str(found).splitlines()[2].split()[1:4] == ["as", "it", "was"]


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


def test_what_was_not_known_is_not_as_it_was_but_unknown():
    receipt = one_stage("FRA")
    receipt.place = Place.find(None)
    figures = {**receipt.stages[0].figures, "carbon_gco2e": receipt.place.carbon}
    receipt.stages = [replace(receipt.stages[0], figures=figures)]
    carbon = rows(what_if(receipt, Otherwise(price_usd_per_hour=1.0)))["carbon_gco2e"]
    assert "no place was given" in carbon.ratio.reason
