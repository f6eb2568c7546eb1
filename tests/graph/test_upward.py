"""Transposed convolutions, interpolation and norms of groups, captured from torch."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tenth.errors import UnsupportedError
from tenth.graph import Graph, count
from tenth.graph.capture import capture

from .test_capture import Call, agrees, h, n, ops_of, randomised, w


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_transposed_convolutions_of_any_kind(data):
    axes = data.draw(st.integers(1, 2))
    number = lambda low, high: tuple(  # noqa: E731
        data.draw(st.integers(low, high)) for _ in range(axes)
    )
    stride, dilation, kernel = number(1, 3), number(1, 2), number(1, 4)
    padding = tuple(
        data.draw(st.integers(0, d * (k - 1))) for d, k in zip(dilation, kernel, strict=True)
    )
    most = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]
    more = tuple(data.draw(st.integers(0, m)) for m in most)
    groups = data.draw(st.integers(1, 2))
    layer = (nn.ConvTranspose1d, nn.ConvTranspose2d)[axes - 1](
        2 * groups, 3 * groups, kernel, stride, padding, more, groups,
        bias=data.draw(st.booleans()), dilation=dilation,
    )  # fmt: skip
    shape = (2, 2 * groups, *(9 for _ in kernel))  # an output of size 1 would be taken for fixed
    graph = capture(layer, (torch.zeros(shape),))
    agrees(layer, graph, shape)
    agrees(layer, graph, (1, 2 * groups, *(10 for _ in kernel)))


def folded(*layers: nn.Module) -> Graph:
    model = randomised(nn.Sequential(*layers))
    graph = capture(model, (torch.zeros(1, 4, 6, 6),))
    agrees(model, graph, (2, 4, 6, 7))
    return graph


def test_what_follows_a_transposed_convolution_is_folded_into_it():
    layer = nn.ConvTranspose2d(4, 3, 4, 2, 1)
    graph = folded(layer, nn.BatchNorm2d(3), nn.ReLU())
    assert ops_of(graph) == ["conv", "relu", "depth_to_space", "slice", "slice"]
    graph = folded(nn.ConvTranspose2d(4, 6, 2, 2, groups=2), nn.BatchNorm2d(6))
    assert ops_of(graph) == ["conv", "depth_to_space"]


def test_norms_after_grouped_and_depthwise_convolutions_are_folded():
    graph = folded(nn.Conv2d(4, 8, 3, groups=4), nn.BatchNorm2d(8), nn.ReLU6())
    assert ops_of(graph) == ["conv", "clip"]


def test_a_norm_before_relu_and_convolution_stays():
    graph = folded(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))
    assert ops_of(graph) == ["channel_affine", "relu", "conv"]


def test_zeros_of_a_transposed_convolution_stay_zeros():
    layer = nn.ConvTranspose2d(2, 3, 2, 2)
    with torch.no_grad():
        layer.weight[:, 1] = 0
    conv = count(capture(layer, (torch.zeros(1, 2, 4, 4),)), {"n": 1, "h": 4, "w": 4}).nodes[0]
    assert conv.kept_weights == 2 * 2 * 4 + 3 * 4


RESIZED = {
    "nearest": {"scale_factor": 2},
    "nearest, uneven": {"scale_factor": (3, 1.5)},
    "bilinear": {"scale_factor": 2, "mode": "bilinear"},
    "bilinear, corners": {"scale_factor": (2, 3), "mode": "bilinear", "align_corners": True},
}


@pytest.mark.parametrize("name", RESIZED)
def test_interpolation_by_a_factor_leaves_sizes_free(name):
    model = Call(lambda self, x: F.interpolate(x, **RESIZED[name]))
    graph = capture(model, (torch.zeros(1, 2, 4, 6),))
    assert graph.inputs[0].shape == (n, 2, h, w)
    agrees(model, graph, (2, 2, 5, 8))


def test_interpolation_to_a_size():
    model = Call(lambda self, x: F.interpolate(x, size=(7, 9), mode="bilinear"))
    graph = capture(model, (torch.zeros(1, 2, 4, 6),))
    assert graph.inputs[0].shape == (n, 2, 4, 6)
    agrees(model, graph, (2, 2, 4, 6))
    model = Call(lambda self, x: x + F.interpolate(F.max_pool2d(x, 2), size=x.shape[2:]))
    graph = capture(model, (torch.zeros(1, 2, 4, 6),))
    assert graph.inputs[0].shape == (n, 2, h, w)
    agrees(model, graph, (2, 2, 8, 2))
    model = Call(lambda self, x: F.interpolate(x, scale_factor=2.0, mode="linear"))
    agrees(model, capture(model, (torch.zeros(1, 2, 6),)), (2, 2, 9))


NORMS = {
    "pixel shuffle": (nn.PixelShuffle(2), ["depth_to_space"]),
    "group": (nn.GroupNorm(2, 8), ["group_norm"]),
    "group without weights": (nn.GroupNorm(4, 8, affine=False), ["group_norm"]),
    "instance": (nn.InstanceNorm2d(8, affine=True), ["group_norm"]),
    "instance, with statistics": (
        nn.InstanceNorm2d(8, track_running_stats=True),
        ["channel_affine"],
    ),
    "slopes": (nn.PReLU(8), ["prelu"]),
}


@pytest.mark.parametrize("name", NORMS)
def test_layers_that_know_channels(name):
    model, expected = NORMS[name]
    graph = capture(model, (torch.rand(1, 8, 4, 4),))
    assert ops_of(graph) == expected
    agrees(model, graph, (3, 8, 4, 5))


def test_interpolation_that_a_graph_cannot_say():
    model = Call(lambda self, x: F.interpolate(x, scale_factor=2, mode="bicubic"))
    with pytest.raises(UnsupportedError, match=r"upsample_bicubic2d.*Use mode='bilinear'"):
        capture(model, (torch.zeros(1, 2, 4, 6),))
