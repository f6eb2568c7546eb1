"""The entropy coder: C and numpy give the same bits, and damage is noticed or harmless."""

import ctypes
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import CompileError
from tenth.keep import native
from tenth.keep.native import rans
from tenth.keep.native.rans import BLOCK, SLOTS, SYMBOLS, Coded, Contexts
from tenth.keep.native.words import WORD_TYPES
from tenth.kernels import toolchain
from tenth.kernels.toolchain import find_compiler

SIZES = (0, 1, 15, 16, 17, 255, 1000, 5003)
CLASSES = Contexts(5, 3, 15, 4)


def with_sets(contexts, size, most=3):
    """The same classes, in sets that change from block to block."""
    sets = np.random.default_rng(size).integers(0, most, -(-size // BLOCK), np.uint8)
    return dataclasses.replace(contexts, sets=sets, most_sets=most)


def numbers(word, size, spread, seed=0):
    """Small signed numbers over random words: (words, under)."""
    rng = np.random.default_rng(seed)
    kind = WORD_TYPES[word]
    under = rng.integers(0, 1 << 8 * word, size, kind)
    steps = np.rint(rng.standard_normal(size) * spread).astype(np.int64)
    return under + steps.astype(kind), under


def has_avx2():
    try:
        return "avx2" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """The same C for processors with narrow vectors and with none to speak of, and numpy."""
    flags = ["-O2", "-mavx2"] if has_avx2() else ["-O2"]
    kernels: list[ctypes.CDLL | None] = [None]
    for flag in flags:
        path = tmp_path_factory.mktemp("other") / "other.so"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(toolchain, "NATIVE", flag)
            sources = sorted((Path(native.__file__).parent / "c").glob("*.c"))
            toolchain.compile_library(sources, path)
        kernels.append(ctypes.CDLL(str(path)))
    return kernels


def has_compiler():
    try:
        find_compiler()
    except CompileError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="no C compiler")


def through(monkeypatch, kernel, call):
    with monkeypatch.context() as patch:
        patch.setattr(native, "kernel", lambda: kernel)
        return call()


def same(a: Coded, b: Coded):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("frequencies", "states", "stream")
    )


@needs_compiler
@pytest.mark.parametrize("kind", ["one", "classes", "sets", "classes and sets"])
@pytest.mark.parametrize("spread", [0.0, 0.3, 5.0, 3e4, 1e9])
@pytest.mark.parametrize("word", [1, 2, 4])
def test_c_with_and_without_vectors_and_numpy_are_equal(monkeypatch, others, word, spread, kind):
    kernels = (native.kernel(), *others)
    for size in SIZES:
        words, under = numbers(word, size, spread)
        contexts = CLASSES if "classes" in kind else Contexts()
        contexts = with_sets(contexts, size) if "sets" in kind else contexts
        for below in (under, None) if contexts.count == 1 else (under,):
            coded = [
                through(
                    monkeypatch,
                    kernel,
                    lambda b=below, w=words, c=contexts: rans.encode(w, b, c),
                )
                for kernel in kernels
            ]
            assert all(same(coded[0], other) for other in coded[1:])
            for kernel in kernels:
                out = np.full_like(words, 0x33)
                assert through(
                    monkeypatch,
                    kernel,
                    lambda b=below, o=out, c=coded[0], k=contexts: rans.decode(c, b, o, k),
                )
                assert np.array_equal(out, words)


@needs_compiler
def test_damaged_streams_end_the_same_way_everywhere(monkeypatch, others):
    """What a damaged stream decodes to is arbitrary, but it is the same, and nothing is overrun."""
    words, under = numbers(4, 700, 1e5)
    coded = rans.encode(words, under, CLASSES)
    rng = np.random.default_rng(4)
    noticed = 0
    for trial in range(120):
        stream, states = coded.stream.copy(), coded.states.copy()
        if trial % 3 == 0:
            stream = stream[: rng.integers(0, stream.size)]
        elif trial % 3 == 1:
            stream[rng.integers(0, stream.size)] ^= np.uint16(1 << rng.integers(0, 16))
        else:
            states[rng.integers(0, states.size)] = rng.integers(0, 1 << 32)
        damaged = Coded(coded.frequencies, states, stream)
        ends = []
        for kernel in (native.kernel(), *others):
            out = np.zeros_like(words)
            done = through(
                monkeypatch,
                kernel,
                lambda c=damaged, o=out: rans.decode(c, under, o, CLASSES),
            )
            ends.append((done, out.tobytes() if done else b""))
        assert all(end == ends[0] for end in ends)
        noticed += not ends[0][0]
    assert 70 < noticed < 120  # a raw bit may flip unnoticed, which a hash is there for


@needs_compiler
@pytest.mark.parametrize("word", [1, 2, 4])
def test_blocks_go_to_the_same_sets_everywhere(monkeypatch, others, word):
    costs = np.random.default_rng(0).integers(0, 900, (4, CLASSES.count, SYMBOLS)).astype(np.uint16)
    for size in SIZES[1:]:
        words, under = numbers(word, size, 9.0)
        found = [
            through(
                monkeypatch,
                kernel,
                lambda w=words, u=under: rans.assign(w, u, CLASSES, costs).tolist(),
            )
            for kernel in (native.kernel(), *others)
        ]
        assert all(other == found[0] for other in found)
        assert len(found[0]) == -(-size // BLOCK)
        assert size < 1000 or len(set(found[0])) > 1


def test_a_block_goes_to_the_set_that_makes_it_cheapest():
    words = np.repeat(np.array([0, 200], "<u2"), BLOCK)
    costs = np.full((2, 1, SYMBOLS), 50, np.uint16)
    costs[1, 0, 0] = 9  # zeros are cheap in the second set
    assert rans.assign(words, np.zeros_like(words), Contexts(), costs).tolist() == [1, 0]


@pytest.mark.parametrize("way", ["c", "numpy"])
def test_it_comes_near_the_entropy(monkeypatch, way):
    if way == "numpy":
        monkeypatch.setattr(native, "kernel", lambda: None)
    words, under = numbers(2, 1 << 15, 0.4)
    coded = rans.encode(words, under)
    share = np.bincount((words - under).astype(np.int64)) / words.size
    bits = -sum(p * math.log2(p) for p in share if p) * words.size
    assert bits < 8 * (coded.stream.nbytes + coded.states.nbytes) < 1.02 * bits + 16 * 16


def test_frequencies_keep_every_symbol_and_the_sum():
    counts = np.zeros((3, SYMBOLS), np.uint32)
    counts[0, :200] = 1
    counts[0, 7] = 1 << 31
    counts[1, 3] = 1
    found = rans.normalised(counts)
    assert rans.sound(found)
    assert np.all((found[0] > 0) == (counts[0] > 0))
    assert found[1, 3] == SLOTS
    assert found[2, 0] == SLOTS  # a class without numbers


def test_frequencies_of_another_sum_are_not_sound():
    frequencies = np.zeros((2, SYMBOLS), np.uint16)
    frequencies[:, 0] = SLOTS
    assert rans.sound(frequencies)
    frequencies[1, 5] = 1
    assert not rans.sound(frequencies)


def test_arrays_that_do_not_belong_together_never_reach_the_c():
    words, under = numbers(2, 100, 3.0)
    with pytest.raises(ValueError, match="of one type and number"):
        rans.encode(words, under[:-1])
    with pytest.raises(ValueError, match="contiguous"):
        rans.encode(words[::2], None)
    few = dataclasses.replace(CLASSES, sets=np.zeros(1, np.uint8), most_sets=2)
    beyond = dataclasses.replace(CLASSES, sets=np.full(2, 2, np.uint8), most_sets=2)
    for contexts in (few, beyond, dataclasses.replace(CLASSES, count=65)):
        with pytest.raises(ValueError, match="classes do not belong"):
            rans.count(words, under, contexts)
    coded = rans.encode(words, under)
    with pytest.raises(ValueError, match="do not fit"):
        rans.decode(coded, under, words.copy(), CLASSES)
    with pytest.raises(ValueError, match="do not fit"):
        rans.decode(Coded(coded.frequencies, coded.states[:7], coded.stream), under, words.copy())
