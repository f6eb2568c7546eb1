"""Merged adapters: found again, exact whatever the order of sums, and never trusted."""

import functools
import struct

import numpy as np
import pytest

from tenth.errors import FormatError, InputError
from tenth.keep import codecs, native
from tenth.keep.native.words import WORD_TYPES
from tenth.keep.predict import PREDICTORS, lowrank
from tenth.keep.predict.floats import narrow, widen
from tenth.keep.predict.lowrank import Factors

WORD = {"BF16": 2, "F16": 2, "F32": 4}


@functools.cache
def weights(dtype, shape, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape) * 0.02
    return narrow(values, dtype)


def merged(dtype, shape, rank, update, rounded):
    """(base words, words after a merge): the update is some fraction of the weights' size.

    `rounded`: the product is rounded to the element type before it is added, as peft does in
    half precision; else it is added in float32.
    """
    rng = np.random.default_rng(rank)
    fade = np.linspace(1, 0.2, rank)
    product = (rng.standard_normal((shape[0], rank)) * fade) @ rng.standard_normal((rank, shape[1]))
    product *= update * 0.02 / product.std()
    if rounded:
        product = widen(narrow(product, dtype), dtype)
    base = weights(dtype, shape)
    total = widen(base, dtype).astype(np.float32) + product.astype(np.float32)
    return base, narrow(total.astype(np.float64), dtype)


def stored(dtype, shape, base, variant):
    """(rank, bytes with the predictor, bytes of the plain difference), after a round trip."""
    parameters = lowrank.fit(variant.tobytes(), base.tobytes(), shape, dtype)
    plain = len(codecs.encode(variant.tobytes(), base.tobytes(), dtype).payload)
    if parameters is None:
        return 0, plain, plain
    guess = lowrank.predict(parameters, base.tobytes(), shape, dtype, 0, base.size)
    encoded = codecs.encode(variant.tobytes(), guess, dtype)
    out = bytearray(variant.nbytes)
    codecs.decode(encoded.codec, encoded.payload, dtype, memoryview(guess), memoryview(out))
    assert out == variant.tobytes()
    rank = lowrank.unpack(parameters).powers.size
    return rank, len(parameters) + len(encoded.payload), plain


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(("dtype", "times"), [("BF16", 12), ("F16", 12), ("F32", 10)])
def test_a_merged_adapter_is_found_at_its_rank_and_small(dtype, times, rounded):
    shape = (384, 384)
    base, variant = merged(dtype, shape, 8, 0.05, rounded)
    rank, size, plain = stored(dtype, shape, base, variant)
    assert rank == 8
    assert size * times < variant.nbytes
    assert size * 3 < plain


@pytest.mark.parametrize("shape", [(96, 1000), (1000, 96), (700, 200)])
@pytest.mark.parametrize("rank", [1, 4, 16])
def test_ranks_and_shapes(shape, rank):
    base, variant = merged("BF16", shape, rank, 0.1, False)
    found, size, plain = stored("BF16", shape, base, variant)
    assert found == rank
    assert size < plain / 2


def test_the_two_merges_are_told_apart():
    for rounded in (False, True):
        base, variant = merged("BF16", (384, 384), 8, 0.5, rounded)
        parameters = lowrank.fit(variant.tobytes(), base.tobytes(), (384, 384), "BF16")
        assert lowrank.unpack(parameters).rounded == rounded


def test_a_full_fine_tune_has_no_low_rank():
    base = weights("BF16", (384, 384))
    for update in (1e-4, 1e-2, 0.3):
        moved = widen(base, "BF16") + update * 0.02 * np.random.default_rng(1).standard_normal(
            base.shape
        )
        variant = narrow(moved, "BF16")
        assert lowrank.fit(variant.tobytes(), base.tobytes(), base.shape, "BF16") is None


def test_what_cannot_be_fitted_is_left_alone():
    base, variant = merged("BF16", (384, 384), 4, 0.1, False)
    odd = variant.copy()
    odd[3, 4] = 0x7F81  # a NaN
    assert lowrank.fit(odd.tobytes(), base.tobytes(), base.shape, "BF16") is None
    assert lowrank.fit(base.tobytes(), base.tobytes(), base.shape, "BF16") is None
    assert lowrank.fit(variant.tobytes(), base.tobytes(), (384 * 384,), "BF16") is None
    assert lowrank.fit(variant.tobytes(), base.tobytes(), (8, 18432), "BF16") is None
    assert lowrank.fit(variant.tobytes(), base.tobytes(), base.shape, "I16") is None


def test_a_convolution_is_a_matrix_of_its_first_dimension():
    base, variant = merged("BF16", (128, 288), 4, 0.1, False)
    shape = (128, 32, 3, 3)
    parameters = lowrank.fit(variant.tobytes(), base.tobytes(), shape, "BF16")
    guess = lowrank.predict(parameters, base.tobytes(), shape, "BF16", 0, base.size)
    assert np.mean(np.frombuffer(guess, "<u2") == variant.ravel()) > 0.9


def some_factors(rows, width, rank, bits=20, seed=0):
    rng = np.random.default_rng(seed)
    sides = (
        rng.integers(-(1 << bits), 1 << bits, (rank, count)).astype(np.int32)
        for count in (rows, width)
    )
    powers = rng.integers(-52, -44, rank).astype(np.int16)
    return Factors(*sides, powers, False)


@pytest.mark.parametrize("way", ["c", "numpy"])
def test_the_product_is_exact_in_any_order(monkeypatch, way):
    if way == "numpy":
        monkeypatch.setattr(native, "kernel", lambda: None)
    factors = some_factors(40, 50, 9)
    assert factors.exact
    lowest = int(factors.powers.min())
    whole = np.zeros((40, 50), object)
    for k in reversed(range(9)):
        left = [int(v) << int(factors.powers[k] - lowest) for v in factors.left[k]]
        whole += np.outer(np.array(left, object), np.array(factors.right[k].tolist(), object))
    expected = [[float(v) * 2.0**lowest for v in row] for row in whole]
    assert np.array_equal(factors.product(0, 40), np.array(expected))
    assert max(abs(v) for v in whole.ravel()) < 2**53
    order = np.random.default_rng(1).permutation(9)
    mixed = Factors(factors.left[order], factors.right[order], factors.powers[order], False)
    assert np.array_equal(mixed.product(0, 40), factors.product(0, 40))


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("dtype", WORD)
def test_a_slice_is_that_part_of_the_whole(dtype, rounded):
    shape = (61, 37)
    made = some_factors(*shape, 5)
    parameters = Factors(made.left, made.right, made.powers, rounded).pack()
    base = weights(dtype, shape).ravel()
    whole = lowrank.predict(parameters, base.tobytes(), shape, dtype, 0, base.size)
    whole = np.frombuffer(whole, WORD_TYPES[WORD[dtype]])
    assert np.mean(whole != base) > 0.5
    for start, count in ((0, 0), (0, 1), (36, 2), (40, 500), (2256, 1), (2257, 0)):
        part = lowrank.predict(
            parameters, base[start : start + count].tobytes(), shape, dtype, start, count
        )
        assert part == whole[start : start + count].tobytes()


def test_wide_products_are_the_same_with_the_c_and_in_numpy(monkeypatch):
    factors = some_factors(33, 1300, 7, bits=19)
    expected = factors.product(5, 31)
    monkeypatch.setattr(native, "kernel", lambda: None)
    assert np.array_equal(factors.product(5, 31), expected)


def test_parameters_come_back():
    factors = some_factors(33, 44, 3)
    back = lowrank.unpack(factors.pack())
    assert np.array_equal(back.left, factors.left)
    assert np.array_equal(back.right, factors.right)
    assert np.array_equal(back.powers, factors.powers)


class TestHostile:
    shape = (61, 37)
    base = weights("BF16", shape).tobytes()

    def predicted(self, parameters):
        return lowrank.predict(parameters, self.base, self.shape, "BF16", 0, 61 * 37)

    def test_factors_that_would_not_be_exact(self):
        made = some_factors(*self.shape, 3, bits=30)
        with pytest.raises(FormatError, match="too large for an exact product"):
            self.predicted(made.pack())

    def test_another_shape(self):
        with pytest.raises(FormatError, match="another shape"):
            self.predicted(some_factors(60, 37, 3).pack())

    def test_a_rank_beyond_the_matrix(self):
        head = struct.pack("<BBHII", 1, 0, 65535, 61, 37)
        with pytest.raises(FormatError, match="rank 65535"):
            self.predicted(head)

    def test_another_version(self):
        with pytest.raises(FormatError, match="version of a predictor must be 1"):
            self.predicted(b"\x02" + some_factors(*self.shape, 3).pack()[1:])

    def test_a_power_out_of_range(self):
        made = some_factors(*self.shape, 1)
        far = Factors(made.left, made.right, np.array([-20000], np.int16), False)
        with pytest.raises(FormatError, match="power of two"):
            self.predicted(far.pack())

    def test_a_slice_outside_the_tensor_and_another_type(self):
        parameters = some_factors(*self.shape, 3).pack()
        with pytest.raises(InputError, match="slice must be"):
            lowrank.predict(parameters, self.base, self.shape, "BF16", 1, 61 * 37)
        with pytest.raises(InputError, match="slice must be"):
            lowrank.predict(parameters, self.base[:-2], self.shape, "BF16", 0, 61 * 37)
        with pytest.raises(FormatError, match="dtype to predict"):
            lowrank.predict(parameters, self.base, self.shape, "I16", 0, 61 * 37)

    def test_damage_is_an_error_or_words(self):
        parameters = some_factors(*self.shape, 3, bits=8).pack()
        rng = np.random.default_rng(0)
        refused = 0
        for trial in range(200):
            damaged = bytearray(parameters)
            if trial % 2:
                damaged = damaged[: rng.integers(0, len(damaged))]
            else:
                damaged[rng.integers(0, len(damaged))] ^= 1 << rng.integers(0, 8)
            try:
                assert len(self.predicted(bytes(damaged))) == len(self.base)
            except FormatError:
                refused += 1
        assert refused > 100


def test_the_table_says_what_has_parameters():
    assert {name: row.fitted for name, row in PREDICTORS.items()} == {
        "cast": False,
        "lowrank": True,
    }
    assert all(row.version == 1 for row in PREDICTORS.values())
