import pytest

from tenth.errors import InputError
from tenth.figures import Figure, counted, unknown
from tenth.receipt.stage import MOST_PARTS, Stage, bounded, price_of, total_of

from .samples import costs

PRICE = Figure(2.0, "USD/h", 1.0, 3.0, "given", "table: typical, a seller, 2026-09-01")


def epoch(number, parts=()):
    figures = {"wall_seconds": Figure(1.0, "s"), "flops_executed": counted(3, "FLOP", "the graph")}
    return Stage(f"epoch {number}", figures, list(parts), {"started": f"day {number}"}, PRICE)


def test_the_price_is_read_back():
    stage = epoch(1)
    assert Stage.from_json(stage.to_json()) == stage
    assert Stage.from_json(Stage("a", {}).to_json()).price is None


def test_the_price_of_many_is_theirs_if_they_agree():
    assert Stage.of_parts("all", [epoch(1), epoch(2)]).price == PRICE
    other = Stage("b", costs(1.0), price=Figure(9.0, "USD/h", label="given"))
    assert "different prices" in price_of([epoch(1), other]).reason
    assert price_of([epoch(1), Stage("c", {})]) is None
    assert price_of([]) is None


def test_figures_of_any_part_are_in_the_whole():
    gpu = Stage("gpu", {"energy_joules_accelerators": Figure(5.0, "J")})
    whole = Stage.of_parts("all", [epoch(1), gpu])
    assert set(whole.figures) == {"wall_seconds", "flops_executed", "energy_joules_accelerators"}


def test_few_parts_stay_as_they_are():
    parts = [epoch(n) for n in range(MOST_PARTS)]
    assert bounded(parts) == parts


def test_many_parts_are_joined_and_their_sums_stay():
    kept = []
    for number in range(5000):
        kept = bounded([*kept, epoch(number)])
        assert len(kept) <= MOST_PARTS
    assert total_of(kept, "wall_seconds").value == 5000
    assert total_of(kept, "flops_executed").value == 15_000
    assert sum(int(part.notes.get("stages", 1)) for part in kept) == 5000
    assert kept[0].name.startswith("epoch 0 … epoch ")
    assert kept[0].notes["started"] == "day 0"
    assert kept[-1].name == "epoch 4999"
    assert all(part.price == PRICE for part in kept)
    # the new ones are told apart for longer than the old ones
    assert kept[0].notes["stages"] >= 16 * int(kept[-2].notes.get("stages", 1))


def test_parts_of_parts_go_first():
    parts = [epoch(n, [epoch(m) for m in range(10)]) for n in range(60)]
    kept = bounded(parts)
    assert [part.name for part in kept] == [part.name for part in parts]
    assert all(part.parts == [] for part in kept)


def test_an_odd_one_out_is_kept():
    kept = bounded([epoch(n) for n in range(3)], most=2)
    assert [part.name for part in kept] == ["epoch 0 … epoch 1", "epoch 2"]


def test_an_interrupted_part_leaves_its_mark_on_the_pair():
    cut = Stage("epoch 1", {"wall_seconds": Figure(1.0, "s")}, notes={"interrupted": "OOM"})
    (pair,) = bounded([epoch(0), cut], most=1)
    assert pair.interrupted


def test_an_unknown_price_is_no_price():
    assert not price_of([Stage("a", {}, price=unknown("USD/h", "none given"))]).known
    with pytest.raises(InputError):
        total_of([epoch(1)], "love")
