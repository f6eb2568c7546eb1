import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import tiny
from runs import same, stop_at
from tenth.errors import InputError, TaskError
from tenth.fit import Folder, Plan, Settings, Teacher, fit
from tenth.fit.seeds import reseed
from tenth.receipt import Aim, Receipt


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def divergence(student, teacher, temperature):
    """The gap in float64 numpy, straight from the formula."""
    theirs, ours = log_softmax(teacher / temperature), log_softmax(student / temperature)
    return temperature**2 * (np.exp(theirs) * (theirs - ours)).sum(-1).mean()


def of(net, x):
    with torch.no_grad():
        return net(x).double().numpy()


def pair(out=3, kind=nn.Linear):
    torch.manual_seed(0)
    return kind(6, out), kind(6, out)


@pytest.mark.parametrize("shape", [(7, 6), (4, 5, 6)])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_classes_are_held_by_the_softened_divergence(shape, temperature):
    student, net = pair()
    x = torch.randn(shape)
    teacher = Teacher(net, weight=0.25, temperature=temperature)
    total = teacher.total(student, lambda: student(x).square().mean())
    own = np.square(of(student, x)).mean()
    gap = divergence(of(student, x), of(net, x), temperature)
    assert total.item() == pytest.approx(0.75 * own + 0.25 * gap, rel=1e-5)


@pytest.mark.parametrize(("shape", "out"), [((7, 6), 1), ((2, 3, 4, 6), 3)])
def test_values_are_held_by_squares(shape, out):
    student, net = pair(out)
    x = torch.randn(shape)
    total = Teacher(net, weight=1.0).total(student, lambda: student(x).mean())
    expected = np.square(of(student, x) - of(net, x)).mean()
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_the_kind_of_outputs_can_be_said():
    student, net = pair()
    x = torch.randn(2, 3, 4, 6)
    told = Teacher(net, 1.0, temperature=1.0, outputs="classes")
    total = told.total(student, lambda: student(x).mean())
    assert total.item() == pytest.approx(divergence(of(student, x), of(net, x), 1.0), rel=1e-5)
    x = torch.randn(5, 6)
    total = Teacher(net, 1.0, outputs="values").total(student, lambda: student(x).mean())
    assert total.item() == pytest.approx(np.square(of(student, x) - of(net, x)).mean(), rel=1e-5)


def test_several_calls_in_one_loss_count_alike():
    student, net = pair()
    x, y = torch.randn(4, 6), torch.randn(9, 6)
    total = Teacher(net, 1.0).total(student, lambda: student(x).mean() + student(y).mean())
    gaps = [divergence(of(student, part), of(net, part), 2.0) for part in (x, y)]
    assert total.item() == pytest.approx(np.mean(gaps), rel=1e-5)


def test_the_gradient_is_that_of_the_formula_and_the_teacher_has_none():
    student, net = pair()
    x = torch.randn(8, 6)
    Teacher(net, 1.0, temperature=2.0).total(student, lambda: student(x).mean()).backward()
    theirs = functional.softmax(net(x).detach() / 2, -1)
    ours = functional.softmax(student(x).detach() / 2, -1)
    torch.testing.assert_close(student.weight.grad, 2 * (ours - theirs).T @ x / 8)
    assert net.weight.grad is None


class Wordy(nn.Module):
    """Answers as `transformers` does, and is called with words."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.inner = nn.Linear(inputs, outputs)

    def forward(self, x=None, scale=1.0):
        return {"loss": x.sum(), "logits": scale * self.inner(x)}


def test_words_and_logits():
    student, net = pair(kind=Wordy)
    x = torch.randn(5, 6)
    total = Teacher(net, 1.0).total(student, lambda: student(x=x, scale=2.0)["loss"])
    expected = divergence(2 * of(student.inner, x), 2 * of(net.inner, x), 2.0)
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_a_part_can_be_compared_where_the_loss_does_not_call_the_model():
    student, net = pair(kind=Wordy)
    x = torch.randn(5, 6)
    with pytest.raises(TaskError, match="calls the model itself"):
        Teacher(net).total(student, lambda: student.inner(x).mean())
    total = Teacher(net, 1.0, at="inner").total(student, lambda: student.inner(x).mean())
    expected = divergence(of(student.inner, x), of(net.inner, x), 2.0)
    assert total.item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(InputError, match=r"at must be a part of the teacher: inner, …\. Got 'out'"):
        Teacher(net, at="out")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": 0}, r"in \(0, 1\]"),
        ({"weight": math.nan}, r"in \(0, 1\]"),
        ({"temperature": 0}, "a positive number"),
        ({"outputs": "logits"}, "one of auto, classes, values"),
        ({"source": 3}, "a receipt, a result"),
        ({"model": "net"}, "an nn.Module"),
    ],
)
def test_what_cannot_teach_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        Teacher(**{"model": nn.Linear(2, 2), **change})


def test_a_teacher_with_nan_is_refused():
    net = nn.Linear(2, 2)
    nn.init.constant_(net.weight, math.nan)
    with pytest.raises(InputError, match="'weight' must be finite"):
        Teacher(net)


def test_a_teacher_of_another_shape_is_refused_before_the_run():
    task = tiny.task()
    with pytest.raises(InputError, match=r"of the student's shape \(20, 3\)\. Got \(20, 4\)"):
        Teacher(nn.Linear(6, 4)).check(task, tiny.build())
    with pytest.raises(InputError, match="able to answer the student's inputs"):
        Teacher(nn.Linear(5, 3)).check(task, tiny.build())
    student = tiny.build()
    before = {name: value.clone() for name, value in student.state_dict().items()}
    Teacher(tiny.build()).check(task, student)
    assert all(torch.equal(student.state_dict()[name], value) for name, value in before.items())


def trained(teacher, folder=None, on_step=None, stages=None):
    reseed(0)
    pace = Settings(steps=12).for_task(tiny.task())
    plan = Plan("run", pace, seed=1, teacher=teacher)
    stages = [] if stages is None else stages
    return fit(tiny.build(), tiny.task(), plan, stages=stages, folder=folder, on_step=on_step)


def test_a_run_with_a_teacher_goes_on_bit_for_bit(tmp_path):
    reseed(9)
    teacher = Teacher(tiny.build())
    folder = Folder(tmp_path, {"teacher": teacher.identity()})
    on_step = stop_at(5)
    with pytest.raises(KeyboardInterrupt):
        trained(teacher, folder, on_step)
    whole = trained(teacher)
    assert same(trained(teacher, folder, on_step).model, whole.model)
    assert not same(whole.model, trained(None).model)
    assert not same(whole.model, trained(dataclasses.replace(teacher, temperature=4.0)).model)


def test_the_teachers_forward_passes_are_charged():
    teacher, without, with_it = Teacher(tiny.build()), [], []
    trained(None, stages=without)
    trained(teacher, stages=with_it)
    alone, taught = (
        stages[0].figures["flops_executed_forward"].value for stages in (without, with_it)
    )
    rows = 20 * 4 + 16  # an epoch has five batches; the run makes two epochs and two batches
    assert taught - alone == 2 * (2 * rows + 40) * (6 * 24 + 24 * 3)
    back = [stages[0].figures["flops_executed_backward"].value for stages in (without, with_it)]
    assert back[0] == back[1]


def test_the_source_of_a_teacher_is_a_receipt_wherever_it_is(tmp_path):
    receipt = Receipt("a net", Aim("tiny"))
    receipt.save(tmp_path / "receipt.json")
    net = nn.Linear(2, 2)
    for source in (receipt, tmp_path, tmp_path / "receipt.json", Teacher(net, source=receipt)):
        found = Teacher(net, source=source).receipt
        assert found is not None
        assert found.title == "a net"
    assert Teacher(net).receipt is None
