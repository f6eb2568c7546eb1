import pytest

from tenth.errors import InputError
from tenth.figures import Figure, counted, unknown
from tenth.intervals import wilson
from tenth.receipt import Arm


def run(seconds, flops=8.0):
    return {
        "wall_seconds": Figure(seconds, "s", source="clock"),
        "flops_executed": counted(flops, "FLOP", "arithmetic"),
        "price_usd": unknown("USD", "no price given"),
        "peak_rss_bytes": Figure(1e6, "bytes"),
    }


def arm(successes=2, runs=(1.0, 2.0, 3.0, 6.0)):
    return Arm.of_runs("static", [run(s) for s in runs], successes=successes, weights=81)


def test_a_run_costs_the_mean_of_all_runs_failures_included():
    assert arm().figures["wall_seconds"].value == 3.0
    assert "mean of 4 runs" in arm().figures["wall_seconds"].source


def test_one_success_costs_the_mean_over_the_rate():
    assert arm(2).expected_cost["wall_seconds"].value == pytest.approx(6.0)
    assert arm(4).expected_cost["wall_seconds"].value == pytest.approx(3.0)


def test_an_arm_that_never_succeeds_has_no_cost_of_a_success():
    assert "none of 4 seeds" in arm(0).expected_cost["wall_seconds"].reason


def test_the_interval_holds_the_chance_of_these_runs():
    figure = arm().figures["wall_seconds"]
    # Student's t of 3 degrees of freedom at 95 % is 2.353; the runs' deviation is 2.160
    half = 2.3534 * 2.1602 / 2
    assert figure.high == pytest.approx(3 + half, rel=1e-3)
    assert figure.low == pytest.approx(3 - half, rel=1e-2)


def test_equal_runs_leave_only_their_own_doubt():
    doubtful = {"energy_joules": Figure(10.0, "J", 5.0, 15.0, "modelled", "formula")}
    same = Arm.of_runs("a", [doubtful] * 3, successes=3, weights=1)
    assert same.figures["energy_joules"].bounds() == pytest.approx((10, 5, 15))
    assert same.figures["energy_joules"].label == "modelled"


def test_no_cost_is_below_nothing():
    assert arm(2, (0.001, 100.0)).figures["wall_seconds"].low == 0.0
    assert arm(2, (0.001, 100.0)).expected_cost["wall_seconds"].value == pytest.approx(50.0005)


def test_one_run_is_an_arm_too():
    one = arm(1, (2.0,))
    assert one.figures["wall_seconds"].bounds() == (2, 2, 2)
    assert one.interval == wilson(1, 1, 0.90)


def test_what_some_runs_do_not_know_the_mean_does_not_know():
    assert arm().figures["price_usd"].reason == "no price given"
    runs = [run(1.0), {**run(1.0), "more": Figure(1.0, "s")}]
    assert "more" not in Arm.of_runs("a", runs, successes=1, weights=1).figures


def test_a_peak_of_memory_is_no_cost_that_repeats():
    assert "peak_rss_bytes" in arm().figures
    assert "peak_rss_bytes" not in arm().expected_cost


@pytest.mark.parametrize(("seeds", "successes"), [(0, 0), (3, 4), (3, -1)])
def test_impossible_counts_are_refused(seeds, successes):
    with pytest.raises(InputError, match="successes of a"):
        Arm("a", seeds, successes, 1, {})


def test_no_runs_are_no_arm():
    with pytest.raises(InputError, match="at least one"):
        Arm.of_runs("a", [], successes=0, weights=1)


def test_json_and_back():
    for one in (arm(), arm(0)):
        form = one.to_json()
        assert Arm.from_json(form) == one
        assert form["interval"] == list(one.interval)
        assert form["expected_cost"]["wall_seconds"]["unit"] == "s"
