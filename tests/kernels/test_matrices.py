"""The records of matrices: their bytes by hand, and their way through C and back."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tenth.kernels import compile_library
from tenth.kernels.matrices import DENSE_ROWS, FILE_DEPTH, dense_record, kept_record
from tenth.kernels.records import VALUES, Record, rounded
from tenth.kernels.sources import source

# whole numbers and halves, which every form of values holds
matrices = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5).map(lambda n: 16 * n), st.integers(1, 400)),
    elements=st.sampled_from([0, 0, 0, 0, 1, -2.5]),
    fill=st.just(0),
)

_MORE = """
__attribute__((visibility("default"))) int panel(void) { return PANEL; }
__attribute__((visibility("default"))) int depth(void) { return DEPTH; }
__attribute__((visibility("default"))) int dense(const unsigned char *from, size_t n, void *to,
    size_t m, int64_t a, int64_t b, int64_t c) { return unpack_dense(from, n, to, m, a, b, c); }
__attribute__((visibility("default"))) int kept(const unsigned char *from, size_t n, void *to,
    size_t m, int64_t a, int64_t b, int64_t c) { return unpack_kept(from, n, to, m, a, b, c); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrices")
    text = "#include <stddef.h>\n#include <stdint.h>\n#include <math.h>\n#include <string.h>\n"
    kernels = source(["unpack_dense", "unpack_kept", "PANEL", "DEPTH"])
    (folder / "m.c").write_text(text + kernels + _MORE)
    compile_library([folder / "m.c"], folder / "m.so")
    return ctypes.CDLL(str(folder / "m.so"))


def unpacked(library: ctypes.CDLL, record: Record, data: bytes | None = None) -> np.ndarray | None:
    """The bytes that the record's function makes of it, or of other data; None if it refuses."""
    function = library[record.unpack.removeprefix("unpack_")]
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
    function.argtypes += [ctypes.c_int64] * 3
    data = bytes(record.data) if data is None else data
    memory = np.zeros(record.loaded_bytes + 64, np.uint8)
    memory = memory[-memory.ctypes.data % 64 :][: record.loaded_bytes]
    fine = function(data, len(data), memory.ctypes.data, len(memory), *record.numbers)
    return memory if fine else None


def dense_back(memory: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    outputs, depth = weight.shape
    own = outputs // groups
    rows = -(-own // DENSE_ROWS)
    blocks = memory.view(np.float32).reshape(groups, rows, depth, DENSE_ROWS)
    return blocks.transpose(0, 1, 3, 2).reshape(groups, -1, depth)[:, :own].reshape(outputs, depth)


def kept_back(library: ctypes.CDLL, memory: np.ndarray, weight: np.ndarray, height: int):
    outputs, depth = weight.shape
    rows, wide = outputs // height, library.depth()
    places_at, values_at = memory[:16].view(np.uint64).tolist()
    blocks = -(-depth // wide)
    starts = memory[64 : 64 + 4 * (blocks * rows + 1)].view(np.uint32).tolist()
    places = memory[places_at : places_at + 2 * starts[-1]].view(np.uint16)
    values = memory[values_at : values_at + 4 * height * starts[-1]].view(np.float32)
    back = np.zeros((rows, height, depth + wide), np.float32)
    for block in range(blocks):
        for row in range(rows):
            first, last = starts[block * rows + row : block * rows + row + 2]
            if height == 1:
                assert (last - first) % 4 == 0
            for i in range(first, last):
                column = block * wide + int(places[i]) * 2 // library.panel()
                back[row, :, column] += values[i * height : (i + 1) * height]
    return back[:, :, :depth].reshape(outputs, depth)


def test_a_sparse_record_by_hand():
    weight = np.zeros((2, FILE_DEPTH + 2), np.float32)
    weight[0, 5], weight[1, 0], weight[1, FILE_DEPTH + 1] = 2, 1, 3
    record = kept_record(weight)
    data = bytes(record.data)
    assert data[:16] == bytes([0, 1, 0, 0, 3, 0, 0, 0]).ljust(16, b"\0")
    assert list(data[16:20]) == [1, 1, 0, 1]
    assert list(data[20:24]) == [5, 0, 1, 0]
    assert np.frombuffer(data[24:], "<f4").tolist() == [2, 1, 3]


@given(weight=matrices, values=st.sampled_from(VALUES), height=st.sampled_from([1, 2, 4, 16]))
def test_a_sparse_record_and_back(library, weight, values, height):
    memory = unpacked(library, kept_record(weight, height=height, values=values))
    assert memory is not None
    np.testing.assert_array_equal(kept_back(library, memory, weight, height), weight)


@given(weight=matrices, values=st.sampled_from(VALUES), groups=st.sampled_from([1, 2, 8]))
def test_a_dense_record_and_back(library, weight, values, groups):
    memory = unpacked(library, dense_record(weight, groups=groups, values=values))
    assert memory is not None
    np.testing.assert_array_equal(dense_back(memory, weight, groups), weight)


@given(weight=matrices, cut=st.integers(1, 60), extra=st.binary(max_size=3))
def test_a_record_of_another_length_is_refused(library, weight, cut, extra):
    for record in (kept_record(weight), dense_record(weight)):
        data = bytes(record.data)
        assert unpacked(library, record, data[:-cut]) is None
        if extra:
            assert unpacked(library, record, data + extra) is None


@given(weight=matrices, seed=st.integers(0, 2**32 - 1))
def test_a_hostile_record_is_refused_or_stays_inside(library, weight, seed):
    rng = np.random.default_rng(seed)
    record = kept_record(weight, height=2)
    data = bytearray(record.data)
    blocks = -(-weight.shape[1] // FILE_DEPTH)
    body = min(len(data), 16 + blocks * len(weight) // 2 + 200)
    for at in rng.integers(0, body, 3):
        data[at] = rng.integers(256)
    memory = unpacked(library, record, bytes(data))
    if memory is not None:
        assert kept_back(library, memory, weight, 2).shape == weight.shape


def test_values_in_half_the_bytes_are_the_nearest():
    weight = np.random.default_rng(0).standard_normal((16, 40), np.float32)
    for values in ("float16", "bfloat16"):
        data = bytes(dense_record(weight, values=values).data)[16:]
        numbers = np.frombuffer(data, "<u2")
        if values == "float16":
            back = numbers.view(np.float16).astype(np.float32)
        else:
            back = (numbers.astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_array_equal(back.reshape(weight.shape), rounded(weight, values))
