"""MNIST-1D: ten one-dimensional digits, padded, shifted, sheared and noisy, 40 numbers each.

    tenth train examples/mnist_1d.py --route granet --density 0.1

The 4,000 items to learn from are those of the package `mnist1d` at its default seed; "val" and
"test" are fresh items from other seeds, and 50,000 of them tell 0.4 points apart. (The file is not
called `mnist1d.py` because it imports the package of that name.)

`task` is the fully connected net of the paper, 40-500-500-10; `mnist_1d_conv.py` is the
convolutional one.

Source: Greydanus & Kobak 2020, arXiv:2011.14439.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from mnist1d.data import get_dataset_args, get_templates
from mnist1d.transform import interpolate
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor, nn
from torch.nn import functional

import tenth

ARGS = get_dataset_args()
FRESH = {"val": (4_000, 1_000_042), "test": (50_000, 2_000_042)}  # items, seed
LENGTH = ARGS.template_len + ARGS.padding[1]  # before the signals are cut to 40

Signals = tuple[NDArray[np.float64], NDArray[np.int64]]


def signals(count: int, seed: int) -> Signals:
    """The items that `mnist1d.data.make_dataset` makes before it centres them, and their digits.

    It draws the same random numbers in the same order, but works on all items at once.
    """
    chance = np.random.RandomState(seed)
    padding, size, shift, shear = np.empty((4, count))
    hum, hiss = np.empty((2, count, LENGTH))
    for item in range(count):
        padding[item], size[item] = chance.rand(), chance.rand()
        shift[item] = chance.randint(ARGS.max_translation)
        hum[item], hiss[item] = chance.randn(LENGTH), chance.randn(LENGTH)
        shear[item] = chance.rand()
    order = chance.permutation(count)

    low, high = ARGS.padding
    digits = np.arange(count) // (count // 10)
    pure = stretched()[digits, (padding * (high - low + 1)).astype(int)]
    pure *= 1 + ARGS.scale_coeff * (size - 0.5)[:, None]
    places = np.arange(LENGTH) - shift.astype(int)[:, None]
    pure = np.take_along_axis(pure, places % LENGTH, axis=1)
    hum = gaussian_filter1d(ARGS.corr_noise_scale * hum, 2, axis=1)
    noisy = np.where(pure != 0, pure, hum) + ARGS.iid_noise_scale * hiss
    noisy -= ARGS.shear_scale * (shear - 0.5)[:, None] * np.linspace(-0.5, 0.5, LENGTH)
    return interpolate(noisy.T, ARGS.final_seq_length).T[order], digits[order]


@cache
def stretched() -> NDArray[np.float64]:
    """Each digit behind each padding, [digits, paddings, LENGTH]."""
    low, high = ARGS.padding
    return np.array(
        [
            [interpolate(np.append(digit + 1e-8, np.zeros(zeros)), LENGTH)
             for zeros in range(low, high + 1)]
            for digit in get_templates()["x"]
        ]
    )  # fmt: skip


@cache
def learned_from() -> Signals:
    return signals(ARGS.num_samples, ARGS.seed)


@cache
def data(split: str) -> tuple[Tensor, Tensor]:
    """The items of a split, [items, 40], all centred as the package centres those of "train"."""
    known, digits = learned_from()
    if split == "train":
        items, digits = known[: (size := int(len(known) * ARGS.train_split))], digits[:size]
    else:
        items, digits = signals(*FRESH[split])
    centred = (items - known.mean()) / known.std()
    return torch.from_numpy(centred).float(), torch.from_numpy(digits)


def build(hidden: int = 500) -> nn.Module:
    return nn.Sequential(
        nn.Linear(40, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),
    )


def small(weights: int) -> nn.Module:
    """The widest net of the same shape with at most so many weights."""
    return build(math.isqrt(weights + 25**2) - 25)  # hidden² + 50 hidden ≤ weights


def build_conv(channels: int = 25) -> nn.Module:
    """The convolutional net of the paper."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 40)),
        nn.Conv1d(1, channels, 5, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv1d(channels, channels, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv1d(channels, channels, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(5 * channels, 10),
    )


def small_conv(weights: int) -> nn.Module:
    return build_conv(int((math.sqrt(55**2 + 24 * weights) - 55) / 12))  # 6 channels² + 55 channels


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch in a new order, each item moved, scaled, sheared and disturbed a little."""
    generator = torch.Generator().manual_seed(seed)
    items, digits = data("train")
    for chosen in torch.randperm(len(items), generator=generator).split(100):
        yield moved(items[chosen], generator), digits[chosen]


def moved(items: Tensor, generator: torch.Generator) -> Tensor:
    """Items shifted by up to 3 places around the end, scaled, sheared and with a little noise."""
    count, length = items.shape
    shift = torch.randint(-3, 4, (count, 1), generator=generator)
    scale, shear = 2 * torch.rand(2, count, 1, generator=generator) - 1
    items = items.gather(1, (torch.arange(length) - shift) % length)
    items = items * (1 + 0.2 * scale) + 0.5 * shear * torch.linspace(-1, 1, length)
    return items + 0.1 * torch.randn(count, length, generator=generator)


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    items, digits = batch
    return functional.cross_entropy(model(items), digits)


def score(model: nn.Module, split: str) -> float:
    items, digits = data(split)
    return (model(items).argmax(dim=1) == digits).float().mean().item()


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=5e-3, weight_decay=1e-2)


task = tenth.Task(
    name="mnist-1d",
    model=build,
    batches=batches,
    loss=loss,
    score=score,
    example=(torch.zeros(1, 40),),
    optimizer=optimizer,
    small=small,
    steps=2000,
    best=1.0,  # a share of right answers
)

conv = replace(task, name="mnist-1d by convolutions", model=build_conv, small=small_conv)
