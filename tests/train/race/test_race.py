"""Whole races of tiny nets, inside this process."""

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

import tiny
from runs import names
from tenth.errors import FormatError, InputError, OutputError, TaskError
from tenth.fit import Settings
from tenth.receipt import Receipt
from tenth.train import Arm, Verdict, race, run
from tenth.train.race import Alone
from tenth.train.race.jobs import Job, perform

ARMS = [Arm("small", 0.5), Arm("granet", 0.5)]
TASK = tiny.task(steps=40)
TERMS = {"margin": 0.2, "seeds": 5, "trials": 2, "tuning_seeds": 1}


def raced(task=TASK, arms=ARMS, **options):
    return race(task, arms, **{**TERMS, "engine": Alone(), **options})


def facts(verdict):
    """All of a race that clocks do not touch."""
    return [
        (job.arm, job.stage, job.seed, job.scale, one.score, one.test, one.steps, one.failure)
        for job in verdict.ended
        for one in job.tries
    ]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("race")
    return raced(out=folder), folder


def test_every_arm_gets_the_same_trials_and_the_same_seeds(done):
    verdict, _ = done
    for stage, count in (("tune", 2), ("verdict", 5)):
        rows = {
            arm["name"]: [(job.seed, job.steps) for job in verdict.ended
                          if job.arm == arm["name"] and job.stage == stage]
            for arm in verdict.arms
        }  # fmt: skip
        assert len({tuple(row) for row in rows.values()}) == 1
        assert len(rows["dense"]) == count


def test_test_is_read_for_the_nets_of_the_verdict_alone(done):
    for job in done[0].ended:
        assert (job.best.test is not None) == (job.stage == "verdict")


def test_everything_run_is_paid_for_and_on_the_receipt(done):
    verdict, folder = done
    receipt = Receipt.load(folder / "receipt.json")
    for key in ("wall_seconds", "flops_useful", "energy_joules", "price_usd"):
        whole = math.fsum(one.cost.figures[key].value for job in verdict.ended for one in job.tries)
        assert receipt.total(key).value == pytest.approx(whole)
    assert [arm.name for arm in receipt.arms] == ["dense", "small 0.5", "granet 0.5"]
    assert receipt.scores["dense"].value == verdict.standings[0].test.value


def test_the_winner_is_the_cheapest_that_holds(done):
    verdict = done[0]
    for by, key in (("flops", "flops_useful"), ("seconds", "wall_seconds")):
        by_cost = replace(verdict, terms=replace(verdict.terms, by=by))
        holding = [one for one in by_cost.standings if one.holds]
        least = min(holding, key=lambda one: one.total(key).value)
        assert by_cost.winner.name == least.name
        assert by_cost.shown == (len(holding) > 1)


def test_the_table_is_rebuilt_from_the_file(done):
    verdict, folder = done
    for path in (folder, folder / "race.json"):
        back = Verdict.read(path)
        assert str(back) == str(verdict)
        assert back.to_json() == verdict.to_json()


def test_the_picture_names_every_arm(done):
    words = "".join(ET.parse(done[1] / "race.svg").getroot().itertext())
    assert all(arm["name"] in words for arm in done[0].arms)


def test_only_the_nets_of_the_verdict_are_kept(done):
    kept = [name for name in names(done[1] / "runs" / "dense") if not name.endswith(".json")]
    assert len(kept) == 5
    assert all(name.startswith("verdict-40x") for name in kept)


def test_more_seeds_run_only_what_is_new(done, tmp_path):
    verdict, folder = done
    jobs = []
    more = raced(out=folder, seeds=6, on_job=lambda job, step: step is None and jobs.append(job))
    assert {(job.stage, job.seed) for job in jobs} == {("verdict", 5)}
    assert set(facts(verdict)) < set(facts(more))
    raced(out=folder)  # as it was, for the other tests


@pytest.mark.parametrize(
    "other", [{"settings": Settings(check_every=7)}, {"task": tiny.task(steps=40, name="other")}]
)
def test_the_folder_of_another_race_is_refused(done, other):
    with pytest.raises(FormatError, match="must be of this race"):
        raced(out=done[1], **other)


def test_a_damaged_result_is_named(done, tmp_path):
    (tmp_path / "race.json").write_text('{"kind": "tenth race/1"}')
    with pytest.raises(FormatError, match="damaged"):
        Verdict.read(tmp_path)
    (tmp_path / "race.json").write_text("{")
    with pytest.raises(FormatError, match="JSON"):
        Verdict.read(tmp_path)
    with pytest.raises(FormatError, match="cannot be read"):
        Verdict.read(tmp_path / "nothing.json")
    json.loads((done[1] / "race.json").read_text())  # standard JSON: no NaN


def diverging(model, batch):
    """The small net, of three layers, learns for five steps only."""
    model.calls = getattr(model, "calls", 0) + 1
    loss = tiny.loss(model, batch)
    return loss * math.nan if len(model) == 3 and model.calls > 5 else loss


def test_an_arm_that_diverges_has_failed_and_is_paid_for():
    verdict = raced(tiny.task(steps=40, loss=diverging), [ARMS[0]], trials=1)
    dense, small = verdict.standings
    assert (dense.verdict, small.verdict) == ("baseline", "failed")
    assert (small.runs, small.failures) == (5, 5)
    assert small.total("flops_executed").value > 0
    assert not verdict.shown
    assert verdict.winner is dense
    assert "failed: no net from 5 of 5 seeds" in str(verdict)


def test_a_missed_target_is_tried_again_at_its_own_cost():
    settings = Settings(target=0.85)
    verdict = raced(arms=[], trials=1, settings=settings, restarts=2)
    jobs = [job for job in verdict.ended if job.stage == "verdict"]
    assert any(len(job.tries) > 1 for job in jobs)
    for job in jobs:
        assert not any(one.reached for one in job.tries[:-1])
        assert job.best.reached or len(job.tries) == 3
        assert job.best.score == max(one.score for one in job.tries)
        assert len({one.seed for one in job.tries}) == len(job.tries)
        tested = [one for one in job.tries if one.test is not None]
        assert tested == [job.best]
    assert verdict.standings[0].runs == sum(len(job.tries) for job in jobs)


def test_a_full_disk_stops_the_race_and_it_goes_on(tmp_path, full_disk):
    with full_disk(after=20), pytest.raises(OutputError, match="No space left on device"):
        raced(arms=[], trials=1, out=tmp_path)
    assert "race.json" not in names(tmp_path)
    steps = []
    verdict = raced(arms=[], trials=1, out=tmp_path, on_job=lambda job, step: steps.append(step))
    assert steps.count(None) < 5  # some jobs had ended
    assert facts(verdict) == facts(raced(arms=[], trials=1))


def test_a_wrong_task_stops_the_race():
    with pytest.raises(TaskError, match=r"task\.small must be given"):
        raced(tiny.task(small=None), [Arm("small")], trials=1)
    with pytest.raises(InputError, match="seeds must be at least 5"):
        raced(seeds=3)


def test_what_an_arm_learns_and_begins_from_is_charged_to_it_once():
    young = run(tiny.task(model=tiny.narrow), "dense", settings=Settings(steps=5))
    old = run(TASK, "dense", settings=Settings(steps=10))
    arm = Arm("granet", 0.5, teacher=old, parent=young)
    assert arm.form()["parent"] != arm.form()["teacher"]
    verdict = raced(arms=[arm], seeds=5)
    made = [one.made for job in verdict.ended if job.arm == arm.name for one in job.tries]
    earlier = [net.receipt.total("flops_executed").value for net in (young, old)]
    assert [stage.figures["flops_executed"].value for stage in made] == [sum(earlier)] * len(made)
    own = sum(
        one.cost.figures["flops_executed"].value
        for job in verdict.ended
        if job.arm == arm.name
        for one in job.tries
    )
    row = next(stage for stage in verdict.receipt.stages if stage.name == arm.name)
    assert row.figures["flops_executed"].value == own + sum(earlier)


def test_a_failed_try_does_not_pay_for_its_teacher_again(tmp_path):
    old = run(TASK, "dense", settings=Settings(steps=10))
    job = Job(Arm("dense", teacher=old), "tune", 0, 1.0, replace(Settings(steps=10), lr_scale=1e30))
    (one,) = perform(job, TASK, tmp_path).tries
    assert one.failure
    assert one.made is not None
    made, own = (stage.figures["flops_executed"].value for stage in (one.made, one.cost))
    assert made == old.receipt.total("flops_executed").value
    assert own < 10 * made


def test_a_race_leaves_the_folder_of_a_run_alone(tmp_path):
    run(TASK, "dense", settings=Settings(steps=5), out=tmp_path)
    receipt = (tmp_path / "receipt.json").read_bytes()
    with pytest.raises(FormatError, match="must be of a race or new"):
        raced(out=tmp_path)
    assert (tmp_path / "receipt.json").read_bytes() == receipt
