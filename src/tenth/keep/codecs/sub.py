"""SUB: the difference of raw words, modulo their size, as small signed numbers.

Two nearby floats of one sign are nearby integers as raw words, so an update becomes a small whole
number.

Source: as in FM-Delta, Ning et al., NeurIPS 2024, doi:10.52202/079017-2134, there on ordered
integers and under a range coder.
"""

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader


def encode(chunk: Chunk) -> bytes | None:
    """The differences as a column of small numbers; None without a base."""
    if chunk.under is None:
        return None
    return columns.pack_small(chunk.words, chunk.under)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    columns.unpack_small(source, target.out, target.base_words())
