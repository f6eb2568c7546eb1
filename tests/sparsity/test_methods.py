import pytest
import torch
from torch import nn

from tenth.errors import InputError
from tenth.layouts import NM, Block
from tenth.sparsity import allocation, regrowth, schedules, scores
from tenth.sparsity.methods import GRADUAL, METHODS, Method
from tenth.sparsity.pruner import Pruner
from tenth.sparsity.schedules import Timetable


def four(density, method, steps, seed=0):
    """One layer of four weights, its loss reaching all of them; returns model, pruner, stepper."""
    net = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, -4.0, 2.0, 3.0]]))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    timetable = Timetable(steps=steps, every=1)
    pruner = Pruner(net, optimizer, density=density, method=method, timetable=timetable, seed=seed)

    def go(gradient=(1.0, 1.0, 1.0, 1.0)):
        net.weight.grad = torch.tensor([gradient])
        optimizer.step()
        return pruner.step()

    return net, pruner, go


def test_gradual_by_hand():
    # density 1 -> 0.25 in 4 of 8 steps: 0.25 + 0.75 * (27, 8, 1, 0) / 64
    net, pruner, go = four(0.25, GRADUAL, steps=8)
    assert [go().density for _ in range(5)] == [0.5, 0.25, 0.25, 0.25, 0.25]
    assert net.weight.tolist() == [[0, -4, 0, 0]]
    assert pruner.finish() is net


def test_one_shot_by_hand():
    net, _, go = four(0.5, METHODS["one_shot"], steps=4)
    assert [go().density for _ in range(3)] == [1, 0.5, 0.5]
    assert net.weight.tolist() == [[0, -4, 0, 3]]


def test_static_by_hand():
    _, pruner, go = four(0.5, METHODS["static"], steps=4, seed=1)
    drawn = torch.rand(1, 4, generator=torch.Generator().manual_seed(1))
    kept = torch.zeros(4).scatter(0, drawn[0].topk(2).indices, 1).bool()
    assert pruner.density() == 0.5
    assert torch.equal(pruner.masks["weight"][0], kept)
    assert not any(go().changed for _ in range(4))


def test_rigl_by_hand():
    net, pruner, go = four(0.5, METHODS["rigl"], steps=8)
    live = pruner.masks["weight"][0]
    smaller = min(live.nonzero(), key=lambda place: abs(float(net.weight.detach()[0, place])))
    larger = next(place for place in live.nonzero() if place != smaller)
    wanted = next(place for place in (~live).nonzero())
    gradient = [0.0] * 4
    gradient[int(wanted)] = -7.0
    update = go(gradient)
    assert (update.changed, update.density, update.growth_weights) == (True, 0.5, 4)
    assert pruner.masks["weight"][0].nonzero().flatten().tolist() == sorted([larger, wanted])
    assert float(net.weight.detach()[0, wanted]) == 0


def test_set_by_hand():
    net, pruner, go = four(0.5, METHODS["set"], steps=40)
    live = pruner.masks["weight"][0].clone()
    strong = max(live.nonzero(), key=lambda place: abs(float(net.weight.detach()[0, place])))
    seen = live.clone()
    for _ in range(29):
        update = go()
        assert update.density == 0.5
        assert update.growth_weights == 0
        seen |= pruner.masks["weight"][0]
    assert bool(pruner.masks["weight"][0, strong])
    assert bool(seen.all())


def test_granet_by_hand():
    # starts at half, ends at a quarter; the last moves leave the weight with the largest value
    net, pruner, go = four(0.25, METHODS["granet"], steps=8)
    assert pruner.density() == 0.5
    assert [go().density for _ in range(8)][-1] == 0.25
    assert int(net.weight.count_nonzero()) <= 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"start": 0}, "Method start"),
        ({"drop": 0}, "Method drop"),
        ({"layout": NM(2, 4)}, "not supported here"),
    ],
)
def test_an_impossible_row_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Method(scores.magnitude, allocation.erk, schedules.cubic, **wrong)


def test_a_row_of_ones_own():
    method = Method(
        scores.gradient_weight,
        allocation.global_,
        schedules.cubic,
        regrow=regrowth.random,
        layout=Block(1, 2),
        drop=0.5,
    )
    _, pruner, go = four(0.5, method, steps=6)
    for _ in range(6):
        assert go((1.0, 1.0, 9.0, 9.0)).density in (1, 0.5)
        blocks = pruner.masks["weight"].reshape(2, 2)
        assert bool((blocks[:, 0] == blocks[:, 1]).all())
    assert pruner.density() == 0.5
    assert "gradient_weight global_ cubic random" in method.describe()
