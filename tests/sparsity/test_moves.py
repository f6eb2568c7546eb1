import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenth.layouts import Block, Unstructured
from tenth.sparsity.masks import choose, live_units, spread
from tenth.sparsity.moves import exchange, layer_of, shrink

LAYOUTS = st.one_of(st.just(Unstructured()), st.builds(Block, st.integers(1, 3), st.integers(1, 3)))


def test_four_numbers_by_hand():
    scores, growth = torch.tensor([[4.0, 3.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 2.0, 1.5]])
    live = torch.tensor([[True, True, False, False]])
    layer = layer_of(scores, live, Unstructured(), held=False)
    assert shrink(layer, live, 1, Unstructured()).tolist() == [[True, False, False, False]]
    moved = exchange(layer, live, growth, count=2, swap=1, layout=Unstructured())
    assert moved.tolist() == [[True, False, True, False]]


def test_a_dropped_weight_may_come_straight_back():
    live = torch.tensor([[True, True, False, False]])
    layer = layer_of(torch.tensor([[4.0, 3.0, 0.0, 0.0]]), live, Unstructured(), held=False)
    growth = torch.tensor([[0.0, 9.0, 2.0, 1.5]])
    moved = exchange(layer, live, growth, count=2, swap=1, layout=Unstructured())
    assert moved.tolist() == live.tolist()


@given(st.integers(1, 7), st.integers(1, 7), LAYOUTS, st.integers(0, 99), st.data())
def test_shrinking_never_revives(rows, columns, layout, seed, data):
    generator = torch.Generator().manual_seed(seed)
    live = choose(torch.rand(rows, columns, generator=generator), rows * columns // 2, layout)
    layer = layer_of(torch.rand(rows, columns, generator=generator), live, layout, held=False)
    count = data.draw(st.integers(0, rows * columns))
    mask = shrink(layer, live, count, layout)
    assert not bool((mask & ~live).any())
    if layout == Unstructured():
        assert int(mask.sum()) == min(count, int(live.sum()))
    assert int(mask.sum()) <= count


@given(st.integers(1, 7), st.integers(1, 7), LAYOUTS, st.integers(0, 99), st.data())
def test_an_exchange_keeps_the_count(rows, columns, layout, seed, data):
    generator = torch.Generator().manual_seed(seed)
    live = choose(torch.rand(rows, columns, generator=generator), rows * columns // 2, layout)
    layer = layer_of(torch.rand(rows, columns, generator=generator), live, layout, held=False)
    count = data.draw(st.integers(0, rows * columns))
    swap = data.draw(st.integers(0, count))
    growth = torch.rand(rows, columns, generator=generator)
    mask = exchange(layer, live, growth, count=count, swap=swap, layout=layout)
    assert int(mask.sum()) <= count
    assert torch.equal(spread(live_units(mask, layout), mask.shape, layout), mask)
    if layout == Unstructured():
        assert int(mask.sum()) == count
        assert int((live & ~mask).sum()) <= swap + max(0, int(live.sum()) - count)


@pytest.mark.parametrize(
    ("layout", "least"), [(Unstructured(), 1), (Block(2, 2), 4), (Block(9, 9), 6)]
)
def test_a_layer_keeps_a_unit_at_least(layout, least):
    live = torch.ones(3, 2, dtype=torch.bool)
    assert layer_of(torch.rand(3, 2), live, layout, held=False).least == least
    assert layer_of(torch.rand(3, 2), live, layout, held=True).least == 6
