"""MNIST-1D is the package's own data, and its fresh items are fresh."""

import numpy as np
import pytest
import torch

from tenth.task import load


@pytest.fixture(scope="module")
def example():
    load("examples/mnist_1d.py")
    import mnist_1d  # its folder is on the path now, as for its siblings

    return mnist_1d


@pytest.mark.parametrize(("count", "seed"), [(100, 42), (70, 7)])
def test_signals_are_those_of_the_package(example, count, seed):
    from mnist1d.data import get_dataset_args, make_dataset

    args = get_dataset_args()
    args.num_samples, args.seed, args.train_split = count, seed, 1.0
    theirs = make_dataset(args)
    ours, digits = example.signals(count, seed)
    np.testing.assert_allclose((ours - ours.mean()) / ours.std(), theirs["x"], atol=1e-12)
    np.testing.assert_array_equal(digits, theirs["y"])


def test_splits_share_no_item(example):
    known, _ = example.data("train")
    fresh, digits = example.data("val")
    assert known.shape == (4000, 40)
    assert fresh.shape == (4000, 40)
    assert torch.bincount(digits).tolist() == [400] * 10
    assert len({tuple(item) for item in torch.cat([known, fresh]).tolist()}) == 8000
    assert len({seed for _, seed in example.FRESH.values()} | {example.ARGS.seed}) == 3
