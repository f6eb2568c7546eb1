"""Which units one run finds, against what is known of the nets."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tenth.errors import UnsupportedError
from tenth.train.parent.follow import follow
from tenth.train.parent.labels import first_names

from .nets import IMAGES, POINTS, TOKENS, Attention, Encoder, ResNet, conv, drawn, gpt, logits, mlp


def seen(net, given, call=lambda net, x: net(x)):
    torch.manual_seed(0)
    return follow(drawn(net), lambda net: call(net, given))


def one(trace, *axes):
    """Whether the places of these axes hold the same units, in the same order."""
    return all(np.array_equal(trace.axes[axes[0]], trace.axes[axis]) for axis in axes[1:])


def test_a_layer_reads_what_the_one_before_made():
    trace = seen(mlp(6, 4, 5, 3), POINTS)
    assert one(trace, ("0.weight", 0), ("0.bias", 0), ("2.weight", 1))
    assert one(trace, ("2.weight", 0), ("2.bias", 0), ("4.weight", 1))
    assert trace.read == {("0.weight", 1), ("2.weight", 1), ("4.weight", 1)}
    assert trace.used[trace.axes["0.weight", 0]].all()
    assert not trace.used[trace.axes["4.weight", 0]].any()  # the answers


def test_norms_and_flattened_channels():
    trace = seen(conv(3, 5), IMAGES)
    channels = ("3.weight", 0)
    assert one(trace, channels, ("3.bias", 0), *((f"4.{n}", 0) for n in ("weight", "running_var")))
    flat = trace.axes["8.weight", 1].reshape(6, 4)
    assert (flat == trace.axes[channels][:, None]).all()


def test_a_residual_stream_is_one_set_of_units():
    trace = seen(ResNet(4, 2), IMAGES)
    stream = [("stem.weight", 0), ("wide.weight", 1)]
    assert one(trace, *stream)
    ends = (("one.weight", 1), ("two.weight", 0))
    blocks = [(f"blocks.{i}.{name}", axis) for i in (0, 1) for name, axis in ends]
    assert one(trace, ("wide.weight", 0), *blocks, ("blocks.1.norm_two.bias", 0), ("out.weight", 1))
    assert not one(trace, ("wide.weight", 0), ("blocks.0.one.weight", 0))
    assert trace.sums[0][0] == {"blocks.0.norm_two.weight", "blocks.0.norm_two.bias"}


def test_depthwise_channels_are_those_they_read():
    trace = seen(ResNet(4, 1, depthwise=True), IMAGES)
    assert one(trace, ("stem.weight", 0), ("wide.weight", 0), ("blocks.0.one.weight", 1))


def test_heads_are_bundles_of_queries_keys_and_values():
    trace = seen(Attention(3, 2), torch.randn(2, 4, 5).double())
    assert one(trace, ("query.weight", 0), ("key.weight", 0))
    assert one(trace, ("value.weight", 0), ("out.weight", 1))
    bundles = trace.bundles[trace.axes["query.weight", 0]].reshape(3, 2)
    assert (bundles == bundles[:, :1]).all()
    assert len(set(bundles[:, 0].tolist())) == 3
    assert (trace.bundles[trace.axes["value.weight", 0]].reshape(3, 2) == bundles).all()


@pytest.mark.parametrize("kind", ["gpt", "encoder"])
def test_a_fused_projection_holds_queries_keys_and_values(kind):
    if kind == "gpt":
        trace = seen(gpt(8, 2, 1), TOKENS, logits)
        path = "transformer.h.0.attn"
        fused, out = (f"{path}.c_attn.weight", 1), (f"{path}.c_proj.weight", 0)
    else:
        trace = seen(Encoder(8, 2, 1), torch.randn(2, 4, 5).double())
        path = "layers.0.self_attn"
        fused, out = (f"{path}.in_proj_weight", 0), (f"{path}.out_proj.weight", 1)
    query, key, value = np.split(trace.axes[fused], 3)
    assert np.array_equal(query, key)
    assert np.array_equal(value, trace.axes[out])
    assert len(set(trace.bundles[query].tolist())) == 2


def test_tied_weights_are_known_once_and_by_what_feeds_them():
    net = gpt(8, 2, 1)
    assert first_names(net)["lm_head.weight"] == "transformer.wte.weight"
    trace = seen(net, TOKENS, logits)
    assert trace.looked_up == {"transformer.wte.weight", "transformer.wpe.weight"}
    feeds = trace.feeds["transformer.wte.weight", 1]
    assert feeds == {"transformer.ln_f.weight", "transformer.ln_f.bias"}


class Groups(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.norm = nn.GroupNorm(3, 6)

    def forward(self, x):
        return self.norm(self.conv(x))


def test_the_channels_of_a_group_are_a_bundle():
    trace = seen(Groups(), IMAGES)
    bundles = trace.bundles[trace.axes["conv.weight", 0]].reshape(3, 2)
    assert (bundles == bundles[:, :1]).all()
    assert len(set(bundles[:, 0].tolist())) == 3


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.out = nn.Linear(6, 2), nn.Linear(6, 3), nn.Linear(5, 1)

    def forward(self, x):
        left, right = functional.relu(self.one(x), inplace=True), self.two(x)
        return self.out(torch.cat([left, right], dim=1))


def test_joined_branches_keep_their_units():
    trace = seen(Joined(), POINTS)
    both = [*trace.axes["one.weight", 0], *trace.axes["two.weight", 0]]
    assert trace.axes["out.weight", 1].tolist() == both


def test_importance_is_size_times_the_norm_of_what_reads():
    net = drawn(mlp(6, 4, 3))
    trace = follow(net, lambda net: net(POINTS))
    with torch.no_grad():
        sizes = torch.relu(net[0](POINTS)).abs().mean(0) * net[2].weight.norm(dim=0)
    np.testing.assert_allclose(trace.importance[trace.axes["0.weight", 0]], sizes.numpy())


def test_what_cannot_be_followed_is_refused():
    class Sorted(nn.Module):
        def forward(self, x):
            return torch.topk(x, 2).values

    net = nn.Sequential(nn.Linear(6, 4), Sorted(), nn.Linear(2, 1))
    with pytest.raises(UnsupportedError, match=r"input of '2\.weight' .*Got the operation topk"):
        seen(net, POINTS)
