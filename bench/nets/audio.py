"""Networks for sound: convolutions over time.

Source: Dai et al. 2016, arXiv:1610.00087 (M5).
"""

from torch import nn


def m5(width: int = 128, *, inputs: int = 1, classes: int = 35, norm: str = "batch") -> nn.Module:
    """M5: four convolutions, each with a norm and a pool, on a raw wave."""

    def normed(channels: int) -> nn.Module:
        if norm == "batch":
            return nn.BatchNorm1d(channels)
        return nn.GroupNorm(1 if norm == "layer" else min(4, channels), channels)

    rows = ((inputs, width, 80, 4), (width, width, 3, 1), (width, 2 * width, 3, 1),
            (2 * width, 4 * width, 3, 1))  # fmt: skip
    layers: list[nn.Module] = []
    for first, outputs, kernel, stride in rows:
        layers += [
            nn.Conv1d(first, outputs, kernel, stride),
            normed(outputs),
            nn.ReLU(inplace=True),
            nn.MaxPool1d(4),
        ]
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(4 * width, classes),
        nn.LogSoftmax(1),
    )


def strided(width: int = 32, *, depth: int = 4, classes: int = 10) -> nn.Module:
    """Convolutions of stride 2 with group norms, as at the front of speech encoders."""
    layers: list[nn.Module] = [nn.Conv1d(1, width, 10, 5, bias=False)]
    layers += [nn.GroupNorm(width, width), nn.GELU()]
    for _ in range(depth):
        layers += [nn.Conv1d(width, width, 3, 2, bias=False), nn.GroupNorm(2, width), nn.GELU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(width, classes))
