"""Choosing a codec by what it comes to: every one that applies is measured, the smallest wins.

A large chunk is measured on a sample first, and only those near the best there are written in full.
Within three per cent the one that is faster to read wins.
"""

from collections.abc import Sequence

import numpy as np

from tenth.keep.codecs.chunk import Chunk, Codec

_SAMPLED = 1 << 17  # chunks of more words are sampled
_PIECES, _PIECE = 16, 4096  # of so many runs of so many words
_NEAR, _HEADS, _TIE = 1.04, 256, 1.03  # tables and states weigh more in a sample, by so many bytes


def choose(chunk: Chunk, codecs: Sequence[Codec]) -> tuple[Codec, bytes]:
    """The codec to write a chunk with, and the body that it gives.

    Args:
        codecs: the fastest to read first; one of them applies to any chunk.
    """
    if chunk.words.size > _SAMPLED:
        codecs = _promising(chunk, codecs)
    bodies = [(codec, body) for codec in codecs if (body := codec.encode(chunk)) is not None]
    least = min(len(body) for _, body in bodies)
    return next(found for found in bodies if len(found[1]) <= _TIE * least)


def _promising(chunk: Chunk, codecs: Sequence[Codec]) -> list[Codec]:
    sample = _sample(chunk)
    sizes = [(codec, codec.encode(sample)) for codec in codecs]
    least = min(len(body) for _, body in sizes if body is not None)
    near = _NEAR * least + _HEADS
    return [codec for codec, body in sizes if body is not None and len(body) <= near] or [
        codecs[-1]
    ]


def _sample(chunk: Chunk) -> Chunk:
    """Runs of words spread evenly over a chunk, with those of the base."""
    starts = np.linspace(0, chunk.words.size - _PIECE, _PIECES).astype(int)
    parts = [chunk.part(start, start + _PIECE) for start in starts]
    words = np.concatenate([part.words for part in parts])
    unders = [part.under for part in parts if part.under is not None]
    return Chunk(words, np.concatenate(unders) if unders else None, chunk.dtype, chunk.tier)
