import dataclasses
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

import tiny
from runs import names, same, stop_at
from tenth.errors import (
    DivergedError,
    FormatError,
    InputError,
    OutputError,
    TaskError,
)
from tenth.receipt import Receipt, partial
from tenth.train import Settings, run, time_step

SHORT = Settings(steps=20, mask_every=2)
FINISHED = ["model.safetensors", "receipt.json", "report.html", "run.json"]


def short(route="granet", task=None, **options):
    density = None if route == "dense" else 0.25
    return run(task or tiny.task(), route, **{"density": density, "settings": SHORT, **options})


def test_a_stopped_run_goes_on_bit_for_bit(tmp_path):
    on_step = stop_at(7, 15)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            short(out=tmp_path, on_step=on_step)
        assert names(tmp_path) == ["receipt.json", "run.pt"]
    resumed, whole = short(out=tmp_path, on_step=on_step), short()
    assert same(resumed.model, whole.model)
    assert (resumed.score, resumed.history) == (whole.score, whole.history)
    assert names(tmp_path) == FINISHED
    stages = Receipt.load(tmp_path / "receipt.json").stages
    assert [stage.name for stage in stages] == [
        "check the task",
        "train granet",
        "train granet (sitting 2)",
        "train granet (sitting 3)",
    ]


def test_a_finished_folder_is_read_back(tmp_path):
    made = short(out=tmp_path)
    before = (tmp_path / "receipt.json").read_bytes()

    def never(step):
        raise AssertionError(step)

    back = short(out=tmp_path, on_step=never)
    assert same(made.model, back.model)
    for field in dataclasses.fields(back):
        if field.name not in ("model", "receipt", "task"):
            assert getattr(back, field.name) == getattr(made, field.name), field.name
    assert not back.model.training
    assert back.receipt.scores == made.receipt.scores
    assert (tmp_path / "receipt.json").read_bytes() == before


def test_the_test_score_is_read_once_and_kept(tmp_path):
    splits = []

    def score(model, split):
        value = tiny.score(model, split)
        splits.append(f"{split} read")
        return value

    task = tiny.task(score=score)

    def read():  # of "test", to its end
        return splits.count("test read")

    result = short(task=task, out=tmp_path)
    assert read() == 0
    assert result.test is None
    test = result.read_test()
    assert result.read_test() == test == tiny.score(result.model, "test")
    assert read() == 1
    back = short(task=task, out=tmp_path)
    assert back.test == back.read_test() == test
    assert read() == 1


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_a_seed_that_is_none_leaves_nothing(seed, tmp_path):
    with pytest.raises(InputError, match="seed must be a whole number of at least 0"):
        short(seed=seed, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Looked(nn.Module):
    """A net with a table beside it."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4, 6)
        self.net = tiny.build()

    def forward(self, points):
        return self.net(points + self.table.weight[0])


def test_what_a_sparse_run_never_prunes_is_on_its_receipt():
    said = "Never pruned, beside biases and norms: 24 of 240 weights (10 %): Embedding 24."
    task = tiny.task(model=Looked, small=None)
    assert said in short(task=task).receipt.notes
    assert said not in short("dense", task=task).receipt.notes


OTHERS = {
    "task": {"task": tiny.task(name="other")},
    "route": {"route": "rigl"},
    "density": {"density": 0.5},
    "seed": {"seed": 1},
    "steps": {"settings": dataclasses.replace(SHORT, steps=21)},
    "target": {"settings": dataclasses.replace(SHORT, target=0.5)},
    "ema": {"settings": dataclasses.replace(SHORT, ema=0.5)},
    "model": {"task": tiny.task(model=lambda: nn.Sequential(nn.Linear(6, 24), nn.Linear(24, 3)))},
}


@pytest.mark.parametrize("key", OTHERS)
def test_a_checkpoint_of_another_run_is_refused_by_what_differs(key, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        short(out=tmp_path, on_step=stop_at(2))
    before = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(FormatError, match=rf"run\.pt must be of this run.* whose {key} is"):
        short(out=tmp_path, **OTHERS[key])
    assert (tmp_path / "run.pt").read_bytes() == before


def test_the_result_of_another_run_is_refused(tmp_path):
    short(out=tmp_path)
    with pytest.raises(FormatError, match=r"run\.json must be of this run.* whose seed is 0"):
        short(out=tmp_path, seed=1)
    assert names(tmp_path) == FINISHED


def test_a_checkpoint_cut_short_is_named(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        short(out=tmp_path, on_step=stop_at(2))
    path = tmp_path / "run.pt"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(FormatError, match=r"run\.pt must be .*Delete it to begin again") as caught:
        short(out=tmp_path)
    assert caught.value.exit_code == 2
    path.unlink()
    assert short(out=tmp_path).steps == 20


def test_an_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("precious")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError) as caught:
            short(out=place)
        assert caught.value.exit_code == 2
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        short(out=tmp_path)


def test_a_full_disk_at_the_end_costs_no_second_training(tmp_path, full_disk, monkeypatch):
    # on a slow machine the receipt would be written in between too
    monkeypatch.setattr(partial, "FIRST", 15.0)
    settings = dataclasses.replace(SHORT, save_seconds=0)
    with full_disk(after=21), pytest.raises(OutputError, match="No space left on device"):
        short(out=tmp_path, settings=settings)
    assert names(tmp_path) == ["receipt.json", "run.pt"]
    steps = []
    result = short(out=tmp_path, settings=settings, on_step=steps.append)
    assert steps == []
    assert same(result.model, short().model)
    assert names(tmp_path) == FINISHED


def test_a_full_disk_from_the_start_leaves_nothing(tmp_path, full_disk):
    with full_disk(), pytest.raises(OutputError, match="No space left on device"):
        short(out=tmp_path)
    assert "run.json" not in names(tmp_path)
    assert "model.safetensors" not in names(tmp_path)


@pytest.mark.parametrize("density", [0, -0.1, 1.5, math.nan, math.inf, "0.1", True])
@pytest.mark.parametrize("route", ["dense", "small", "gradual"])
def test_a_density_out_of_range_is_refused_before_anything(route, density, tmp_path):
    with pytest.raises(InputError, match="density") as caught:
        short(route, density=density, out=tmp_path / "out")
    assert caught.value.exit_code == 2
    assert names(tmp_path) == []


def test_dense_has_no_density_and_others_are_never_whole():
    with pytest.raises(InputError, match=r"density of the route 'dense' must be 1\. Got 0.5"):
        short("dense", density=0.5)
    for route in ("small", "static", "granet"):
        with pytest.raises(InputError, match="The route 'dense' keeps all weights"):
            short(route, density=1)


def test_a_route_unknown_is_answered_with_the_known():
    with pytest.raises(InputError, match=r"one of dense, small, .*Got 'prune'"):
        run(tiny.task(), "prune")


def test_a_density_unsaid_is_a_tenth():
    assert short("static", density=None).weights == 21


def test_an_empty_loader():
    with pytest.raises(TaskError, match=r"task\.batches .*at least one batch"):
        short(task=tiny.task(batches=lambda seed: iter([])))


def test_a_model_with_nan_weights():
    def build():
        model = tiny.build()
        nn.init.constant_(model[0].weight, math.nan)
        return model

    with pytest.raises(TaskError, match=r"NaN or infinity in '0\.weight'"):
        short(task=tiny.task(model=build))


def test_the_route_small_needs_a_small_model():
    with pytest.raises(TaskError, match=r"task\.small must be given"):
        short("small", task=tiny.task(small=None))


@pytest.mark.parametrize("part", ["loss", "score"])
def test_what_diverges_says_so_and_what_it_cost(part, tmp_path):
    calls = []

    def poisoned(model, given):
        calls.append(given)
        bad = math.nan if len(calls) > 5 else 1
        return getattr(tiny, part)(model, given) * bad

    with pytest.raises(DivergedError, match=f"{part}.* became nan at step") as caught:
        short("dense", task=tiny.task(**{part: poisoned}), out=tmp_path)
    assert caught.value.exit_code == 1
    assert caught.value.receipt.total("flops_executed").value > 0
    assert names(tmp_path) == ["receipt.json"]  # what it cost to find out


def test_a_target_ends_the_run_and_stands_in_the_receipt():
    settings = dataclasses.replace(SHORT, target=0.1)
    result = short("dense", settings=settings)
    assert (result.steps, result.reached, result.receipt.task.target) == (1, True, 0.1)
    pruned = short("gradual", settings=settings)
    assert (pruned.steps, pruned.density) == (10, 0.25)
    missed = short("dense", settings=dataclasses.replace(SHORT, target=1.5))
    assert (missed.steps, missed.reached) == (20, False)


def test_the_place_is_known_before_anything_is_paid():
    with pytest.raises(InputError, match="ATL"):
        short(settings=Settings(place="ATL"))


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(8)
    state = torch.get_rng_state()
    short("dense")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_step_is_timed():
    seconds = time_step(tiny.task(), steps=3)
    assert 0 < seconds.low <= seconds.value <= seconds.high < 5
    assert (seconds.unit, seconds.label) == ("s", "measured")
    with pytest.raises(InputError, match="steps must be at least 1"):
        time_step(tiny.task(), steps=0)


SLOW_TASK = """
import pathlib, sys, time
sys.path.insert(0, {tests!r})
import tiny

pause = 0.02
calls = []


def loss(model, batch):
    calls.append(batch)
    if len(calls) == 6:
        pathlib.Path({flag!r}).touch()
    time.sleep(pause)
    return tiny.loss(model, batch)


task = tiny.task(loss=loss, steps=400, small=None)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_a_folder_that_goes_on(tmp_path):
    flag, out = tmp_path / "flag", tmp_path / "out"
    path = tmp_path / "slow_task.py"
    tests = os.path.dirname(tiny.__file__)  # noqa: PTH120
    path.write_text(SLOW_TASK.format(tests=tests, flag=str(flag)))
    command = [sys.executable, "-m", "tenth", "train", str(path), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        _wait_for(flag, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.startswith("tenth: interrupted.")
    assert names(out) == ["receipt.json", "run.pt"]
    steps = []
    with pytest.raises(KeyboardInterrupt):
        run(
            tiny.task(steps=400),
            out=out,
            on_step=lambda step: (steps.append(step.step), stop_at(step.step)(step)),
        )
    assert steps[0] > 1  # it went on, and did not begin again


def _wait_for(flag, process):
    for _ in range(600):
        if flag.exists():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.kill()
    pytest.fail("the run did not begin within a minute")


def test_a_run_that_is_killed_leaves_what_it_cost_so_far(tmp_path):
    found = []

    def on_step(step):
        if step.step == 3:
            found.append(Receipt.load(tmp_path / "receipt.json"))

    short(out=tmp_path, on_step=on_step)
    (partial,) = found  # as a kill at this step would have left it
    assert "check the task" in [stage.name for stage in partial.stages]
    assert partial.stages[-1].interrupted
    assert not any(stage.interrupted for stage in Receipt.load(tmp_path / "receipt.json").stages)


def test_a_run_stopped_by_ctrl_c_leaves_it_too(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        short(out=tmp_path, on_step=stop_at(3))
    assert Receipt.load(tmp_path / "receipt.json").stages[-1].interrupted
