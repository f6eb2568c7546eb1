import numpy as np
import pytest

from tenth.layouts import NM, Block, Channel, Dense, Unstructured
from tenth.receipt.judge.patterns import name, pattern

DRAW = np.random.default_rng(1)


def blocks(rows, columns, shape=(64, 64), kept=0.3):
    mask = DRAW.random((shape[0] // rows, shape[1] // columns)) < kept
    return np.kron(mask, np.ones((rows, columns), bool))


def groups(n, m, shape=(64, 64)):
    order = DRAW.random((shape[0], shape[1] // m, m)).argsort(axis=2)
    return (order < n).reshape(shape)


def channels(shape=(64, 64), kept=0.5):
    return np.repeat(DRAW.random((shape[0], 1)) < kept, shape[1], axis=1)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.999])
def test_random_zeros_have_no_pattern(share):
    live = DRAW.random((256, 256)) >= share
    assert pattern(live) == Unstructured()


@pytest.mark.parametrize(
    "size", [(1, 2), (2, 1), (1, 4), (4, 1), (4, 4), (2, 8), (16, 16), (32, 32)]
)
def test_blocks_are_found_in_their_full_size(size):
    shape = (32 * size[0], 32 * size[1])
    assert pattern(blocks(*size, shape)) == Block(*size)


def test_blocks_with_a_few_zeros_inside_are_still_blocks():
    live = blocks(4, 4, (128, 128))
    held = np.argwhere(live)
    live[tuple(held[0])] = False  # a weight that happens to be zero
    assert pattern(live) == Block(4, 4)


@pytest.mark.parametrize(("n", "m"), [(1, 4), (2, 4), (4, 8), (2, 8)])
def test_n_in_m_is_found_along_either_axis(n, m):
    live = groups(n, m)
    expected = NM(n, m)
    assert pattern(live) == expected
    assert pattern(live.T) == expected


def test_one_group_with_too_many_is_not_n_in_m():
    live = groups(2, 4)
    live[0, :4] = True
    assert pattern(live) == Unstructured()


def test_whole_channels_are_rows_or_columns_or_both():
    assert pattern(channels()) == Channel()
    assert pattern(channels().T) == Channel()
    assert pattern(channels() & channels().T) == Channel()
    assert pattern(np.zeros((8, 8), bool)) == Channel()


def test_channels_gone_and_the_rest_sparse_is_not_channels_alone():
    live = channels((128, 128)) & (DRAW.random((128, 128)) < 0.5)
    assert pattern(live) == Unstructured()


def test_a_full_or_empty_weight_has_no_zeros_to_stand():
    assert pattern(np.ones((8, 8), bool)) == Dense()
    assert pattern(np.ones((0, 8), bool)) == Dense()
    few = np.ones((100, 100), bool)
    few[0, :50] = False
    assert pattern(few) == Dense()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 5), (2, 2)])
def test_any_shape_is_looked_at(shape):
    for seed in range(20):
        pattern(np.random.default_rng(seed).random(shape) < 0.5)


def test_names():
    layouts = [Dense(), Unstructured(), Block(4, 1), NM(2, 4), Channel()]
    assert [name(one) for one in layouts] == [
        "none", "anywhere", "blocks of 4×1", "2:4", "whole channels",
    ]  # fmt: skip
