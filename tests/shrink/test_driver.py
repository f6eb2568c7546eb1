import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

import tiny
from runs import names, same, stop_at
from tenth import shrink
from tenth.errors import DivergedError, FormatError, InputError, OutputError, TargetError, TaskError
from tenth.receipt import Receipt
from tenth.sparsity import load_into, prunable
from tenth.train import Settings, run

SHORT = Settings(steps=12, mask_every=2)
FINISHED = ["model.safetensors", "receipt.json", "run.json"]


@pytest.fixture(scope="module")
def trained():
    return run(tiny.task(), "dense", settings=Settings(steps=40)).model


def shrunk(model, density=0.5, *, task=None, **options):
    return shrink.to(
        model, task or tiny.task(), density, **{"max_drop": 0.2, "settings": SHORT, **options}
    )


def counted(splits):
    def score(model, split):
        value = tiny.score(model, split)
        splits.append(split)  # read to its end
        return value

    return score


def worse_when_sparse(model, split):
    """No score below a third of the weights."""
    left = sum(int(weight.count_nonzero()) for weight in prunable(model).values())
    return float(left >= 72)


def test_the_density_is_reached_within_the_drop_and_the_model_is_left_alone(trained, tmp_path):
    before, training = copy.deepcopy(trained.state_dict()), trained.training
    splits = []
    result = shrunk(trained, task=tiny.task(score=counted(splits)), out=tmp_path)
    assert result.drop <= 0.2
    assert 0.4 < result.density <= 0.5  # a weight that returned last may still be zero
    left = sum(int(weight.count_nonzero()) for weight in prunable(result.model).values())
    assert left == result.weights <= 108
    assert result.density == result.weights / 216
    assert result.val_before == tiny.score(trained, "val")
    assert result.val_after == tiny.score(result.model, "val")
    assert result.test_after == tiny.score(result.model, "test")
    assert result.test_before == tiny.score(trained, "test")
    assert splits[-2:] == ["test", "test"]
    assert splits.count("test") == 2  # once for each model
    assert trained.training is training
    assert all(torch.equal(before[name], value) for name, value in trained.state_dict().items())
    assert not result.model.training
    assert names(tmp_path) == FINISHED
    stored = tiny.build()
    load_into(stored, tmp_path / "model.safetensors")
    assert same(stored, result.model)


def test_the_same_seed_gives_the_same_weights(trained):
    one, other = shrunk(trained, seed=5), shrunk(trained, seed=5)
    assert same(one.model, other.model)
    assert not same(one.model, shrunk(trained, seed=6).model)


def test_without_a_density_the_smallest_is_found_and_test_read_once(trained):
    splits = []

    def score(model, split):
        tiny.score(model, split)
        splits.append(split)  # read to its end
        return worse_when_sparse(model, split)

    result = shrunk(trained, None, task=tiny.task(score=score), max_drop=0)
    assert 1 / 3 <= result.density <= 1 / 3 * 2**0.5
    assert result.weights >= 72
    assert splits.count("test") == 2
    assert set(splits[-2:]) == {"test"}
    attempts = [stage for stage in result.receipt.stages if stage.name.startswith("attempt")]
    assert [stage.name.split(": ")[1] for stage in attempts][:3] == [
        "density 0.5, 12 steps",
        "density 0.25, 12 steps",
        "density 0.25, 24 steps",
    ]
    assert len(attempts) == 5


@pytest.mark.parametrize("density", [0.1, None])
def test_what_cannot_be_reached_says_what_was(trained, density, tmp_path):
    splits = []

    def score(model, split):
        tiny.score(model, split)
        splits.append(split)  # read to its end
        left = sum(int(weight.count_nonzero()) for weight in prunable(model).values())
        return left / 216

    with pytest.raises(TargetError, match=r"a drop of 0\.01 on 'val'") as caught:
        shrunk(trained, density, task=tiny.task(score=score), max_drop=0.01, out=tmp_path)
    error = caught.value
    assert error.exit_code == 1
    best = 0.1 if density else round(math.sqrt(math.sqrt(0.5)), 4)  # of 0.5, 0.7071, 0.8409
    assert error.reached["density"] == best
    assert error.reached["drop"] == pytest.approx(1 - best, abs=0.05)
    assert f"density {best:g} with a drop of" in str(error)
    assert "test" not in splits
    attempts = [stage.name for stage in error.receipt.stages if stage.name.startswith("attempt")]
    assert len(attempts) == (2 if density else 4)
    assert Receipt.load(tmp_path / "receipt.json").total("flops_executed").value > 0
    assert "model.safetensors" not in names(tmp_path)


def test_what_missed_is_not_paid_for_again(trained, tmp_path):
    task = tiny.task(score=worse_when_sparse)

    def missed(**options):
        with pytest.raises(TargetError) as caught:
            shrunk(trained, 0.1, task=task, max_drop=0, out=tmp_path, **options)
        return caught.value

    first, steps = missed(), []
    again = missed(on_step=steps.append)
    assert steps == []
    assert str(again) == str(first)


@pytest.mark.parametrize("density", [0.5, None])
def test_a_stopped_call_goes_on_bit_for_bit(trained, density, tmp_path):
    task = tiny.task(score=worse_when_sparse)
    on_step = stop_at(5, 10, 7, 17)
    options = {"task": task, "max_drop": 0, "on_step": on_step}
    stops = 0
    while True:
        try:
            resumed = shrunk(trained, density, out=tmp_path, **options)
            break
        except KeyboardInterrupt:
            stops += 1
            assert "model.safetensors" not in names(tmp_path)
    assert stops >= 2
    whole = shrunk(trained, density, task=task, max_drop=0)
    assert same(resumed.model, whole.model)
    assert names(tmp_path) == FINISHED
    flops = [r.receipt.total("flops_useful").value for r in (resumed, whole)]
    assert flops[0] == pytest.approx(flops[1])


def test_a_finished_folder_is_read_back(trained, tmp_path):
    made, steps = shrunk(trained, out=tmp_path), []
    back = shrunk(trained, out=tmp_path, on_step=steps.append)
    assert steps == []
    assert same(made.model, back.model)
    assert not same(trained, back.model)
    for field in dataclasses.fields(back):
        if field.name not in ("model", "receipt"):
            assert getattr(back, field.name) == getattr(made, field.name), field.name


OTHERS = {
    "seed": {"seed": 1},
    "density": {"density": 0.4},
    "max_drop": {"max_drop": 0.3},
    "task": {"task": tiny.task(name="other")},
    "steps": {"settings": Settings(steps=13, mask_every=2)},
}


@pytest.mark.parametrize("key", OTHERS)
def test_a_folder_of_another_call_is_refused_by_what_differs(trained, key, tmp_path):
    shrunk(trained, out=tmp_path)
    with pytest.raises(FormatError, match=rf"run\.json must be of this run.* whose {key} is"):
        shrunk(trained, out=tmp_path, **OTHERS[key])


def test_a_folder_of_another_model_or_verb_is_refused(trained, tmp_path):
    shrunk(trained, out=tmp_path / "shrunk")
    other = copy.deepcopy(trained)
    nn.init.zeros_(other[4].bias)
    with pytest.raises(FormatError, match="whose model is"):
        shrunk(other, out=tmp_path / "shrunk")
    run(tiny.task(), settings=Settings(steps=2), out=tmp_path / "trained")
    with pytest.raises(FormatError, match="whose verb is 'train' instead of 'shrink'"):
        shrunk(trained, out=tmp_path / "trained")


def test_a_checkpoint_cut_short_is_named(trained, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        shrunk(trained, out=tmp_path, on_step=stop_at(3))
    path = tmp_path / "attempts" / "attempt-1" / "run.pt"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(FormatError, match=r"attempt-1/run\.pt must be .*Delete it"):
        shrunk(trained, out=tmp_path)


def test_a_full_disk(trained, tmp_path, full_disk):
    with full_disk(), pytest.raises(OutputError, match="No space left on device"):
        shrunk(trained, out=tmp_path)
    assert "run.json" not in names(tmp_path)
    assert same(shrunk(trained, out=tmp_path).model, shrunk(trained).model)
    assert names(tmp_path) == FINISHED


def test_an_output_folder_that_is_a_file(trained, tmp_path):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OutputError, match="must be a folder"):
        shrunk(trained, out=tmp_path / "file")


@pytest.mark.parametrize("density", [0, 1, 1.5, -0.1, math.nan, math.inf, "0.1"])
def test_a_density_out_of_range(trained, density, tmp_path):
    with pytest.raises(InputError, match="density must be") as caught:
        shrunk(trained, density, out=tmp_path / "out")
    assert caught.value.exit_code == 2
    assert names(tmp_path) == []


@pytest.mark.parametrize("drop", [-0.1, math.nan, math.inf, None, "0.1", True])
def test_a_drop_that_is_none(trained, drop):
    with pytest.raises(InputError, match="max_drop must be a number of at least 0"):
        shrunk(trained, max_drop=drop)


def test_a_model_with_nan_weights(trained):
    model = copy.deepcopy(trained)
    nn.init.constant_(model[4].weight, math.nan)
    with pytest.raises(InputError, match=r"weight '4\.weight' must be finite"):
        shrunk(model)


def test_what_is_no_model():
    with pytest.raises(InputError, match=r"model must be an nn\.Module\. Got dict"):
        shrunk({})


def test_an_empty_loader(trained):
    with pytest.raises(TaskError, match=r"task\.batches .*at least one batch"):
        shrunk(trained, task=tiny.task(batches=lambda seed: []))


def test_a_score_of_the_model_that_is_no_number(trained):
    def score(model, split):
        return math.nan if torch.equal(model[0].weight, trained[0].weight) else 0.5

    with pytest.raises(DivergedError, match=r"on 'val' must be a finite number\. Got nan"):
        shrunk(trained, task=tiny.task(score=score))


def test_when_every_attempt_diverges_the_error_still_speaks(trained):
    def score(model, split):
        return 0.5 if model[0].weight.count_nonzero() == 144 else math.nan

    with pytest.raises(TargetError, match="No attempt stayed within"):
        shrunk(trained, task=tiny.task(score=score))
