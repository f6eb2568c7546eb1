from dataclasses import replace

import pytest
import torch

import tiny
from runs import same, stop_at
from tenth.demo import life
from tenth.errors import FormatError, InputError, TaskError, UnsupportedError
from tenth.fit import Teacher
from tenth.receipt import Receipt
from tenth.sparsity import prunable
from tenth.train import Settings, run
from tenth.train.origins import teacher_of, told_of, trained

SHORT = Settings(steps=12, mask_every=2)


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    return run(tiny.task(), "dense", settings=SHORT, seed=5, out=tmp_path_factory.mktemp("dense"))


def taught(teacher, route="granet", **options):
    density = None if route == "dense" else 0.25
    return run(tiny.task(), route, density=density, settings=SHORT, teacher=teacher, **options)


@pytest.mark.parametrize("route", ["dense", "small", "static", "granet"])
def test_any_route_may_have_a_teacher(route, dense):
    result = taught(dense, route)
    assert not same(result.model, taught(None, route).model)
    stage, *_ = result.receipt.stages
    assert stage.name.startswith("made earlier: the teacher (train tiny by dense)") or (
        result.receipt.stages[1].name.startswith("made earlier: the teacher")
    )
    everything = result.receipt.total("flops_executed").value
    made = dense.receipt.total("flops_executed").value
    own = result.receipt.stages[-1].figures["flops_executed"].value
    assert everything == made + own
    assert any("in the sums, whole" in note for note in result.receipt.notes)


def test_a_module_has_an_unknown_cost(dense):
    receipt = taught(dense.model).receipt
    assert any("unknown, not zero" in note for note in receipt.notes)
    assert "made earlier: the teacher" in receipt.total("flops_executed").source
    assert receipt.total("wall_seconds").known


def test_a_result_a_module_and_a_folder_teach_alike(dense):
    runs = [taught(given).model for given in (dense, dense.model, dense.folder, str(dense.folder))]
    assert all(same(runs[0], other) for other in runs[1:])
    told = taught(Teacher(dense.model, weight=0.9, source=dense))
    assert not same(told.model, runs[0])


def test_a_stopped_run_goes_on_with_its_teacher_and_no_other(dense, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        taught(dense, out=tmp_path, on_step=stop_at(5))
    with pytest.raises(FormatError, match="whose teacher is"):
        taught(None, out=tmp_path)
    with pytest.raises(FormatError, match="whose teacher is"):
        taught(Teacher(dense.model, temperature=3.0), out=tmp_path)
    resumed, whole = taught(dense, out=tmp_path), taught(dense)
    assert same(resumed.model, whole.model)
    saved = Receipt.load(tmp_path / "receipt.json")
    assert [stage.name for stage in saved.stages] == [
        stage.name for stage in resumed.receipt.stages
    ]
    again = taught(dense, out=tmp_path)
    assert same(again.model, whole.model)
    assert len(again.receipt.stages) == len(saved.stages)


def test_a_folder_of_the_route_small_is_read(tmp_path):
    made = run(tiny.task(), "small", density=0.25, settings=SHORT, out=tmp_path)
    model, receipt = trained(tmp_path, tiny.task(), "parent")
    assert same(model, made.model)
    assert receipt.title == "train tiny by small"
    assert sum(weight.numel() for weight in prunable(model).values()) == made.weights


def test_what_holds_no_trained_net_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"teacher .* must be the folder of a run that ended"):
        teacher_of(tmp_path, tiny.task())
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(FormatError, match="the folder of a run that ended"):
        teacher_of(tmp_path, tiny.task())
    with pytest.raises(InputError, match=r"teacher must be an nn\.Module, a result"):
        teacher_of(3, tiny.task())
    with pytest.raises(InputError, match="of the student's shape"):
        taught(torch.nn.Linear(6, 2))


class Other(torch.nn.Module):
    """Answers, and is built like no net of the task."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, points):
        return points * self.scale


@pytest.mark.parametrize("role", ["teacher", "parent"])
def test_an_error_about_a_net_says_where_it_is(role, dense, tmp_path):
    def broken(**given):
        with pytest.raises((InputError, UnsupportedError)) as caught:
            run(tiny.task(**given.pop("changes", {})), settings=SHORT, **given)
        return str(caught.value)

    lost = tmp_path / "lost"
    said = broken(**{role: lost})
    assert f"{role} {lost} must be" in said
    assert said.count(str(lost)) == 1
    assert f"The {role} is a Other of the caller's." in broken(**{role: Other()})
    changes = {"model": lambda: torch.nn.Sequential(torch.nn.Linear(6, 3)), "small": None}
    assert str(dense.folder) in broken(changes=changes, **{role: dense.folder})
    nan = torch.nn.Linear(6, 3)
    torch.nn.init.constant_(nan.weight, float("nan"))
    assert "finite. Got NaN or infinity." in (said := broken(**{role: nan}))
    assert said.endswith(f"The {role} is a Linear of the caller's.")


def test_what_is_told_of_a_net(dense):
    assert told_of(None) == ""
    assert told_of(dense) == told_of(dense.folder) == told_of(str(dense.folder))
    assert told_of(Teacher(dense.model, source=dense.folder)) == str(dense.folder)
    assert told_of(Teacher(dense.model)) == "a Sequential of the caller's"
    assert told_of(replace(dense, folder=None)) == "train tiny by dense"


def test_a_result_says_what_it_was_made_of(dense, tmp_path):
    for _ in range(2):  # made, and read back
        result = taught(dense.folder, seed=3, parent=dense, out=tmp_path)
        assert (result.seed, result.teacher, result.parent) == (3, *[str(dense.folder)] * 2)
    page = (tmp_path / "report.html").read_text()
    for name, value in (("seed", 3), ("teacher", dense.folder), ("parent", dense.folder)):
        assert f"<dt>{name}</dt> <dd>{value}</dd>" in page
    assert (dense.teacher, dense.parent) == ("", "")
    page = (dense.folder / "report.html").read_text()
    assert "<dt>teacher</dt> <dd>none</dd>" in page


def test_the_students_first_weights_do_not_depend_on_how_the_teacher_is_given(dense):
    seen = []

    def loss(model, batch):
        seen.append(model[0].weight.detach().clone())
        return tiny.loss(model, batch)

    for given in (None, dense.folder):
        seen.clear()
        run(tiny.task(loss=loss), "dense", settings=Settings(steps=1), teacher=given)
        first = seen[-1]
        if given is None:
            alone = first
    assert torch.equal(alone, first)


def begun(parent, route="dense", steps=1, **options):
    """A run from a parent, with a rate of almost nothing: what comes out is what went in."""
    settings = Settings(steps=steps, lr_scale=1e-12)
    density = None if route == "dense" else 0.25
    return run(tiny.task(), route, density=density, settings=settings, parent=parent, **options)


@pytest.fixture(scope="module")
def young(tmp_path_factory):
    """A trained net half as wide as the task's."""
    task = tiny.task(model=tiny.narrow)
    return run(task, "dense", settings=SHORT, out=tmp_path_factory.mktemp("young"))


def test_a_run_begins_with_what_its_parent_knows(young, dense):
    points = torch.randn(9, 6)
    wider = begun(young).model
    for net in (wider, young.model):  # the one step moved the statistics of the batch norm
        net[1].running_mean.zero_()
        net[1].running_var.fill_(1.0)
    torch.testing.assert_close(wider(points), young.model(points), rtol=1e-4, atol=1e-4)
    assert same_weights(begun(dense.folder).model, dense.model)
    assert same_weights(begun(dense).model, begun(dense.model).model)


def same_weights(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)


@pytest.mark.parametrize("route", ["static", "set", "rigl", "granet", "gradual"])
def test_first_masks_keep_the_largest_of_inherited_weights(route, dense):
    result = begun(dense, route)
    kept = {name: w != 0 for name, w in prunable(result.model).items()}
    for name, weight in prunable(dense.model).items():
        assert weight[kept[name]].abs().min() >= weight[~kept[name]].abs().max()
        torch.testing.assert_close(prunable(result.model)[name], weight * kept[name])


def test_the_cost_of_a_parent_is_on_the_receipt(young):
    receipt = begun(young).receipt
    names = [stage.name for stage in receipt.stages]
    assert names[:2] == ["check the task", "made earlier: the parent (train tiny by dense)"]
    assert names[2] == "inherit"
    own = receipt.stages[-1].figures["flops_executed"].value
    made = young.receipt.total("flops_executed").value
    assert receipt.total("flops_executed").value == made + own
    assert any("Inherited from a net of 147 parameters" in note for note in receipt.notes)
    unknown = begun(young.model).receipt
    assert any("parent cost to make is unknown, not zero" in note for note in unknown.notes)


def test_a_stopped_run_goes_on_with_its_parent_and_no_other(young, dense, tmp_path):
    options = {"settings": SHORT, "density": 0.25, "parent": young}
    with pytest.raises(KeyboardInterrupt):
        run(tiny.task(), "granet", out=tmp_path, on_step=stop_at(5), **options)
    with pytest.raises(FormatError, match="whose parent is"):
        run(tiny.task(), "granet", out=tmp_path, **{**options, "parent": dense})
    with pytest.raises(FormatError, match="whose parent is"):
        run(tiny.task(), "granet", out=tmp_path, **{**options, "parent": None})
    resumed = run(tiny.task(), "granet", out=tmp_path, **options)
    whole = run(tiny.task(), "granet", **options)
    assert same(resumed.model, whole.model)
    assert same(run(tiny.task(), "granet", out=tmp_path, **options).model, whole.model)


def test_a_parent_and_a_teacher_together(young, dense):
    result = run(tiny.task(), "granet", density=0.25, settings=SHORT, parent=young, teacher=dense)
    names = [stage.name for stage in result.receipt.stages]
    assert sum(name.startswith("made earlier") for name in names) == 2


def test_life_is_taught_by_its_layers_and_inherited_from_the_smallest_net():
    """Its loss calls the logits, not the model."""
    torch.manual_seed(1)
    small = life.LifeNet(m=1)
    settings = Settings(steps=2, lr_scale=1e-12)
    task = replace(life.task(m=4), small=None)
    result = run(task, parent=small, teacher=Teacher(small, at="layers"), settings=settings)
    boards = life.boards(torch.Generator().manual_seed(0), 2)
    torch.testing.assert_close(result.model(boards), small(boards))
    with pytest.raises(TaskError, match=r"Teacher\(model, at='layers'\)"):
        run(task, teacher=small, settings=settings)


@pytest.mark.slow
def test_a_language_model_grows_and_is_taught():
    from transformers import GPT2Config, GPT2LMHeadModel

    def gpt(width, heads, layers):
        sizes = {"n_embd": width, "n_head": heads, "n_layer": layers, "n_positions": 6}
        special = {"vocab_size": 7, "bos_token_id": 0, "eos_token_id": 0}
        return GPT2LMHeadModel(GPT2Config(**sizes, **special, loss_type="ForCausalLM"))

    class Logits(torch.nn.Module):
        def __init__(self, *sizes):
            super().__init__()
            self.net = gpt(*sizes)

        def forward(self, tokens):
            return self.net(input_ids=tokens, use_cache=False)

    def batches(seed):
        generator = torch.Generator().manual_seed(seed)
        for _ in range(4):
            yield torch.randint(0, 7, (3, 6), generator=generator)

    def loss(model, tokens):
        logits = model(tokens).logits[:, :-1].flatten(0, 1)
        return torch.nn.functional.cross_entropy(logits, tokens[:, 1:].flatten())

    task = tiny.task(
        model=lambda: Logits(16, 4, 3),
        batches=batches,
        loss=loss,
        score=lambda model, split: -loss(model, next(iter(batches(9)))).item(),
        example=(torch.zeros(1, 6, dtype=torch.int64),),
        small=None,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=1e-14),
    )
    torch.manual_seed(0)
    small = Logits(8, 2, 2)
    result = run(task, parent=small, teacher=small, settings=Settings(steps=2))
    tokens = next(iter(batches(3)))
    answers = result.model(tokens).logits, small.eval()(tokens).logits
    torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)
