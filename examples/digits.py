"""Handwritten digits: 1,797 real images of 8×8 pixels, as scikit-learn ships them.

    tenth train examples/digits.py --route dense --out digits
    tenth shrink examples/digits.py --model digits/model.safetensors --density 0.1

Within each digit the images take turns: of every five, one is for "test", one for "val" and three
to learn from. The split is the same for every seed and every machine.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

import tenth


def split_digits() -> dict[str, TensorDataset]:
    images, labels = load_digits(return_X_y=True)
    pixels = torch.from_numpy(images).float().reshape(-1, 1, 8, 8) / 16
    turn = np.empty(len(labels), dtype=int)
    for digit in range(10):
        turn[labels == digit] = np.arange((labels == digit).sum()) % 5
    parts = {"test": turn == 0, "val": turn == 1, "train": turn >= 2}
    return {
        name: TensorDataset(pixels[chosen], torch.from_numpy(labels)[chosen])
        for name, chosen in parts.items()
    }


DATA = split_digits()


def build(channels: int = 16, hidden: int = 64) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(2 * channels * 16, hidden),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(hidden, 10),
    )


def small(weights: int) -> nn.Module:
    """The widest net of about the same shape with at most so many weights."""

    def room(channels: int) -> int:
        """How many hidden units the other layers leave room for."""
        return (weights - 9 * channels - 18 * channels**2) // (32 * channels + 10)

    channels = 1
    while room(channels + 1) >= 3 * (channels + 1):
        channels += 1
    return build(channels, max(1, room(channels)))


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch in a new order, each image a little tilted, scaled and shifted."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = DATA["train"].tensors
    for chosen in torch.randperm(len(images), generator=generator).split(64):
        yield moved(images[chosen], generator), labels[chosen]


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images turned by up to 9°, scaled by up to 15 %, shifted by up to 0.8 pixels."""
    chance = 2 * torch.rand(len(images), 4, generator=generator) - 1
    angle, scale = 0.15 * chance[:, 0], 1 + 0.15 * chance[:, 1]
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    right, down = 0.2 * chance[:, 2], 0.1 * chance[:, 3]
    rows = (torch.stack([cosine, -sine, right], 1), torch.stack([sine, cosine, down], 1))
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    images, labels = batch
    return functional.cross_entropy(model(images), labels)


def score(model: nn.Module, split: str) -> float:
    images, labels = DATA[split].tensors
    return (model(images).argmax(dim=1) == labels).float().mean().item()


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=5e-3, weight_decay=1e-2)


task = tenth.Task(
    name="digits",
    model=build,
    batches=batches,
    loss=loss,
    score=score,
    example=(torch.zeros(1, 1, 8, 8),),
    optimizer=optimizer,
    small=small,
    steps=1000,
    best=1.0,  # a share of right answers
)
