"""Halving, dropping, stretching and judging, on made-up ends of jobs."""

import math

import pytest

import tiny
from tenth.errors import InputError
from tenth.fit import Settings
from tenth.train.race.arms import Arm
from tenth.train.race.contest import looks, loses
from tenth.train.race.lengths import lengths
from tenth.train.race.picture import frontier
from tenth.train.race.standing import standing
from tenth.train.race.table import headline
from tenth.train.race.terms import Budget, Terms, stretched
from tenth.train.race.tuning import merit, rungs, tune
from tenth.train.race.verdict import Verdict

from .ends import end

DENSE = [end("dense", seed, 0.9 + 0.001 * seed) for seed in range(6)]
TERMS = Terms(margin=0.02, seeds=6)


def rival(*scores, **options):
    return [end("rival", seed, score, **options) for seed, score in enumerate(scores)]


def shifted(by):
    return [end("rival", one.seed, one.best.score + by) for one in DENSE]


def test_halving_runs_every_scale_short_and_the_better_half_longer():
    asked = []

    def do(jobs):
        asked.append(jobs)
        # the score grows with the scale for one arm and falls for the other
        return [
            end(
                job.arm.name,
                job.seed,
                0.5 + 0.01 * job.scale * (1 if job.arm.route == "rigl" else -1),
                stage="tune",
                scale=job.scale,
            )
            for job in jobs
        ]

    arms = [Arm("dense", scales=(1, 2, 3, 10)), Arm("rigl", scales=(1, 2, 3, 10))]
    whole = {arm.name: Settings(steps=100) for arm in arms}
    terms = Terms(trials=4, tuning_seeds=2)
    assert tune(arms, whole, terms, tiny.task(), do) == {"dense": 1.0, "rigl": 10.0}
    assert [len(jobs) for jobs in asked] == [2 * 4 * 2, 2 * 2 * 2]
    assert [{job.settings.steps for job in jobs} for jobs in asked] == [{25}, {50}]
    assert all(job.settings.lr_scale == job.scale for jobs in asked for job in jobs)
    assert not {job.seed for job in asked[0]} & set(terms.verdict_seeds())
    for arm in arms:  # equal trials
        assert sum(job.arm is arm for jobs in asked for job in jobs) == 12


def test_an_arm_of_which_no_trial_gives_a_net_is_left_out():
    arms = [Arm("dense", scales=(1, 2)), Arm("rigl", scales=(1, 2))]

    def do(jobs):
        return [
            end(job.arm.name, job.seed, 0.5 if job.arm.dense else None, scale=job.scale)
            for job in jobs
        ]

    whole = {arm.name: Settings(steps=100) for arm in arms}
    assert list(tune(arms, whole, Terms(trials=2), tiny.task(), do)) == ["dense"]


@pytest.mark.parametrize("trials", [1, 2, 3, 4, 8, 9])
def test_rungs_halve_until_one_is_left(trials):
    left = trials
    for _ in rungs(trials):
        left = math.ceil(left / 2)
    assert left == 1


def test_a_scale_is_better_by_nets_then_by_what_a_success_costs_then_by_score():
    sure = [end("a", 0, 1.0, value=3.0), end("a", 1, 1.0, value=3.0)]
    cheap = [end("a", 0, 1.0, value=1.0), end("a", 1, 0.9, value=1.0, reached=False)]
    never = [end("a", 0, 0.99, reached=False), end("a", 1, 0.99, reached=False)]
    failed = [end("a", 0, 1.0, value=0.1), end("a", 1)]
    order = [failed, never, sure, cheap]
    assert sorted(order, key=lambda runs: merit(runs, 1.0)) == order
    assert merit(sure, None) > merit(cheap, None)  # without a target the score decides


def test_looks_double_and_end_with_the_last_seed():
    assert [looks(n) for n in (5, 6, 10, 11, 40)] == [
        [5], [5, 6], [5, 10], [5, 10, 11], [5, 10, 20, 40],
    ]  # fmt: skip


def test_only_a_sure_loser_is_dropped():
    assert loses(shifted(-0.05), DENSE, 0.02)
    assert not loses(shifted(-0.019), DENSE, 0.02)
    noisy = rival(0.7, 0.95, 0.9, 0.99, 0.92, 0.8)
    assert not loses(noisy, DENSE, 0.02)
    assert loses(rival(0.9, 0.9, None, 0.9, 0.9, 0.9), DENSE, 0.02)


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        (shifted(-0.01), "non-inferior"),
        (shifted(-0.03), "inferior"),
        (shifted(-0.03)[:5], "dropped"),
        (rival(0.85, 0.95, 0.9, 0.86, 0.92, 0.94), "undecided"),
        (rival(0.9, 0.9, 0.9, 0.9, 0.9, None), "failed"),
        (rival(0.5, stage="tune"), "failed"),
        ([], "failed"),
    ],
)
def test_the_verdict_on_an_arm(runs, verdict):
    found = standing("rival", runs, DENSE, TERMS)
    assert found.verdict == verdict
    assert found.holds == (verdict == "non-inferior")
    if verdict == "undecided":
        assert found.words == f"undecided: needs {found.comparison.seeds_needed} seeds"
        assert found.comparison.seeds_needed > 6


def test_the_baseline_may_win_and_is_compared_with_nothing():
    found = standing("dense", DENSE, DENSE, TERMS)
    assert (found.verdict, found.holds, found.comparison) == ("baseline", True, None)


def test_everything_is_charged_failures_and_trials_too():
    runs = [end("rival", 9, 0.5, stage="tune", value=3.0), *rival(0.9, None, 0.9, 0.9, 0.9, 0.9)]
    found = standing("rival", runs, DENSE, TERMS)
    assert found.total("wall_seconds").value == 3 + 6
    assert (found.runs, found.failures) == (7, 1)
    assert found.each("energy_joules").value == 1


def test_a_budget_is_turned_into_steps():
    costs = {"dense": (10.0, 2.0), "rigl": (10.0, 0.5)}  # of a run besides its steps, of a step

    def do(jobs):
        ends = []
        for job in jobs:
            fixed, each = costs[job.arm.name]
            one = end(job.arm.name, 0, 0.5, value=fixed + each * job.settings.steps)
            ends.append(type(one)(one.arm, "measure", 0, 1.0, job.settings.steps, one.tries))
        return ends

    arms = [Arm("dense"), Arm("rigl")]
    terms = Terms(budget=Budget(flops=1010))
    found = lengths(arms, terms, Settings(steps=400), tiny.task(), do)
    assert {name: settings.steps for name, settings in found.items()} == {
        "dense": 500,
        "rigl": 2000,
    }
    tighter = Terms(budget=Budget(flops=1010, seconds=110))
    assert lengths(arms, tighter, Settings(), tiny.task(), do)["dense"].steps == 50
    with pytest.raises(InputError, match="at least what one step of 'dense' costs, 12 FLOP"):
        lengths(arms, Terms(budget=Budget(flops=11)), Settings(), tiny.task(), do)


def test_a_longer_run_is_stretched_whole():
    settings = Settings(check_every=10, mask_every=4, warm_up=6)
    longer = stretched(settings, tiny.task(steps=40), 2.5)
    assert (longer.steps, longer.check_every, longer.mask_every, longer.warm_up) == (
        100,
        25,
        10,
        15,
    )
    assert stretched(Settings(), tiny.task(steps=40), 0.5).check_every is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"margin": 0}, "margin"),
        ({"margin": math.nan}, "margin"),
        ({"seeds": 4}, "seeds must be at least 5"),
        ({"trials": 0}, "trials"),
        ({"restarts": -1}, "restarts"),
        ({"by": "time"}, "by must be one of seconds"),
    ],
)
def test_terms_that_cannot_be_are_refused(options, word):
    with pytest.raises(InputError, match=word):
        Terms(**options)


@pytest.mark.parametrize("options", [{}, {"flops": 0}, {"seconds": math.inf}])
def test_a_budget_is_a_positive_limit(options):
    with pytest.raises(InputError, match="budget of a run"):
        Budget(**options)


def test_terms_are_read_back():
    terms = Terms(seeds=7, budget=Budget(flops=1e9))
    assert Terms.from_json(terms.to_json()) == terms


def test_the_frontier_is_what_nothing_beats():
    points = [(3, 0.9), (1, 0.5), (2, 0.4), (4, 0.9), (5, 0.95), (1, 0.3)]
    brute = [
        (cost, score)
        for cost, score in points
        if not any((c <= cost and s >= score) and (c, s) != (cost, score) for c, s in points)
    ]
    assert frontier(points) == sorted(brute)


def test_that_dense_missed_the_target_is_said():
    dense = [end("dense", seed, 0.9, reached=seed > 1) for seed in range(6)]
    terms = Terms(margin=0.02, seeds=6, target=0.95)
    found = standing("dense", dense, dense, terms)
    assert found.words == "baseline, tuned like the others; missed the target in 2 of 6 seeds"
    arms = [{"name": "dense"}]
    told = headline(Verdict("life", terms, arms, dense))
    assert told[-1].startswith("Dense itself missed the target in 2 of 6 seeds: ")
    sure = [end("dense", seed, 0.96) for seed in range(6)]
    assert standing("dense", sure, sure, terms).words == "baseline, tuned like the others"
    assert len(headline(Verdict("life", terms, arms, sure))) == len(told) - 1
    endless = Terms(margin=0.02, seeds=6)
    assert "missed" not in standing("dense", dense, dense, endless).words
    assert len(headline(Verdict("life", endless, arms, dense))) == len(told) - 1
