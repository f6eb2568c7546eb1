"""Runs whose layers skip their zeros: the weights of masked training, and an honest receipt."""

import pytest
import torch
from torch import nn

import tiny
from runs import same, stop_at
from tenth.errors import CompileError, InputError
from tenth.fit import Folder, Plan, Settings, fit, sparse
from tenth.fit.run import Run
from tenth.fit.seeds import reseed
from tenth.receipt import Meter
from tenth.sparsity import GRADUAL, GRANET, RIGL, STATIC
from tenth.sparsity.sparse import SparseLinear, Times, convert

METHODS = {"static": STATIC, "rigl": RIGL, "granet": GRANET, "gradual": GRADUAL}


@pytest.fixture(autouse=True)
def _sparse_wins(monkeypatch):
    def fast(*given, **choices):
        return convert(*given, **{**choices, "clock": lambda *_: Times(2.0, 1.0)})

    monkeypatch.setattr(sparse, "convert", fast)


def build():
    return nn.Sequential(
        nn.Linear(6, 400), nn.ReLU(), nn.Linear(400, 320), nn.ReLU(), nn.Linear(320, 3)
    )


TASK = tiny.task(
    model=build,
    optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.001, weight_decay=0.01),
)


def plan_of(method, mode="auto", **settings):
    pace = Settings(**{"steps": 20, "mask_every": 5, **settings}).for_task(TASK)
    return Plan("run", pace, seed=4, density=0.2, method=method, save_seconds=60.0, sparse=mode)


def fitted(plan, *, folder=None, on_step=None, stages=None):
    reseed(1)
    stages = [] if stages is None else stages
    return fit(build(), TASK, plan, stages=stages, folder=folder, on_step=on_step)


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_weights_are_those_of_masked_training(method, ema):
    masked = fitted(plan_of(method, "never", ema=ema)).model.state_dict()
    got = fitted(plan_of(method, ema=ema)).model
    assert isinstance(got[2], nn.Linear)
    for name, value in got.state_dict().items():
        torch.testing.assert_close(value, masked[name], rtol=1e-3, atol=1e-5, msg=name)
        assert value.eq(0).equal(masked[name].eq(0))


@pytest.mark.parametrize("ema", [None, 0.9])
def test_a_run_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(tmp_path, ema):
    plan = plan_of(RIGL, ema=ema)
    whole, folder = fitted(plan), Folder(tmp_path, {})
    on_step = stop_at(1, 4, 7, 10, 19)
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            fitted(plan, folder=folder, on_step=on_step)
    ended = fitted(plan, folder=folder)
    assert same(whole.model, ended.model)
    assert whole.history == ended.history


def test_masks_are_looked_at_dense_and_the_steps_between_are_sparse():
    reseed(1)
    with Meter("run") as meter:
        run = Run(build(), TASK, plan_of(RIGL), meter)
        kinds = []
        while not run.over:
            kinds.append(isinstance(run.model[2], SparseLinear))
            run.advance()
    # masks move after steps 5 and 10, and rest from step 15 on; the first step tells the shapes
    dense = {1, 5, 10}
    assert kinds == [step not in dense for step in range(1, 21)]
    assert isinstance(run.model[2], nn.Linear)


def test_the_receipt_counts_what_ran():
    stages, other = [], []
    fitted(plan_of(STATIC), stages=stages)
    fitted(plan_of(STATIC, "never"), stages=other)
    skipping, masked = ({k: f.value for k, f in s[-1].figures.items()} for s in (stages, other))
    assert skipping["flops_useful"] == masked["flops_useful"]
    assert skipping["flops_dense_equivalent"] == masked["flops_dense_equivalent"]
    assert masked["flops_executed"] == masked["flops_dense_equivalent"]
    assert skipping["flops_useful"] < skipping["flops_executed"] < 0.5 * masked["flops_executed"]
    assert stages[-1].notes["layers that ran sparse"] == "2.weight"
    assert "layers that ran sparse" not in other[-1].notes


def test_without_a_compiler_the_run_is_dense_and_says_why(monkeypatch):
    def refuse(*_, **__):
        raise CompileError("There is no compiler.")

    monkeypatch.setattr(sparse, "convert", refuse)
    stages = []
    fitted(plan_of(STATIC), stages=stages)
    assert stages[-1].notes["why no layer ran sparse"] == "There is no compiler."


def test_the_mode_is_one_of_two():
    with pytest.raises(InputError, match="sparse must be"):
        Settings(sparse="always")
