"""EfficientNet-B0.

Source: Tan, Le 2019, arXiv:1905.11946.
"""

from collections.abc import Sequence

from torch import Tensor, nn

_B0 = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
       (6, 192, 4, 2, 5), (6, 320, 1, 1, 3))  # fmt: skip


def _conv(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(inplace=True),
    ]


class Squeeze(nn.Module):
    """Each channel times a number between 0 and 1 that the means of all channels decide."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.act = nn.SiLU(inplace=True)
        self.fc2 = nn.Conv2d(hidden, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.fc2(self.act(self.fc1(self.pool(x)))))


class Block(nn.Module):
    """Wide in the middle, depthwise, squeezed."""

    def __init__(
        self, inputs: int, outputs: int, *, expansion: int, stride: int, kernel: int
    ) -> None:
        super().__init__()
        wide = inputs * expansion
        self.body = nn.Sequential(
            *(_conv(inputs, wide) if expansion > 1 else []),
            *_conv(wide, wide, kernel, stride, wide),
            Squeeze(wide, max(1, inputs // 4)),
            *_conv(wide, outputs)[:2],
        )
        self.around = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.around else self.body(x)


def efficientnet(
    depth: Sequence[tuple[int, int, int, int, int]] = _B0,
    *,
    width: float = 1.0,
    last: int = 1280,
    classes: int = 1000,
) -> nn.Module:
    """Rows of `depth`: expansion, outputs, blocks, stride of the first one, kernel."""
    inputs = round(32 * width)
    layers = _conv(3, inputs, 3, 2)
    for expansion, outputs, blocks, stride, kernel in depth:
        outputs = max(1, round(outputs * width))
        for i in range(blocks):
            first = stride if i == 0 else 1
            layers.append(Block(inputs, outputs, expansion=expansion, stride=first, kernel=kernel))
            inputs = outputs
    return nn.Sequential(
        *layers,
        *_conv(inputs, last),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(last, classes),
    )
