"""ResNet, the layout of torchvision (stride in the 3 by 3 convolution).

Source: He et al. 2015, arXiv:1512.03385.
"""

from torch import Tensor, nn


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Block(nn.Module):
    """Two or three convolutions and a way around them."""

    def __init__(self, inputs: int, width: int, stride: int, *, bottleneck: bool) -> None:
        super().__init__()
        outputs = width * (4 if bottleneck else 1)
        relu = nn.ReLU(inplace=True)
        self.body = (
            nn.Sequential(
                _conv(inputs, width, 1),
                relu,
                _conv(width, width, 3, stride),
                relu,
                _conv(width, outputs, 1),
            )
            if bottleneck
            else nn.Sequential(_conv(inputs, width, 3, stride), relu, _conv(width, width, 3))
        )
        self.around = (
            nn.Identity()
            if stride == 1 and inputs == outputs
            else _conv(inputs, outputs, 1, stride)
        )
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.body(x) + self.around(x))


def resnet(
    depth: tuple[int, ...] = (2, 2, 2, 2),
    *,
    bottleneck: bool = False,
    width: int = 64,
    classes: int = 1000,
) -> nn.Module:
    """ResNet-18 is (2, 2, 2, 2); ResNet-50 is (3, 4, 6, 3) with bottlenecks."""
    layers: list[nn.Module] = [
        *_conv(3, width, 7, 2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    inputs = width
    for stage, blocks in enumerate(depth):
        for i in range(blocks):
            stride = 2 if stage and not i else 1
            layers.append(Block(inputs, width << stage, stride, bottleneck=bottleneck))
            inputs = (width << stage) * (4 if bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def small_resnet18(classes: int = 10) -> nn.Module:
    """ResNet-18 for images of 32 by 32: a stem of 3 by 3 at stride 1, and no pool behind it."""
    stem = [*_conv(3, 64, 3), nn.ReLU(inplace=True)]
    return nn.Sequential(*stem, *list(resnet(classes=classes))[4:])
