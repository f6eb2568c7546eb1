"""The 22 element types of safetensors, as the codecs see them: words of 1, 2, 4 or 8 bytes.

A codec never computes with the values: it subtracts raw words, modulo their size, so that NaN
payloads, -0 and every other pattern of bits come back.

Source: safetensors 0.8, `Dtype` (https://github.com/huggingface/safetensors).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tenth.errors import FormatError, must

CHUNK_ELEMENTS = 1 << 20
"""Elements of a chunk, the last one of a tensor aside; bytes for types of less than a byte."""


@dataclass(frozen=True)
class Dtype:
    """One element type.

    Attributes:
        bits: of an element.
        word: bytes of the unit that codecs subtract; types of 4 and 6 bits travel as bytes, and a
            complex number as two words.
        exponent: where the exponent of a word stands, (lowest bit, count of bits); None for
            integers and for types of up to 8 bits.
    """

    name: str
    bits: int
    word: int
    exponent: tuple[int, int] | None = None

    @property
    def is_float(self) -> bool:
        """Whether its values are fractions, in which zstd finds no matches."""
        return self.name.startswith(("F", "BF", "C"))

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a whole chunk."""
        return CHUNK_ELEMENTS * self.bits // 8 if self.bits >= 8 else CHUNK_ELEMENTS


DTYPES: Mapping[str, Dtype] = MappingProxyType({
    row.name: row
    for row in (
        Dtype("BOOL", 8, 1),
        Dtype("F4", 4, 1),
        Dtype("F6_E2M3", 6, 1),
        Dtype("F6_E3M2", 6, 1),
        Dtype("U8", 8, 1),
        Dtype("I8", 8, 1),
        Dtype("F8_E5M2", 8, 1),
        Dtype("F8_E4M3", 8, 1),
        Dtype("F8_E8M0", 8, 1),
        Dtype("F8_E4M3FNUZ", 8, 1),
        Dtype("F8_E5M2FNUZ", 8, 1),
        Dtype("I16", 16, 2),
        Dtype("U16", 16, 2),
        Dtype("F16", 16, 2, (10, 5)),
        Dtype("BF16", 16, 2, (7, 8)),
        Dtype("I32", 32, 4),
        Dtype("U32", 32, 4),
        Dtype("F32", 32, 4, (23, 8)),
        Dtype("C64", 64, 4, (23, 8)),
        Dtype("F64", 64, 8, (52, 11)),
        Dtype("I64", 64, 8),
        Dtype("U64", 64, 8),
    )
})  # fmt: skip


def dtype_of(name: str) -> Dtype:
    """The row of `DTYPES`.

    Raises:
        FormatError: there is no such type.
    """
    found = DTYPES.get(name)
    if found is None:
        raise FormatError(must("dtype", "one of " + ", ".join(DTYPES), repr(name)))
    return found
