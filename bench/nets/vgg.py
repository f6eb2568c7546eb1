"""VGG, layouts D (16 layers) and A (11), without norms.

Source: Simonyan, Zisserman 2014, arXiv:1409.1556.
"""

from torch import nn


def vgg(
    depth: tuple[int, ...] = (2, 2, 3, 3, 3),
    *,
    width: int = 64,
    hidden: int = 4096,
    classes: int = 1000,
) -> nn.Module:
    """VGG-16 for pictures of any size; each number of `depth` is a row of convolutions."""
    layers: list[nn.Module] = []
    inputs = 3
    for stage, convolutions in enumerate(depth):
        outputs = width * min(8, 1 << stage)
        for _ in range(convolutions):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool2d(7),
        nn.Flatten(),
        nn.Linear(inputs * 49, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(hidden, classes),
    )
