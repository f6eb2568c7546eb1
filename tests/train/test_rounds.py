import numpy as np
import pytest
import torch

import tiny
from runs import names, same, stop_at
from tenth.fit import Plan
from tenth.sparsity import prunable
from tenth.train import Settings, run
from tenth.train.job import Job
from tenth.train.rounds import densities, rewinding_rate, rewinding_weights

SETTINGS = Settings(steps=20, check_every=10)


def job(density=0.5, **options):
    torch.manual_seed(0)
    task = tiny.task()
    plan = Plan("train", SETTINGS.for_task(task), density=density, **options)
    return Job(tiny.build(), task, plan, [])


def test_the_rounds_by_hand():
    assert densities(0.8) == [0.8]
    assert densities(0.9) == [0.9]
    assert densities(0.64) == pytest.approx([0.8, 0.64])
    assert len(densities(0.1)) == 11
    for density in (0.5, 0.1, 0.05):
        kept = densities(density)
        assert kept[-1] == density
        ratios = np.array(kept) / np.array([1.0, *kept[:-1]])
        assert (ratios[:-1] == pytest.approx(0.8)) if len(kept) > 1 else True
        assert 0.8 - 1e-9 <= ratios[-1] < 1


def test_each_round_keeps_the_largest_weights_of_the_one_before(monkeypatch):
    made = job()
    ends, starts = [], []
    part = made.part

    def kept(name, plan):
        starts.append({n: w.detach().clone() for n, w in prunable(made.model).items()})
        fitted = part(name, plan)
        ends.append({n: w.detach().clone() for n, w in prunable(made.model).items()})
        return fitted

    monkeypatch.setattr(made, "part", kept)
    rewinding_weights(made)
    early, dense, *rounds = ends
    total = sum(w.numel() for w in early.values())
    assert len(rounds) == 4
    before = dense
    for density, after, start in zip(densities(0.5), rounds, starts[2:], strict=True):
        size = torch.cat([w.abs().flatten() for w in before.values()])
        least = size.sort(descending=True).values[int(density * total) - 1]
        for name, weight in after.items():
            assert torch.equal(weight != 0, before[name].abs() >= least)
            assert torch.equal(start[name], early[name])  # rewound, masked by the run itself
        before = after


def test_the_rate_begins_again_and_the_weights_do_not(monkeypatch):
    made = job()
    states = []
    part = made.part

    def kept(name, plan):
        states.append([plan.begin, *(w.detach().clone() for w in prunable(made.model).values())])
        return part(name, plan)

    monkeypatch.setattr(made, "part", kept)
    fitted = rewinding_rate(made)
    assert [state[0] for state in states] == [0] * 5
    assert not torch.equal(states[0][1], states[1][1])
    assert fitted.steps == made.made == 5 * 20
    assert [step.step for step in fitted.history] == list(range(10, 101, 10))


def test_progress_counts_through_all_rounds():
    seen = []
    result = run(tiny.task(), "lottery", density=0.5, settings=SETTINGS, on_step=seen.append)
    assert [step.step for step in seen] == list(range(1, result.steps + 1))
    assert {step.steps for step in seen} == {result.steps}
    stages = [stage.name for stage in result.receipt.stages]
    assert stages[1:] == [
        "train lottery: early",
        "train lottery: round 0, dense",
        *(f"train lottery: round {n} of 4, density {d}" for n, d in
          ((1, 0.8), (2, 0.64), (3, 0.512), (4, 0.5))),
    ]  # fmt: skip


def test_rounds_that_ended_are_not_made_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tiny.task(), "lottery-lr", density=0.5, settings=SETTINGS, out=tmp_path,
            on_step=stop_at(50))  # fmt: skip
    parts = tmp_path / "parts"
    assert names(parts) == ["round-0", "round-1-of-4", "round-2-of-4"]
    assert "run.json" in names(parts / "round-1-of-4")
    (parts / "mine").mkdir()
    (parts / "mine" / "precious").write_text("x")
    steps = []
    result = run(tiny.task(), "lottery-lr", density=0.5, settings=SETTINGS, out=tmp_path,
                 on_step=lambda step: steps.append(step.step))  # fmt: skip
    assert steps == list(range(51, 101))
    assert same(result.model, run(tiny.task(), "lottery-lr", density=0.5, settings=SETTINGS).model)
    assert names(parts) == ["mine"]  # what is not ours stays


def test_a_target_ends_the_last_round_alone():
    settings = Settings(steps=20, check_every=10, target=0.1)
    result = run(tiny.task(), "lottery-lr", density=0.5, settings=settings)
    assert result.reached
    assert result.steps == 4 * 20 + 10
