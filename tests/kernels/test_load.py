"""Unpacking numbers in C: every value of a form, and what is of another length or out of range."""

import ctypes

import numpy as np
import pytest

from tenth.kernels import compile_library, sources
from tenth.kernels.records import plain_record, rounded
from tenth.kernels.weights import checksum

FORMS = ("float32", "float16", "bfloat16", "int32")
FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    kernels = [f"unpack_{form}" for form in FORMS]
    text = "#include <stdint.h>\n#include <stddef.h>\n#include <string.h>\n"
    text += sources.source([*kernels, "weights_checksum"])
    for name in kernels:
        text += (
            f"int try_{name}(const unsigned char *from, size_t size, void *to, size_t to_size, "
            "int64_t a, int64_t b)\n"
            f"{{ return {name}(from, size, to, to_size, a, b, 0); }}\n"
        )
    text += "uint64_t try_checksum(const unsigned char *from, uint64_t size)\n"
    text += "{ return weights_checksum(from, size); }\n"
    folder = tmp_path_factory.mktemp("load")
    (folder / "load.c").write_text(text)
    compile_library([folder / "load.c"], folder / "load.so", FLAGS)
    return ctypes.CDLL(str(folder / "load.so"))


def unpack(library, form, data, count, ends=(0, 0)):
    """The numbers, or None where they are refused."""
    from_, to = np.frombuffer(data, np.uint8), np.zeros(max(count, 1), np.float32)
    done = library[f"try_unpack_{form}"](
        ctypes.c_void_p(from_.ctypes.data),
        ctypes.c_size_t(len(data)),
        ctypes.c_void_p(to.ctypes.data),
        ctypes.c_size_t(4 * count),
        *map(ctypes.c_int64, ends),
    )
    return to[:count] if done else None


@pytest.mark.parametrize("form", ["float16", "bfloat16"])
def test_every_half_becomes_the_float_that_it_is(library, form):
    bits = np.arange(2**16, dtype="<u2")
    whole = (bits.astype(np.uint32) << 16).view(np.float32)
    expected = bits.view("<f2").astype(np.float32) if form == "float16" else whole
    found = unpack(library, form, bits.tobytes(), 2**16)
    numbers = ~np.isnan(expected)
    assert np.isnan(found[~numbers]).all()
    np.testing.assert_array_equal(found[numbers].view(np.uint32), expected[numbers].view(np.uint32))


@pytest.mark.parametrize("form", ["float32", "float16", "bfloat16"])
def test_what_is_written_is_read(library, form):
    array = np.random.default_rng(0).standard_normal(1001).astype(np.float32)
    found = unpack(library, form, bytes(plain_record(array, form).data), 1001)
    np.testing.assert_array_equal(found, rounded(array, form))


def test_whole_numbers_are_read_and_held_between_their_ends(library):
    array = np.array([5, -7, 2**31 - 1, -(2**31)], np.int32)
    record = plain_record(array)
    found = unpack(library, "int32", bytes(record.data), 4, record.numbers[:2])
    assert found.view(np.int32).tolist() == array.tolist()
    assert unpack(library, "int32", bytes(record.data), 4, (-(2**31), 2**31 - 2)) is None
    assert unpack(library, "int32", bytes(record.data), 4, (1 - 2**31, 2**31 - 1)) is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("more", [-4, -2, -1, 1, 2, 4])
def test_another_length_is_refused(library, form, more):
    size = 10 * (2 if "16" in form else 4)
    assert unpack(library, form, bytes(size), 10) is not None
    assert unpack(library, form, bytes(size + more), 10) is None
    assert unpack(library, form, b"\0" * 0, 0) is not None


def test_the_checksum_in_c_is_that_in_numpy(library):
    library.try_checksum.restype = ctypes.c_uint64
    for size in (0, 8, 64, 8 * 2**15, 8 * (2**15 + 5)):
        data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
        found = library.try_checksum(ctypes.c_void_p(data.ctypes.data), ctypes.c_uint64(size))
        assert found == checksum(data.tobytes())
