import pytest

from tenth.errors import ComparisonError
from tenth.figures import Figure
from tenth.receipt import Aim, Receipt, Stage, compare
from tenth.receipt.compare import beside
from tenth.receipt.place import Place

from .samples import HARDWARE, costs, life


def made(title="mine", seconds=1.0, *, task=None, stages=None, **more):
    return Receipt(
        title,
        task or Aim("digits", "accuracy", 0.97, 0.01),
        place=more.pop("place", Place.find("FRA")),
        hardware=dict(HARDWARE) | more.pop("hardware", {}),
        stages=stages or [Stage("train", costs(seconds, 1e9 * seconds, 1e8 * seconds))],
        **more,
    )


def test_like_is_compared_with_like():
    comparison = made(seconds=1.0).compare(made("dense", seconds=4.0))
    ratios = {row.name: row.ratio for row in comparison.rows}
    assert ratios["wall_seconds"].value == 0.25
    assert ratios["flops_executed"].bounds() == pytest.approx((0.25, 0.25, 0.25))
    assert ratios["energy_joules"].low < 0.25 < ratios["energy_joules"].high
    assert not ratios["price_usd"].known
    assert (comparison.title, comparison.baseline) == ("mine", "dense")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (made(task=Aim("life", "accuracy", 0.97, 0.01)), "task 'digits' against 'life'"),
        (made(task=Aim("digits", "F1", 0.97, 0.01)), "metric 'accuracy' against 'F1'"),
        (made(task=Aim("digits", "accuracy", 0.9, 0.01)), "target 0.97 against 0.9"),
        (made(task=Aim("digits", "accuracy", None, 0.01)), "target 0.97 against none"),
        (made(task=Aim("digits", "accuracy", 0.97)), "margin 0.01 against none"),
        (made(hardware={"cpu": "Apple M4"}), "cpu"),
        (made(hardware={"threads": 64}), "threads"),
        (made(hardware={"machine": "arm64"}), "machine"),
        (
            made(hardware={"accelerators": ["nvidia0"]}),
            r"accelerators\) none against \['nvidia0'\]",
        ),
    ],
)
def test_unlike_things_are_refused_saying_why(other, reason):
    with pytest.raises(ComparisonError, match=reason):
        compare(made(), other)


def test_every_difference_is_named_at_once():
    other = made(task=Aim("life", "accuracy", 0.97, 0.01), hardware={"cpu": "Apple M4"})
    with pytest.raises(ComparisonError, match=r"task .*; hardware .*would mean nothing"):
        made().compare(other)


def test_memory_may_differ_by_what_the_kernel_keeps():
    assert made().compare(made(hardware={"memory_bytes": 8_215_363_000})).rows


def test_carbon_of_different_places_has_no_ratio():
    comparison = made().compare(made(place=Place.find("POL")))
    (carbon,) = (row for row in comparison.rows if row.name == "carbon_gco2e")
    assert carbon.ratio.reason == "different electricity: France against Poland"


@pytest.mark.parametrize(("price", "known"), [(2.0, True), (3.0, False)])
def test_money_is_compared_at_one_price_only(price, known):
    def billed(seconds, per_hour):
        figures = costs(seconds)
        figures["price_usd"] = Figure(seconds * per_hour / 3600, "USD", label="modelled")
        return made(stages=[Stage("train", figures)])

    comparison = billed(7.0, 2.0).compare(billed(3.0, price))
    (money,) = (row for row in comparison.rows if row.name == "price_usd")
    assert money.ratio.known == known


def test_scores_and_results_stand_beside_the_costs(receipt):
    rows = {row.name: row for row in receipt.compare(life()).rows}
    assert rows["shrunk, test"].ratio.value == 1
    assert rows["file of the result"].value.value == 1_236


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"scores": {"val": Figure(0.5, "")}}, "missed its target of 0.97"),
        ({"stages": [Stage("a", costs(1.0), [], {"interrupted": "X"})]}, "was interrupted"),
    ],
)
def test_what_makes_a_comparison_unfair_is_said(change, note):
    assert any(note in said for said in made(**change).compare(made()).notes)


ENERGY = "Energy is by one model"


def test_without_a_target_the_scores_are_pointed_at_once():
    free, other = made(task=Aim("digits")), made(task=Aim("digits"), seconds=2.0)
    assert sum("states no target" in note for note in free.compare(other).notes) == 1
    (note,) = made().compare(made(seconds=2.0)).notes
    assert note.startswith(ENERGY)


def test_scores_that_differ_without_a_target_are_told():
    def scored(score, target=None):
        aim = Aim("digits", "accuracy", target)
        return made(task=aim, scores={"val": Figure(score, "")})

    told = [note for note in scored(0.917).compare(scored(0.978)).notes if "equal quality" in note]
    assert len(told) == 1
    assert "val: 0.917 against 0.978" in told[0]
    for one, other in ((0.9, 0.9), (0.97, 0.98)):
        target = None if one == other else 0.95
        notes = scored(one, target).compare(scored(other, target)).notes
        assert "equal quality" not in " ".join(notes)


def test_a_receipt_against_itself_is_one_and_the_same(receipt):
    found = receipt.compare(receipt)
    assert found.notes == ["Both are one and the same receipt."]
    for row in found.rows:
        assert not row.ratio.known or row.ratio.bounds() == (1, 1, 1)


def test_a_price_or_a_grid_that_both_share_cancels():
    def priced(seconds, usd, place="FRA"):
        figures = costs(seconds, place=Place.find(place))
        bounds = [usd * seconds / 3600 * share for share in (1.0, 0.4, 2.0)]
        figures["price_usd"] = Figure(bounds[0], "USD", *bounds[1:], "modelled", "hours × price")
        row = Figure(usd, "USD/h", 0.4 * usd, 2 * usd, "given", "a row")
        stages = [Stage("train", figures, price=row)]
        return made(stages=stages, place=Place.find(place))

    rows = {row.name: row for row in priced(1.0, 2.0).compare(priced(4.0, 2.0)).rows}
    assert rows["price_usd"].ratio.bounds() == rows["wall_seconds"].ratio.bounds()
    assert rows["carbon_gco2e"].ratio.bounds() == rows["energy_joules"].ratio.bounds()
    assert "both sides share" in rows["price_usd"].ratio.source
    rows = {row.name: row for row in priced(1.0, 2.0).compare(priced(4.0, 2.0, "POL")).rows}
    assert not rows["carbon_gco2e"].ratio.known


def test_one_reading_each_has_no_interval():
    found = made(seconds=1.0).compare(made(seconds=4.0))
    lines = {line.split("  ")[0]: line for line in str(found).splitlines()}
    assert lines["time"].endswith("no interval is known")
    assert lines["FLOPs executed"].endswith("exact")
    assert "–" in lines["energy"]


def test_it_prints_and_is_json():
    comparison = made(seconds=1.0).compare(made("dense", seconds=4.0))
    text = str(comparison)
    assert "mine, against dense" in text
    assert "0.25 ×" in text
    form = comparison.to_json()
    assert form["rows"][0]["ratio"]["value"] == 0.25


def test_unlike_receipts_can_stand_side_by_side_without_a_ratio():
    other = made("theirs", 4.0, hardware={"cpu": "Apple M4"})
    found = beside(made(), other)
    assert found.baseline_kind == "other"
    assert any("hardware (cpu)" in note for note in found.notes)
    assert found.rows
    assert not any(row.ratio.known for row in found.rows)
    assert {row.name: row.value.value for row in found.rows}["wall_seconds"] == 1.0


def test_like_receipts_side_by_side_are_compared():
    found = beside(made(), made("dense", 4.0))
    assert found == compare(made(), made("dense", 4.0))
    assert found.baseline_kind == "measured_same_hardware"
    assert found.to_json()["baseline_kind"] == "measured_same_hardware"


def test_rows_of_prices_that_differ_make_no_ratio_of_money():
    def priced(usd):
        figures = costs(3600.0) | {"price_usd": Figure(usd, "USD", label="modelled")}
        row = Figure(usd, "USD/h", label="given", source="a row")
        return made(stages=[Stage("train", figures, price=row)])

    rows = {row.name: row for row in compare(priced(1.0), priced(2.0)).rows}
    assert rows["price_usd"].ratio.reason == "different prices of an hour"
    rows = {row.name: row for row in compare(priced(1.0), priced(1.0)).rows}
    assert rows["price_usd"].ratio.value == 1.0


def test_one_machine_is_not_compared_with_many():
    with pytest.raises(ComparisonError, match="machines"):
        compare(made(), made(hardware={"machines": 4}))
