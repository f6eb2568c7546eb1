"""Sketches, and the bits that are foreseen from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import FormatError, InputError
from tenth.keep.dtypes import DTYPES
from tenth.keep.match import Sketching, sketch, sketch_of
from tenth.keep.match.bits import delta_bits, entropy, raw_bits
from tenth.keep.match.sketch import WORDS, places


@pytest.mark.parametrize("count", [0, 1, 5, WORDS, WORDS + 1, 9000, 2048 * 2048, 10**10])
def test_places_rise_one_in_each_cell(count):
    found = places(count)
    assert len(found) == min(count, WORDS)
    assert (np.diff(found) > 0).all()
    if count > WORDS:
        cells = np.arange(WORDS + 1) * count // WORDS
        assert (found >= cells[:-1]).all()
        assert (found < cells[1:]).all()


@pytest.mark.parametrize("width", [384, 1000, 1024, 2048, 30522])
def test_places_see_every_column_alike(width):
    columns = places(width * 2048) % width
    seen = np.bincount(columns * 64 // width, minlength=64)
    assert seen.min() > 0.6 * WORDS / 64
    assert seen.max() < 1.4 * WORDS / 64


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("words", [0, 1, 100, 4096, 5001, 300_000])
def test_three_ways_to_one_sketch(dtype, words):
    word = DTYPES[dtype].word
    data = np.random.default_rng(words).bytes(words * word)
    slow = b"".join(data[place * word : (place + 1) * word] for place in places(words))
    assert sketch(data, dtype) == slow
    assert sketch_of(lambda start, size: data[start : start + size], len(data), dtype) == slow


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=12), st.sampled_from(["U8", "BF16", "F32", "F64"]))
def test_blocks_of_any_length(sizes, dtype):
    word = DTYPES[dtype].word
    total = sum(sizes) // word * word
    data = np.random.default_rng(1).bytes(total)
    sketching = Sketching(total, dtype)
    at = 0
    for size in [*sizes, total]:
        sketching.add(data[at : at + size])
        at += size
    assert sketching.done() == sketch(data, dtype)


def test_bytes_that_are_no_words():
    for make in (lambda: sketch(bytes(3), "BF16"), lambda: Sketching(5, "F32")):
        with pytest.raises(InputError, match="whole words"):
            make()
    with pytest.raises(FormatError, match="dtype"):
        sketch(bytes(4), "F5")


def test_entropy_of_four_kinds_by_hand():
    even = np.array([0, 1, 2, 3] * 1000, np.uint8)
    assert entropy(even) == pytest.approx(2 + 3 / (2 * np.log(2) * 4000))
    assert entropy(np.zeros(10, np.uint8)) == 0
    assert entropy(np.empty(0, np.uint8)) == 0
    assert entropy(np.array([0, 1], np.uint8), 2) == 1  # never above what the kinds allow


@pytest.mark.parametrize("size", [500, 2000, 4096])
def test_the_correction_is_nearer_than_the_plain_estimate(size):
    chosen = np.random.default_rng(0)
    values = np.clip(chosen.normal(128, 20, 1_000_000), 0, 255).astype(np.uint8)
    shares = np.bincount(values, minlength=256) / values.size
    truth = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
    found, plain = [], []
    for _ in range(40):
        few = chosen.choice(values, size)
        found.append(entropy(few))
        plain.append(found[-1] - (len(np.unique(few)) - 1) / (2 * np.log(2) * size))
    assert abs(np.mean(found) - truth) < 0.3 * abs(np.mean(plain) - truth)


def bf16(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def pair(ratio, size=200_000, seed=0):
    chosen = np.random.default_rng(seed)
    base = bf16(chosen.normal(0, 0.02, size))
    moved = (base.astype(np.uint32) << 16).view(np.float32) + chosen.normal(0, 0.02 * ratio, size)
    return base, bf16(moved)


@pytest.mark.parametrize("ratio", [1e-4, 1e-3, 1e-2, 1e-1, 1])
def test_a_sketch_foresees_what_all_words_give(ratio):
    base, variant = pair(ratio)
    at = places(base.size)
    assert delta_bits(variant[at], base[at]) == pytest.approx(
        delta_bits(variant, base), rel=0.05, abs=0.05
    )
    assert raw_bits(variant[at]) == pytest.approx(raw_bits(variant), rel=0.02)


def test_the_nearer_the_fewer_bits():
    found = [delta_bits(*reversed(pair(ratio))) for ratio in (0, 1e-4, 1e-3, 1e-2, 1e-1)]
    assert found[0] == 0
    assert found == sorted(found)
    base, _ = pair(0)
    stranger, _ = pair(0, seed=9)
    assert delta_bits(stranger, base) > raw_bits(stranger)


def test_a_pruned_tensor_is_near_its_base():
    base, variant = pair(1e-2)
    sizes = base & 0x7FFF
    pruned = np.where(sizes > np.quantile(sizes, 0.9), variant, 0).astype(np.uint16)
    assert raw_bits(pruned) < 1.8
    assert delta_bits(pruned, base) < 0.7


def test_zeros_with_a_sign():
    """A product with a mask: the signs are the base's, or others, which cost a bit each."""
    base, variant = pair(1e-3)
    pruned = (base & 0x7FFF) <= np.quantile(base & 0x7FFF, 0.9)
    plain = np.where(pruned, 0, variant).astype(np.uint16)
    signed = np.where(pruned, base & 0x8000, variant).astype(np.uint16)
    chance = np.random.default_rng(4).integers(0, 2, base.size, dtype=np.uint16) << 15
    mixed = np.where(pruned, chance, variant).astype(np.uint16)
    least = delta_bits(plain, base)
    assert delta_bits(signed, base) == pytest.approx(least, abs=0.001)
    assert delta_bits(mixed, base) == pytest.approx(least + 0.9, abs=0.01)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_every_width_of_words(kind):
    chosen = np.random.default_rng(2)
    top = int(np.iinfo(kind).max)
    base = chosen.integers(0, top, 5000, dtype=kind, endpoint=True)
    bits = 8 * base.itemsize
    assert raw_bits(base) == pytest.approx(bits, rel=0.01)
    assert delta_bits(base, base) == 0
    assert delta_bits(base + kind(1), base) == pytest.approx(0, abs=1e-6)
    assert delta_bits(base[:0], base[:0]) == 0
