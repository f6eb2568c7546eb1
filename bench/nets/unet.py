"""U-Net with padded convolutions, going up by a transposed convolution or by interpolation.

Source: Ronneberger, Fischer, Brox 2015, arXiv:1505.04597.
"""

from typing import Literal

import torch
from torch import Tensor, nn

Way = Literal["transposed", "bilinear", "nearest"]


def _double(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for first in (inputs, outputs):
        layers += [
            nn.Conv2d(first, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


def _up(inputs: int, way: Way) -> nn.Module:
    if way == "transposed":
        return nn.ConvTranspose2d(inputs, inputs // 2, 2, 2)
    corners = True if way == "bilinear" else None
    up = nn.Upsample(scale_factor=2, mode=way, align_corners=corners)
    return nn.Sequential(up, nn.Conv2d(inputs, inputs // 2, 1))


class UNet(nn.Module):
    """Height and width are multiples of 2 ** depth."""

    def __init__(self, depth: int = 4, *, width: int = 64, way: Way = "transposed") -> None:
        super().__init__()
        sizes = [width << i for i in range(depth + 1)]
        self.first = _double(3, width)
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(_double(a, 2 * a) for a in sizes[:-1])
        self.up = nn.ModuleList(_up(a, way) for a in reversed(sizes[1:]))
        self.join = nn.ModuleList(_double(a, a // 2) for a in reversed(sizes[1:]))
        self.last = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        kept = []
        for down in self.down:
            kept.append(x)
            x = down(self.pool(x))
        for up, join, skip in zip(self.up, self.join, reversed(kept), strict=True):
            x = join(torch.cat([skip, up(x)], 1))
        return self.last(x)
