"""docs/codecs.md is enough to read a payload: a reader written from it gives the same words."""

import numpy as np
import pytest

from tenth.keep.codecs import CODECS
from tenth.keep.codecs.chunk import Chunk
from tenth.keep.dtypes import DTYPES

from . import plain_reader
from .chunks import moved, odd, words

SIZE = 4500


def kinds(dtype):
    """(base, variant) for which each codec and each of its forms is written."""
    base = words(dtype, SIZE)
    top = base.dtype.type(1 << (8 * base.itemsize - 1))
    sizes = base & (top - base.dtype.type(1))
    large = sizes > np.quantile(sizes, 0.8)
    yield base, moved(base, 0.9, 90_000)
    yield base, moved(base, 0.03)
    yield base, np.where(np.arange(SIZE) // 900 % 2, moved(base, 1.0, 90), moved(base, 0.1, 1))
    yield base, np.where(large, moved(base, 1.0, 9), base & top)
    yield base, np.where(np.arange(SIZE) % 7 == 0, base, base.dtype.type(0))
    yield base, odd(dtype, SIZE)
    yield None, base


@pytest.mark.parametrize("dtype", ["U8", "BF16", "F16", "I16", "F32", "C64", "I64", "F64"])
def test_a_reader_written_from_the_page_gives_the_same_words(dtype):
    seen = set()
    for base, values in kinds(dtype):
        for name, codec in CODECS.items():
            if base is None and codec.needs_base:
                continue
            body = codec.encode(Chunk(values, base, DTYPES[dtype], "archive"))
            if body is None:
                continue
            seen.add(name)
            payload = b"" if name == "copy" else bytes((codec.version,)) + body
            under = None if base is None else base.tolist()
            found = plain_reader.read(name, payload, dtype, values.itemsize, under, SIZE)
            assert found == values.tolist(), name
    assert {"store", "raw", "sub", "sparse", "mask"} <= seen
    assert "ctx" in seen or values.itemsize == 8
