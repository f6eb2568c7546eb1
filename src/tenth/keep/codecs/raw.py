"""RAW: a chunk without a base, as byte planes under zstd.

Words of a float type are rotated left by one first. That brings the sign to the lowest bit, so that
the whole exponent of a bfloat16 or float32 number stands in its highest byte, which is the only one
that is not noise.
"""

from tenth.keep.codecs import columns
from tenth.keep.codecs.chunk import Chunk, Target
from tenth.keep.codecs.payload import Reader


def encode(chunk: Chunk) -> bytes:
    """The planes of the words."""
    return columns.pack(chunk.words, chunk.dtype.exponent is not None, chunk.effort)


def decode(source: Reader, target: Target) -> None:
    """Inverse of `encode`."""
    columns.unpack(source, target.out, target.dtype.exponent is not None)
