"""The element types: all that safetensors knows, and none else."""

import pytest

from tenth.errors import FormatError
from tenth.keep.dtypes import CHUNK_ELEMENTS, DTYPES, dtype_of


def test_there_are_the_22_of_safetensors():
    assert len(DTYPES) == 22
    assert {row.word for row in DTYPES.values()} == {1, 2, 4, 8}
    assert all(name == row.name for name, row in DTYPES.items())


@pytest.mark.parametrize(
    ("name", "exponent_of_one"), [("F16", 15), ("BF16", 127), ("F32", 127), ("F64", 1023)]
)
def test_an_exponent_stands_where_the_table_says(name, exponent_of_one):
    import numpy as np

    row = DTYPES[name]
    one = {"F16": "<f2", "BF16": "<f4", "F32": "<f4", "F64": "<f8"}[name]
    raw = int.from_bytes(np.ones(1, one).tobytes()[-row.word :], "little")
    shift, bits = row.exponent
    assert raw >> shift == exponent_of_one
    assert shift + bits == row.bits - 1


def test_chunks_are_whole_elements_and_words():
    for row in DTYPES.values():
        assert row.chunk_bytes % row.word == 0
        assert row.chunk_bytes * 8 % row.bits in (0, 2, 4)
    assert DTYPES["BF16"].chunk_bytes == 2 * CHUNK_ELEMENTS
    assert DTYPES["F4"].chunk_bytes == CHUNK_ELEMENTS


def test_another_type_is_refused_with_the_list():
    with pytest.raises(FormatError, match="one of BOOL"):
        dtype_of("Q4")
