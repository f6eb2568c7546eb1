"""DenseNet-121: each layer reads all before it in its block, after a norm and a ReLU.

Source: Huang et al. 2016, arXiv:1608.06993.
"""

import torch
from torch import Tensor, nn


def _norm_conv(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    return [
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
    ]


class Layer(nn.Module):
    """Its input, and `growth` channels more."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_norm_conv(inputs, 4 * growth, 1), *_norm_conv(4 * growth, growth, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.body(x)], 1)


def densenet(
    depth: tuple[int, ...] = (6, 12, 24, 16), *, width: int = 32, classes: int = 1000
) -> nn.Module:
    """`width` is the growth of a layer."""
    channels = 2 * width
    layers: list[nn.Module] = [
        nn.Conv2d(3, channels, 7, 2, 3, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    for stage, count in enumerate(depth):
        if stage:
            layers += [*_norm_conv(channels, channels // 2, 1), nn.AvgPool2d(2, 2)]
            channels //= 2
        for _ in range(count):
            layers.append(Layer(channels, width))
            channels += width
    return nn.Sequential(
        *layers,
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, classes),
    )
