"""What a race says before it begins."""

import pytest

import tiny
from tenth.errors import InputError
from tenth.fit import Settings
from tenth.train import Arm, Budget, race
from tenth.train.race import Alone, Processes, Terms
from tenth.train.race.arms import line_up
from tenth.train.race.forecast import forecast

TASK = tiny.task(steps=40)


def foreseen(*arms, made=0, engine=None, trials=2, **terms):
    settled = Terms(seeds=5, trials=trials, tuning_seeds=1, **terms)
    lined = line_up(arms, trials)
    engine = engine or Alone()
    return forecast(lined, settled, Settings(), TASK, engine=engine, made=made)


def test_the_runs_are_those_that_are_made():
    told, ended = [], []
    race(
        TASK,
        [Arm("small", 0.5), Arm("static", 0.5)],
        margin=0.9,  # no arm is dropped
        seeds=5,
        trials=4,
        tuning_seeds=2,
        engine=Alone(),
        on_plan=lambda plan: told.append((plan, len(ended))),
        on_job=lambda job, step: step is None and ended.append(job.stage),
    )
    ((plan, before),) = told
    assert before == 0
    assert plan.tuning == ended.count("tune") == 3 * (4 + 2) * 2
    assert plan.verdict == ended.count("verdict") == 15
    assert plan.processes == 1


def test_seconds_are_steps_times_that_of_one():
    plan = foreseen(Arm("static", 0.5, length=2.0))
    steps = (5 + 2 * 0.5) * 40 * (1 + 2.0)  # seeds and two trials of half a run, of two arms
    assert plan.seconds.value == pytest.approx(steps * plan.step.value)
    assert plan.seconds.label == "estimated"
    assert plan.seconds.bounds()[1] < plan.seconds.bounds()[2]
    said = str(plan)
    assert said.startswith("2 arms, at most 14 runs (4 to tune, 10 for the verdict), about ")
    assert "on 1 process (estimated from " in said


def test_what_was_made_and_processes_that_share_take_less():
    half = foreseen(made=6)  # of 12 runs
    assert half.seconds.value == pytest.approx((5 + 1) * 40 * half.step.value * (1 - 6 / 7))
    shared = foreseen(engine=Processes(4, threads=1))
    assert shared.seconds.value == pytest.approx((5 + 1) * 40 * shared.step.value / 4)
    assert ", 6 of them made already" in str(half)


def test_rounds_count_as_whole_trainings():
    rounds, dense = foreseen(Arm("lottery-lr", 0.5)), foreseen()
    trainings = rounds.seconds.value / rounds.step.value
    assert trainings == pytest.approx((1 + 5) * dense.seconds.value / dense.step.value)


def test_a_budget_sets_the_time_or_hides_it():
    timed = foreseen(budget=Budget(seconds=2.0))
    assert timed.seconds.value == pytest.approx(6 * 2.0)
    assert timed.tuning == 2 + 2
    hidden = foreseen(budget=Budget(flops=1e9))
    assert not hidden.seconds.known
    assert "a time that is unknown (a budget of FLOPs" in str(hidden)


def test_threads_are_for_the_engine():
    with pytest.raises(InputError, match=r"threads of the settings must be left out\. Got 2"):
        race(TASK, [], settings=Settings(threads=2), engine=Alone())
