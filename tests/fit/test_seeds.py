import random

import numpy as np
import pytest
import torch

from tenth.fit.seeds import borrowed_generators, derive, reseed


def draw():
    numpy = np.random.random()  # noqa: NPY002
    return torch.rand(1).item(), numpy, random.random()


def test_numbers_differ_by_seed_purpose_and_index():
    numbers = {
        derive(seed, purpose, index)
        for seed in range(20)
        for purpose in ("init", "step", "epoch")
        for index in range(20)
    }
    assert len(numbers) == 20 * 3 * 20
    assert all(0 <= number < 2**32 for number in numbers)


def test_a_number_is_the_same_for_ever():
    assert derive(0, "init") == 4122601434


def test_reseeding_sets_all_three_generators():
    reseed(5)
    ours = draw()
    assert ours == (reseed(5), draw())[1]
    assert all(a != b for a, b in zip(ours, (reseed(6), draw())[1], strict=True))


def test_borrowed_generators_come_back():
    reseed(1)
    expected = draw()
    reseed(1)

    def borrow():
        with borrowed_generators():
            reseed(9)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        borrow()
    assert draw() == expected
