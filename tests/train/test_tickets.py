import torch
from torch import nn

import tiny
from tenth.sparsity import prunable
from tenth.sparsity.channels import Channels
from tenth.train import Settings, run
from tenth.train.tickets import Settling


def test_it_is_enough_when_five_distances_in_a_row_are_small():
    net = nn.Sequential(nn.Linear(2, 10), nn.BatchNorm1d(10), nn.Linear(10, 1))
    watch = Settling((Channels("0", "1"),), 5, every=1)

    def look(*best):
        with torch.no_grad():
            net[1].weight.zero_()
            net[1].weight[list(best)] = 1.0
        return watch.enough(net)

    assert not any(look(0, 1, 2, 3, 4) for _ in range(4))
    assert not look(0, 1, 2, 3, 5)  # 2 of 10 changed: not below 0.1
    assert [look(0, 1, 2, 3, 5) for _ in range(3)] == [False] * 3
    again = Settling((Channels("0", "1"),), 5, every=1)
    again.load_state_dict(watch.state_dict())
    assert not look(0, 1, 2, 3, 5)
    assert look(0, 1, 2, 3, 5)
    assert [again.enough(net), again.enough(net)] == [False, True]


def test_a_ticket_is_whole_channels_and_the_rate_goes_on():
    settings = Settings(steps=40, mask_every=2, sparse="never")
    result = run(tiny.task(), "early-bird", density=0.25, settings=settings)
    _, found, find, drawn, train = result.receipt.stages
    assert [stage.name for stage in (found, find, drawn, train)] == [
        "find the channels",
        "train early-bird: find the ticket",
        "draw the ticket",
        "train early-bird: train the ticket",
    ]
    forward = 2 * (6 * 24 + 24 * 3)  # FLOPs of the example, one of 6 numbers
    for stage in (found, drawn):  # passes of the example, all of them whole
        paid = stage.figures["flops_executed"].value
        assert paid > 0
        assert paid % forward == 0
        assert paid == stage.figures["flops_useful"].value
    assert 12 <= find.notes["steps"] <= 20
    assert train.notes["steps"] == result.steps == 40
    first, last = (weight.detach() != 0 for weight in prunable(result.model).values())
    assert first.any(1).equal(first.all(1))
    assert last.all(0).equal(first.all(1))
    assert int(first.any(1).sum()) == 6
    densities = {step.step: step.density for step in result.history}
    assert densities[find.notes["steps"]] == 1
    assert densities[40] == 0.25


def test_without_norms_channels_go_by_size():
    def build():
        return nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 3))

    result = run(
        tiny.task(model=build),
        "early-bird",
        density=0.25,
        settings=Settings(steps=20, mask_every=1, sparse="never"),
    )
    first, last = (weight.detach() != 0 for weight in prunable(result.model).values())
    assert int(first.any(1).sum()) == 6
    assert last.all(0).equal(first.all(1))
