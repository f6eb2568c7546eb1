from dataclasses import replace

import pytest

from tenth.figures import Figure, counted
from tenth.receipt import Aim, Flops, Meter, Receipt, Stage, Work
from tenth.receipt.sums import wrong

from .samples import life


def found(receipt):
    return list(wrong(receipt, receipt.to_json()))


def receipt_of(**figures):
    return Receipt("t", Aim("a"), stages=[Stage("train", figures)])


def joules(value, source="a meter"):
    return Figure(value, "J", 0.9 * value, 1.1 * value, "measured", source)


def test_what_was_metered_adds_up():
    with Meter("train", price_usd_per_hour=3.0) as meter:
        for name in ("a", "b"):
            with meter.part(name) as part:
                part.add_work(Work(Flops(1, 2, 3), Flops(4, 5, 6), Flops(4, 5)))
    assert found(Receipt("t", Aim("a"), stages=[meter.stage])) == []
    assert found(life()) == []


@pytest.mark.parametrize("name", ["wall_seconds", "energy_joules", "written_bytes", "price_usd"])
def test_parts_that_are_more_than_the_whole(name):
    small, large = (Stage("s", {name: counted(n, "x", "a count")}) for n in (1.0, 2.5))
    whole = replace(small, parts=[large])
    ((where, what),) = found(Receipt("t", Aim("a"), stages=[large, replace(large, parts=[whole])]))
    assert where == f"stages[1].parts[0].{name}"
    assert "2.5, more than the whole: 1" in what


def test_shares_of_parts_need_not_add_up():
    share = joules(1.0, "RAPL counters × the share of processor time")
    parts = [Stage("p", {"energy_joules": joules(2.0)})]
    stage = Stage("s", {"energy_joules": share}, parts)
    assert found(Receipt("t", Aim("a"), stages=[stage])) == []


def test_components_come_to_the_energy():
    right = receipt_of(
        energy_joules=joules(10.0),
        energy_joules_processor=joules(8.0),
        energy_joules_memory=joules(2.0),
    )
    assert found(right) == []
    right.stages[0].figures["energy_joules_memory"] = joules(1.0)
    assert "come to 9 J" in found(right)[0][1]
    right.stages[0].figures["energy_joules_memory"] = joules(5.0)
    assert "come to 13 J" in found(right)[0][1]


def test_flops_come_to_their_sum():
    names = ("flops_executed_forward", "flops_executed_backward", "flops_executed_growth")
    figures = {name: counted(10, "FLOP", "the graph") for name in names}
    assert found(receipt_of(flops_executed=counted(30, "FLOP", "the graph"), **figures)) == []
    ((where, _),) = found(receipt_of(flops_executed=counted(31, "FLOP", "the graph"), **figures))
    assert where == "stages[0].flops_executed"


def test_carbon_is_energy_by_the_grid_of_the_place():
    receipt = life("FRA")
    carbon = receipt.stages[1].figures["carbon_gco2e"]
    receipt.stages[1].figures["carbon_gco2e"] = replace(carbon, value=0.9 * carbon.value)
    assert [where for where, _ in found(receipt)] == ["stages[1].carbon_gco2e"]
    other = life("POL").stages[1].figures["carbon_gco2e"]
    receipt.stages[1].figures["carbon_gco2e"] = other  # it names another grid
    assert found(receipt) == []


def test_money_is_hours_by_the_row():
    price = Figure(2.0, "USD/h", label="given", source="a row")
    stage = Stage(
        "s",
        {
            "wall_seconds": Figure(1800.0, "s"),
            "price_usd": Figure(1.0, "USD", label="modelled", source="hours × 2"),
        },
        price=price,
    )
    assert found(Receipt("t", Aim("a"), stages=[stage])) == []
    dear = replace(stage, price=replace(price, value=3.0, low=3.0, high=3.0))
    assert "1.5 USD" in found(Receipt("t", Aim("a"), stages=[dear]))[0][1]
    many = replace(dear, notes={"processes": 2})  # two machines were rented
    assert found(Receipt("t", Aim("a"), stages=[many])) == []
