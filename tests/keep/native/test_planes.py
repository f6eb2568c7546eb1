"""Byte planes and patches: C and numpy alike, and no place beyond a chunk is ever written."""

import numpy as np
import pytest

from tenth.keep import native
from tenth.keep.native import patch, planes
from tenth.keep.native.words import WORD_TYPES

SIZES = (0, 1, 7, 1000, (1 << 16) + 3)


def words(word, size, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << 8 * word, size, WORD_TYPES[word])


@pytest.mark.parametrize("word", [1, 2, 4, 8])
def test_c_and_numpy_give_the_same_planes_and_the_words_back(monkeypatch, word):
    for size in SIZES:
        values, under = words(word, size), words(word, size, 1)
        found = {}
        for way in ("c", "numpy"):
            if way == "numpy":
                monkeypatch.setattr(native, "kernel", lambda: None)
            turned, less = planes.split_turned(values), planes.split_difference(values, under)
            found[way] = [part.tolist() for part in (*turned, *less)]
            for parts, call in (
                (turned, planes.join_turned),
                (less, lambda p, out, u=under: planes.join_difference(p, u, out)),
                (planes.split(values), planes.join),
            ):
                out = np.zeros_like(values)
                call(parts, out)
                assert np.array_equal(out, values)
        monkeypatch.undo()
        assert found["c"] == found["numpy"]


def test_the_bias_keeps_small_numbers_out_of_the_high_planes():
    under = words(4, 1000)
    moved = under + np.arange(-100, 100, dtype=np.int64).astype("<u4").repeat(5)
    high = planes.split_difference(moved, under)[1:]
    assert [set(plane.tolist()) for plane in high] == [{0x80}, {0x80}, {0}]


def test_turned_words_have_their_sign_in_the_lowest_bit():
    low, high = planes.split_turned(np.array([0x8001, 0x4000], "<u2"))
    assert low.tolist() == [0x03, 0x00]
    assert high.tolist() == [0x00, 0x80]


def test_planes_of_another_length_never_reach_the_c():
    parts = planes.split(words(2, 10))
    with pytest.raises(ValueError, match="one length"):
        planes.join_turned(parts, words(2, 11))
    with pytest.raises(ValueError, match="one length"):
        planes.join_difference(parts, words(2, 9), words(2, 10))


@pytest.mark.parametrize("way", ["c", "numpy"])
@pytest.mark.parametrize("word", [1, 2, 4, 8])
def test_a_patch_adds_in_its_places_and_wraps(monkeypatch, way, word):
    if way == "numpy":
        monkeypatch.setattr(native, "kernel", lambda: None)
    out = np.full(10, 0, WORD_TYPES[word])
    gaps = np.array([1, 0, 6], np.uint32)  # places 1, 2 and 9
    steps = np.array([5, -1, 7], np.int64).astype(out.dtype)
    assert patch.add(out, gaps, steps)
    assert out.tolist() == [0, 5, (1 << 8 * word) - 1, 0, 0, 0, 0, 0, 0, 7]


@pytest.mark.parametrize("way", ["c", "numpy"])
@pytest.mark.parametrize("gaps", [[10], [5, 4], [0xFFFFFFFF] * 3, [9, 0]])
def test_a_place_beyond_the_chunk_is_refused(monkeypatch, way, gaps):
    if way == "numpy":
        monkeypatch.setattr(native, "kernel", lambda: None)
    around = np.zeros(30, "<u2")
    out = around[10:20]
    steps = np.ones(len(gaps), "<u2")
    assert not patch.add(out, np.array(gaps, np.uint32), steps)
    assert not around[:10].any()
    assert not around[20:].any()
