from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import InputError
from tenth.layouts import Block, Unstructured, kept_count
from tenth.sparsity.allocation import ALLOCATIONS, Layer, erk, global_, uniform
from tenth.sparsity.masks import choose
from tenth.sparsity.moves import layer_of

SHAPES = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=6,
)
LAYOUTS = st.one_of(st.just(Unstructured()), st.builds(Block, st.integers(1, 4), st.integers(1, 4)))


def layers_of(shapes, layout=Unstructured(), seed=0, held=()):  # noqa: B008  a frozen value
    generator = torch.Generator().manual_seed(seed)
    return {
        f"{i}": layer_of(
            torch.rand(shape, generator=generator),
            torch.ones(shape, dtype=torch.bool),
            layout,
            held=i in held,
        )
        for i, shape in enumerate(shapes)
    }


def two(*scores):
    return {str(i): Layer((1, len(s)), torch.tensor(s)) for i, s in enumerate(scores)}


def test_uniform_by_hand():
    assert uniform(layers_of([(10, 10), (5, 6)]), 0.1) == {"0": 10, "1": 3}
    # 15 and 15 at a tenth: each layer has a ceiling of its own
    assert uniform(layers_of([(3, 5), (3, 5)]), 0.1) == {"0": 1, "1": 1}


def test_uniform_gives_way_to_the_least_of_small_layers():
    # floors 10 and 1 make 11 of a total of 10
    assert uniform(layers_of([(10, 10), (1, 5)]), 0.1) == {"0": 9, "1": 1}


def test_global_by_hand():
    four = two([1.0, 4.0], [2.0, 3.0])
    assert global_(four, 0.5) == {"0": 1, "1": 1}
    assert global_(four, 0.75) == {"0": 1, "1": 2}
    # the second layer keeps its best even if all others score higher
    assert global_(two([9.0, 8.0], [2.0, 3.0]), 0.5) == {"0": 1, "1": 1}
    assert global_(two([9.0, 8.0], [2.0, 3.0]), 0.75) == {"0": 2, "1": 1}


def test_erk_by_hand():
    # counts in proportion to 10 + 10 and 5 + 6: 13 of 130 are shared as 8.39 and 4.61
    assert erk(layers_of([(10, 10), (5, 6)]), 0.1) == {"0": 8, "1": 5}


def test_er_of_an_mlp_as_published():
    layers = {
        str(i): Layer(shape, torch.zeros(shape).flatten())
        for i, shape in enumerate([(500, 40), (500, 500), (10, 500)])
    }
    for density, expected in [(0.1, (0.394, 0.058, 1)), (0.05, (0.181, 0.027, 0.68))]:
        counts = erk(layers, density)
        found = [counts[name] / layer.size for name, layer in layers.items()]
        assert found == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("name", ALLOCATIONS)
@given(shapes=SHAPES, density=st.floats(0.02, 1), layout=LAYOUTS, seed=st.integers(0, 9))
def test_a_density_is_a_ceiling_over_all_layers(name, shapes, density, layout, seed):
    layers = layers_of(shapes, layout, seed)
    total = sum(layer.size for layer in layers.values())
    budget = kept_count(total, density)
    if sum(layer.least for layer in layers.values()) > budget:
        with pytest.raises(InputError, match="density must be at least"):
            ALLOCATIONS[name](layers, density)
        return
    counts = ALLOCATIONS[name](layers, density)
    assert counts.keys() == layers.keys()
    assert sum(counts.values()) <= budget
    for key, layer in layers.items():
        assert layer.least <= counts[key] <= layer.size or name == "global"
        assert 1 <= counts[key] <= layer.size
    if layout == Unstructured() and name != "uniform":
        assert sum(counts.values()) == budget
    if density == 1:
        assert sum(counts.values()) == total


@pytest.mark.parametrize("name", ALLOCATIONS)
@given(shapes=SHAPES, a=st.floats(0.2, 1), b=st.floats(0.2, 1))
def test_a_higher_density_keeps_no_less_of_any_layer_but_for_rounding(name, shapes, a, b):
    layers = layers_of(shapes)
    low, high = sorted((a, b))
    try:
        fewer, more = (ALLOCATIONS[name](layers, d) for d in (low, high))
    except InputError:
        return
    assert all(fewer[key] <= more[key] + 1 for key in layers)


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_a_layer_held_dense_stays_dense_and_counts(name):
    layers = layers_of([(4, 5), (30, 30), (10, 30)], held=[0])
    counts = ALLOCATIONS[name](layers, 0.1)
    assert counts["0"] == 20
    assert sum(counts.values()) <= kept_count(1220, 0.1)
    assert min(counts.values()) >= 1


@given(shapes=SHAPES, density=st.floats(0.1, 1), layout=LAYOUTS, seed=st.integers(0, 9))
def test_global_counts_are_those_of_one_ranking(shapes, density, layout, seed):
    """The masks that its counts give are the masks of one sort over everything."""
    layers = layers_of(shapes, layout, seed)
    try:
        counts = global_(layers, density)
    except InputError:
        return
    scores = torch.cat([layer.scores for layer in layers.values()]).double().numpy()
    sizes = np.concatenate(
        [
            np.ones(len(x.scores), int) if x.sizes is None else x.sizes.numpy()
            for x in layers.values()
        ]
    )
    starts = np.cumsum([0, *(len(layer.scores) for layer in layers.values())])
    for begin, end in pairwise(starts):
        scores[begin + scores[begin:end].argmax()] += 10  # the best of each layer comes first
    left, kept = kept_count(int(sizes.sum()), density), np.zeros(len(scores), bool)
    for place in np.argsort(-scores, kind="stable"):
        if sizes[place] > left:
            break
        kept[place], left = True, left - sizes[place]
    bounds = list(pairwise(starts))
    assert list(counts.values()) == [int(sizes[b:e][kept[b:e]].sum()) for b, e in bounds]


def test_layers_agree_with_the_masks_made_from_them():
    generator = torch.Generator().manual_seed(1)
    scores = [torch.rand(6, 7, generator=generator), torch.rand(5, 3, generator=generator)]
    layers = {
        str(i): layer_of(s, torch.ones_like(s).bool(), Block(2, 3), held=False)
        for i, s in enumerate(scores)
    }
    counts = global_(layers, 0.5)
    kept = [int(choose(s, counts[str(i)], Block(2, 3)).sum()) for i, s in enumerate(scores)]
    assert kept == list(counts.values())


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_too_small_a_density_says_what_is_the_least(name):
    with pytest.raises(InputError, match=r"at least 0\.15 for this model.*3 layers"):
        ALLOCATIONS[name](layers_of([(2, 5), (1, 5), (1, 5)]), 0.1)
