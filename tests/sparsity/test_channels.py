"""Channels against what a net computes: removing them must change nothing but what they gave."""

import pytest
import torch
from torch import nn

from tenth.errors import InputError
from tenth.layouts import kept_count
from tenth.sparsity import channels, prunable
from tenth.sparsity.channels import Channels

EXAMPLE = (torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0)),)


class Residual(nn.Module):
    """A sum of two branches: an input of `last` dies only with both of its feeders."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.second, self.norm_2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.last = nn.Linear(4, 2)

    def forward(self, images):
        one = self.norm(self.first(images)).relu()
        two = self.norm_2(self.second(one)).relu()
        return self.last((one + two).mean((2, 3)))


def plain_net():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(54, 5), nn.ReLU(), nn.Linear(5, 2),
    )  # fmt: skip


def test_channels_are_found_where_they_stay_inside():
    assert channels.find(Residual(), EXAMPLE) == (
        Channels("first", "norm"), Channels("second", "norm_2"),
    )  # fmt: skip
    assert channels.find(plain_net(), EXAMPLE) == tuple(map(Channels, ("0", "3", "6")))
    for model in (nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())):
        with pytest.raises(InputError, match="channels can be removed"):
            channels.find(model, EXAMPLE)


def test_a_sum_keeps_what_one_of_its_branches_feeds():
    torch.manual_seed(0)
    net = Residual()
    found = channels.find(net, EXAMPLE)
    kept = {
        "first": torch.tensor([True, False, False, True]),
        "second": torch.tensor([True, True, False, False]),
    }
    masks = channels.masks(net, EXAMPLE, found, kept)
    assert masks["first.weight"].any(3).any(2).any(1).equal(kept["first"])
    assert masks["second.weight"].any(3).any(2).tolist() == [
        [True, False, False, True], [True, False, False, True], [False] * 4, [False] * 4,
    ]  # fmt: skip
    assert masks["last.weight"].tolist() == [[True, True, False, True]] * 2


def test_masked_inputs_met_nothing_but_removed_channels():
    torch.manual_seed(0)
    net = plain_net().double().eval()
    images = EXAMPLE[0].double()
    found = channels.find(net, (images,))
    kept = channels.best(channels.scores(net, found), 8)
    masks = channels.masks(net, (images,), found, kept)
    with torch.no_grad():
        for path, values in kept.items():  # the outputs alone, with what is added to them
            net.get_submodule(path).weight[~values] = 0
            net.get_submodule(path).bias[~values] = 0
        outputs_removed = net(images)
        for name, weight in prunable(net).items():
            weight.mul_(masks[name])
        assert torch.equal(net(images), outputs_removed)
    assert not masks["6.weight"].all()


@pytest.mark.parametrize("density", [0.2, 0.3, 0.7])
def test_as_many_channels_as_the_density_has_room_for(density):
    torch.manual_seed(1)
    net = plain_net()
    found = channels.find(net, EXAMPLE)
    scored = channels.scores(net, found)
    total = sum(weight.numel() for weight in prunable(net).values())

    def weights(count):
        kept = channels.best(scored, count)
        return sum(int(m.sum()) for m in channels.masks(net, EXAMPLE, found, kept).values())

    fits = [count for count in range(3, 16) if weights(count) <= kept_count(total, density)]
    assert channels.most(net, EXAMPLE, found, density) == max(fits)


def test_a_density_below_one_channel_a_layer_is_refused():
    net = plain_net()
    with pytest.raises(InputError, match=r"at least 0\.\d+ for whole channels"):
        channels.most(net, EXAMPLE, channels.find(net, EXAMPLE), 0.01)


def test_the_best_channels_by_hand():
    scored = {"a": torch.tensor([1.0, 5.0, 4.0]), "b": torch.tensor([0.1, 0.2])}
    kept = {name: values.tolist() for name, values in channels.best(scored, 3).items()}
    assert kept == {"a": [False, True, True], "b": [False, True]}


def test_scores_by_hand():
    net = Residual()
    with torch.no_grad():
        net.norm.weight.copy_(torch.tensor([1.0, -3.0, 0.5, 0.0]))
    found = channels.find(net, EXAMPLE)
    assert channels.scores(net, found)["first"].tolist() == [1, 3, 0.5, 0]
    line = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        line[0].weight.copy_(torch.tensor([[1.0, -1.0], [3.0, 3.0]]))
    assert channels.scores(line, (Channels("0"),))["0"].tolist() == [0.5, 1.5]
