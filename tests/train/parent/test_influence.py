import pytest
import torch
from torch import nn

from tenth.train.parent.influence import influence

from .nets import Encoder, drawn


def test_a_layer_that_changes_nothing_does_nothing():
    torch.manual_seed(0)
    net = drawn(Encoder(4, 2, 3)).train()
    with torch.no_grad():
        for last in (net.layers[1].self_attn.out_proj, net.layers[1].linear2):
            last.weight.zero_()
            last.bias.zero_()
    found = influence(net, lambda net: net(torch.randn(2, 4, 5).double()))
    assert found["layers.1"] == pytest.approx(0)
    assert found["layers.0"] > 0.001
    assert net.training


def test_the_opposite_is_the_most():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Identity()

        def forward(self, x):
            return -self.inner(x)

    net = nn.Sequential(Turned(), nn.Linear(3, 3))
    assert influence(net, lambda net: net(torch.randn(4, 3))) == {"0": pytest.approx(1)}
