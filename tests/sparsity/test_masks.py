import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tenth.errors import InputError
from tenth.layouts import NM, Block, Channel, Dense, Unstructured, kept_count
from tenth.sparsity.masks import (
    apply_masks_,
    bits_of,
    block_sizes,
    choose,
    erase_,
    live_units,
    rescale_init_,
    spread,
    unit_means,
)

SHAPES = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
)
BLOCKS = st.builds(Block, st.integers(1, 6), st.integers(1, 6))


def scores_of(shape, seed, levels=None):
    generator = torch.Generator().manual_seed(seed)
    if levels:
        return torch.randint(levels, shape, generator=generator).float()
    return torch.rand(shape, generator=generator)


def oracle(scores, count, layout):
    """Go through the units, best first, first come first served, until one does not fit."""
    block = layout if isinstance(layout, Block) else Block(1, 1)
    matrix = scores.double().numpy().reshape(scores.shape[0], -1)
    mask = np.zeros(matrix.shape, bool)
    places = [
        (slice(i, i + block.rows), slice(j, j + block.columns))
        for i in range(0, matrix.shape[0], block.rows)
        for j in range(0, matrix.shape[1], block.columns)
    ]
    for place in sorted(places, key=lambda place: -matrix[place].mean()):
        if mask.sum() + matrix[place].size > count:
            break
        mask[place] = True
    return mask.reshape(scores.shape)


def test_four_numbers_by_hand():
    scores = torch.tensor([[1.0, 4.0, 2.0, 3.0]])
    assert choose(scores, 2, Unstructured()).tolist() == [[False, True, False, True]]
    # blocks {1, 4} and {2, 3} have equal means: the first one stays
    assert choose(scores, 2, Block(1, 2)).tolist() == [[True, True, False, False]]
    # and a whole block is never cut
    assert choose(scores, 3, Block(1, 2)).tolist() == [[True, True, False, False]]


@given(SHAPES, st.integers(0, 100), st.floats(0.01, 1), st.sampled_from([None, 1, 2, 5]))
def test_kept_equals_the_count_for_every_size(shape, seed, density, levels):
    scores = scores_of(shape, seed, levels)
    count = kept_count(scores.numel(), density)
    mask = choose(scores, count, Unstructured())
    assert int(mask.sum()) == count
    assert np.array_equal(mask.numpy(), oracle(scores, count, Unstructured()))


@given(SHAPES, BLOCKS, st.integers(0, 100), st.floats(0.01, 1))
def test_blocks_live_and_die_whole_and_never_exceed_the_count(shape, block, seed, density):
    scores = scores_of(shape, seed)
    count = kept_count(scores.numel(), density)
    mask = choose(scores, count, block)
    assert int(mask.sum()) <= count
    assert np.array_equal(mask.numpy(), oracle(scores, count, block))
    assert torch.equal(spread(live_units(mask, block), mask.shape, block), mask)


@given(SHAPES, BLOCKS, st.integers(0, 100))
def test_the_mean_of_a_block_counts_only_its_own_weights(shape, block, seed):
    scores = scores_of(shape, seed)
    means, sizes = unit_means(scores, block), block_sizes(scores, block)
    assert int(sizes.sum()) == scores.numel()
    assert float((means * sizes).sum()) == pytest.approx(float(scores.sum()), rel=1e-5)
    assert torch.allclose(unit_means(torch.ones(shape), block), torch.ones(len(means)))


@pytest.mark.parametrize("count", [-1, 0, 4, 9])
def test_counts_at_and_beyond_the_ends(count):
    assert int(choose(torch.rand(2, 2), count, Unstructured()).sum()) == min(max(count, 0), 4)


def test_infinite_scores_are_ranked():
    scores = torch.tensor([-torch.inf, 1.0, torch.inf, -torch.inf])
    assert choose(scores[None], 2, Unstructured()).tolist() == [[False, True, True, False]]
    assert choose(scores[None], 3, Unstructured()).tolist() == [[True, True, True, False]]


@pytest.mark.parametrize("layout", [NM(2, 4), Channel(), Dense(), "2:4"])
def test_other_layouts_are_not_supported_here(layout):
    with pytest.raises(InputError, match="not supported here"):
        choose(torch.rand(4, 4), 8, layout)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_erased_means_plus_zero_whatever_it_was(dtype):
    values = torch.tensor([-1.0, -0.0, torch.nan, torch.inf, -2.0, torch.nan], dtype=dtype)
    erase_(values, bits_of(torch.tensor([False] * 4 + [True] * 2), values))
    assert values[:4].tolist() == [0, 0, 0, 0]
    assert not bool(values[:4].signbit().any())
    assert values[4] == -2
    assert values[5].isnan()


def test_a_mask_of_one_type_erases_values_of_another():
    values = torch.ones(3, dtype=torch.float64)
    erase_(values, bits_of(torch.tensor([True, False, True]), torch.ones(3)))
    assert values.tolist() == [1, 0, 1]


def test_masks_apply_to_a_copy_of_the_model():
    net = nn.Sequential(nn.Linear(2, 2))
    mask = torch.tensor([[True, False], [False, True]])
    before = net[0].weight.detach().clone()
    apply_masks_(net, {"0.weight": mask})
    assert torch.equal(net[0].weight, before * mask)


def test_rescaling_keeps_the_variance_of_each_neuron():
    net = nn.Sequential(nn.Linear(4, 3))
    nn.init.ones_(net[0].weight)
    mask = torch.tensor([[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=torch.bool)
    rescale_init_(net, {"0.weight": mask})
    assert net[0].weight.tolist() == [[2, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]


def test_rescaling_counts_kernel_positions_as_inputs():
    net = nn.Sequential(nn.Conv2d(1, 1, 2))
    nn.init.ones_(net[0].weight)
    rescale_init_(net, {"0.weight": torch.tensor([[[[True, False], [False, False]]]])})
    assert net[0].weight.flatten().tolist() == [2, 0, 0, 0]


@pytest.mark.parametrize("act", [apply_masks_, rescale_init_])
@pytest.mark.parametrize(
    ("name", "shape", "said"), [("0.weight", (2, 3), r"\(2, 2\)"), ("x", (2, 2), "no such weight")]
)
def test_masks_of_another_model_are_refused(act, name, shape, said):
    net = nn.Sequential(nn.Linear(2, 2))
    before = net[0].weight.detach().clone()
    with pytest.raises(InputError, match=said):
        act(net, {"0.weight": torch.zeros(2, 2).bool(), name: torch.ones(shape).bool()})
    assert torch.equal(net[0].weight, before)
