import math

import pytest
import torch
from torch import nn

import tiny
from runs import same
from tenth.errors import InputError, UnsupportedError
from tenth.train.parent import inherit

from .nets import (
    IMAGES,
    POINTS,
    TOKENS,
    Attention,
    Encoder,
    ResNet,
    bert,
    conv,
    drawn,
    gpt,
    hidden,
    llama,
    logits,
    mlp,
    patches,
    task_of,
    vit,
)


def call(net, x):
    return net(x)


def inherited(parent, net, given, run=call, **options):
    """What both nets answer after one inherited from the other."""
    torch.manual_seed(0)
    parent, net = drawn(parent), drawn(net)
    before = {name: value.clone() for name, value in parent.state_dict().items()}
    inherit(parent, net, task_of(given, run), **options)
    assert all(torch.equal(value, before[name]) for name, value in parent.state_dict().items())
    assert not net.training
    with torch.no_grad():
        return run(parent, given), run(net, given)


SEQUENCES = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(1)).double()

EXACT = {
    "mlp, wider": (mlp(6, 8, 8, 3), mlp(6, 13, 29, 3), POINTS),
    "mlp from one unit": (mlp(6, 1, 3), mlp(6, 9, 3), POINTS),
    "mlp, deeper": (mlp(6, 8, 3), mlp(6, 8, 8, 8, 3), POINTS),
    "mlp, both": (mlp(6, 8, 3), mlp(6, 20, 20, 20, 3), POINTS),
    "conv, wider": (conv(4, 6), conv(7, 9), IMAGES),
    "conv, both": (conv(4, 6), conv(7, 9, deeper=True), IMAGES),
    "resnet, deeper": (ResNet(4, 2), ResNet(4, 5), IMAGES),
    "resnet, both": (ResNet(4, 2), ResNet(10, 4), IMAGES),
    "depthwise, wider": (ResNet(4, 1, depthwise=True), ResNet(7, 1, depthwise=True), IMAGES),
    "encoder, both": (Encoder(8, 2, 1), Encoder(16, 4, 3), SEQUENCES),
    "attention, more heads": (Attention(2, 3), Attention(5, 3), SEQUENCES),
    "gpt, deeper": (gpt(8, 2, 2), gpt(8, 2, 4), TOKENS, logits),
    "gpt, wider": (gpt(8, 2, 1), gpt(24, 6, 1), TOKENS, logits),
    "gpt, both": (gpt(8, 2, 2), gpt(16, 4, 5), TOKENS, logits),
    "vit, deeper": (vit(8, 2, 2), vit(8, 2, 4), IMAGES, patches),
    "vit, wider": (vit(8, 2, 2), vit(16, 4, 2), IMAGES, patches),
    "llama, both": (llama(8, 2, 1, 2), llama(16, 4, 2, 3), TOKENS, logits),
}


@pytest.mark.parametrize("case", EXACT)
def test_a_larger_net_computes_what_its_parent_does(case):
    ours, theirs = inherited(*EXACT[case])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
    assert ours.abs().max() > 0.1


def test_a_wider_bert_computes_its_parents_units_again_and_again():
    ours, theirs = inherited(bert(8, 2, 2, 10), bert(16, 4, 2, 23), TOKENS, hidden)
    torch.testing.assert_close(torch.cat([ours, ours], -1), theirs, rtol=0, atol=1e-9)


def test_what_is_approximate_is_near():
    """Norms over units that do not grow by a whole factor, and norms after the sum."""
    ours, theirs = inherited(gpt(8, 2, 2), gpt(12, 3, 2), TOKENS, logits)
    assert 1e-6 < (ours - theirs).norm() / ours.norm() < 0.5
    ours, theirs = inherited(bert(8, 2, 2, 10), bert(8, 2, 3, 10), TOKENS, hidden)
    assert (ours - theirs).abs().max() > 1e-6


def test_copies_do_not_stay_copies():
    torch.manual_seed(0)
    parent, net = mlp(6, 8, 3), mlp(6, 16, 3)
    inherit(parent, net, task_of(torch.randn(5, 6)))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    assert torch.equal(net[0].weight[:8], net[0].weight[8:])
    net(torch.randn(5, 6)).square().sum().backward()
    optimizer.step()
    assert not torch.allclose(net[0].weight[:8], net[0].weight[8:])


def test_stacking_copies_layers_as_they_are():
    ours, theirs = inherited(gpt(8, 2, 2), gpt(8, 2, 4), TOKENS, logits, deepen="copy")
    assert (ours - theirs).abs().max() > 1e-3


@torch.no_grad()
def test_a_cut_net_keeps_the_units_that_matter():
    """Units that nothing reads are left out without a trace."""
    parent, net = drawn(mlp(6, 12, 9, 3)), drawn(mlp(6, 7, 4, 3))
    parent[2].weight[:, [0, 3, 4, 8, 11]] = 0
    parent[4].weight[:, [1, 2, 5, 6, 8]] = 0
    inherit(parent, net, task_of(POINTS))
    torch.testing.assert_close(net(POINTS), parent(POINTS))


@torch.no_grad()
def test_a_cut_net_keeps_the_channels_that_matter():
    parent, net = drawn(conv(6, 9)), drawn(conv(4, 9))
    parent[3].weight[:, [0, 5]] = 0
    parent[8].weight.view(9, 12, 4)[:, [1, 2, 4, 7]] = 0
    inherit(parent, net, task_of(IMAGES))
    torch.testing.assert_close(net(IMAGES), parent(IMAGES))


@torch.no_grad()
@pytest.mark.parametrize(("heads", "size"), [(2, 4), (4, 2)])
def test_a_cut_net_keeps_the_heads_that_matter(heads, size):
    """Whole heads where they stay as large; else the values within each head."""
    parent, net = drawn(Attention(4, 4)), drawn(Attention(heads, size))
    read = parent.out.weight.view(3, 4, 4)
    idle = (slice(None), [0, 2]) if heads == 2 else (slice(None), slice(None), [1, 3])
    read[idle] = 0
    if heads == 4:  # within a head, queries and keys are chosen apart from the values
        parent.query.weight.zero_()
        parent.query.bias.zero_()
    inherit(parent, net, task_of(SEQUENCES))
    torch.testing.assert_close(net(SEQUENCES), parent(SEQUENCES))


@torch.no_grad()
def test_a_cut_gpt_keeps_the_layers_that_matter():
    torch.manual_seed(0)
    parent, net = drawn(gpt(8, 2, 4)), drawn(gpt(8, 2, 2))
    for place in (0, 2):
        layer = parent.transformer.h[place]
        for last in (layer.attn.c_proj, layer.mlp.c_proj):
            last.weight.zero_()
            last.bias.zero_()
    found = inherit(parent, net, task_of(TOKENS, logits))
    assert "Layers of the parent left out: transformer.h.0, transformer.h.2." in found.notes
    torch.testing.assert_close(logits(net, TOKENS), logits(parent, TOKENS))


def test_a_shallower_chain_is_cut_between_layers():
    parent, net = drawn(mlp(6, 16, 16, 16, 3)), drawn(mlp(6, 4, 4, 3))
    found = inherit(parent, net, task_of(POINTS))
    assert len(found.names) == 6
    assert not found.fresh
    kept = {tuple(row) for row in parent[0].weight.tolist()}
    assert {tuple(row) for row in net[0].weight.tolist()} <= kept


def test_classes_of_another_number_keep_their_fresh_weights():
    parent, net = drawn(mlp(6, 8, 3)), drawn(mlp(6, 11, 5))
    before = net[2].weight.detach().clone()
    found = inherit(parent, net, task_of(POINTS))
    assert found.fresh == ("2.weight", "2.bias")
    assert torch.equal(net[2].weight, before)
    assert "of the task's own sizes: 2.weight, 2.bias" in found.notes[-1]
    torch.testing.assert_close(net[0].weight[8:], net[0].weight[:3])


def test_a_net_of_the_same_sizes_is_copied_whatever_it_holds():
    parent, net = nn.LSTM(3, 4), nn.LSTM(3, 4)
    inherit(parent, net, task_of(torch.zeros(2, 1, 3), lambda net, x: net(x)[0]))
    assert same(parent, net)


def test_what_does_not_fit_is_refused():
    given = torch.randn(4, 6).double()
    with pytest.raises(InputError, match="deepen must be one of identity, copy"):
        inherit(mlp(6, 4, 3), mlp(6, 5, 3), task_of(given), deepen="stack")
    broken = mlp(6, 4, 3)
    nn.init.constant_(broken[0].weight, math.nan)
    with pytest.raises(InputError, match=r"parent's weight '0\.weight' must be finite"):
        inherit(broken, mlp(6, 5, 3), tiny.task())

    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(6, 3)

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(InputError, match="one where nothing fits"):
        inherit(Other(), mlp(6, 4, 3), task_of(given.float()))
    recurrent = [nn.Sequential(nn.LSTM(6, n), Last(), nn.Linear(n, 3)) for n in (4, 8)]
    with pytest.raises(UnsupportedError, match=r"the input of '2\.weight'.* Got the operation "):
        inherit(*recurrent, task_of(torch.randn(4, 2, 6)))
    with pytest.raises(InputError, match="a net that the task's loss can be had of"):
        inherit(mlp(5, 4, 3), mlp(6, 5, 3), task_of(given.float()))
    with pytest.raises(UnsupportedError, match="heads or groups of channels must be as many"):
        inherit(Attention(2, 3), Attention(3, 4), task_of(SEQUENCES.float()))


class Last(nn.Module):
    def forward(self, states):
        return states[0]


def test_the_callers_generator_and_modes_are_left_alone():
    parent, net = mlp(6, 4, 3), mlp(6, 8, 3).train()
    parent[0].eval()
    torch.manual_seed(3)
    state = torch.get_rng_state()
    inherit(parent, net, task_of(torch.randn(4, 6, generator=torch.Generator().manual_seed(0))))
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training
    assert (parent.training, parent[0].training) == (True, False)
