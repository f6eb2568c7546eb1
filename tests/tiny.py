"""A task that trains in a fraction of a second, and is random in every way a task may be."""

import random
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tenth.task import Task

_GENERATOR = torch.Generator().manual_seed(0)
_POINTS = {name: torch.randn(n, 6, generator=_GENERATOR) for name, n in
           (("train", 96), ("val", 64), ("test", 64))}  # fmt: skip
_TRUTH = torch.randn(6, 3, generator=_GENERATOR)


def labels(points):
    return (points @ _TRUTH).relu().argmax(dim=1)


def build():
    return nn.Sequential(
        nn.Linear(6, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 3)
    )


def narrow():
    """A net of the same build, half as wide."""
    return nn.Sequential(
        nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.1), nn.Linear(12, 3)
    )


def batches(seed):
    generator = torch.Generator().manual_seed(seed)
    for chosen in torch.randperm(96, generator=generator).split(20):
        points = _POINTS["train"][chosen]
        noise = np.random.normal(size=points.shape) * random.random()  # noqa: NPY002
        yield points + 0.01 * torch.from_numpy(noise).float() + 0.01 * torch.rand(6), labels(points)


def loss(model, batch):
    return functional.cross_entropy(model(batch[0]), batch[1])


def score(model, split):
    points = _POINTS[split]
    return (model(points).argmax(dim=1) == labels(points)).float().mean().item()


def small(weights):
    width = weights // 9
    return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))


def task(**changes):
    whole = Task(
        "tiny",
        build,
        batches,
        loss,
        score,
        (torch.zeros(1, 6),),
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.02),
        small=small,
        steps=40,
    )
    return replace(whole, **changes)
