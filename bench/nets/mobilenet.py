"""MobileNet, versions 1 and 2.

Source: Howard et al. 2017, arXiv:1704.04861; Sandler et al. 2018, arXiv:1801.04381.
"""

from collections.abc import Sequence

from torch import Tensor, nn

_V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2),
       (1024, 1))  # fmt: skip
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
       (6, 320, 1, 1))  # fmt: skip


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int, act: type[nn.Module]
) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        act(inplace=True),
    ]


def mobilenet_v1(
    depth: Sequence[tuple[int, int]] = _V1, *, width: float = 1.0, classes: int = 1000
) -> nn.Module:
    """Rows of `depth`: outputs and stride of a depthwise and a pointwise convolution."""
    inputs = round(32 * width)
    layers = _conv(3, inputs, 3, 2, 1, nn.ReLU)
    for outputs, stride in depth:
        outputs = round(outputs * width)
        layers += _conv(inputs, inputs, 3, stride, inputs, nn.ReLU)
        layers += _conv(inputs, outputs, 1, 1, 1, nn.ReLU)
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class Inverted(nn.Module):
    """Wide in the middle, where the convolution is depthwise; linear at the end."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        widened = _conv(inputs, wide, 1, 1, 1, nn.ReLU6) if expansion > 1 else []
        self.body = nn.Sequential(
            *widened,
            *_conv(wide, wide, 3, stride, wide, nn.ReLU6),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.around = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.around else self.body(x)


def mobilenet_v2(
    depth: Sequence[tuple[int, int, int, int]] = _V2,
    *,
    width: float = 1.0,
    last: int = 1280,
    classes: int = 1000,
) -> nn.Module:
    """Rows of `depth`: expansion, outputs, blocks and the stride of the first one."""
    inputs = round(32 * width)
    layers = _conv(3, inputs, 3, 2, 1, nn.ReLU6)
    for expansion, outputs, blocks, stride in depth:
        outputs = max(1, round(outputs * width))
        for i in range(blocks):
            layers.append(Inverted(inputs, outputs, stride if i == 0 else 1, expansion))
            inputs = outputs
    return nn.Sequential(
        *layers,
        *_conv(inputs, last, 1, 1, 1, nn.ReLU6),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(last, classes),
    )
