"""Choosing a codec by what it comes to: every one that applies is measured, the smallest wins.

In the fast tier the one that is faster to read wins within one per cent, and a large chunk is
measured on a sample first. Where that is clear, one codec is left; where the chunk shrinks so much
that tables and states weigh in the sample, all that come near are written in full.
"""

from collections.abc import Sequence

import numpy as np

from tenth.keep.codecs.chunk import Chunk, Codec

_SAMPLED = 1 << 17  # chunks of more words are sampled
_PIECES, _PIECE = 8, 4096  # of so many runs of so many words
_TIE = 1.01
_HEADS = 256  # bytes by which tables and states weigh more in a sample
_CLEAR = 128 * _HEADS  # bytes of a sample, in which they do not


def choose(chunk: Chunk, codecs: Sequence[Codec]) -> tuple[Codec, bytes]:
    """The codec to write a chunk with, and the body that it gives.

    Args:
        codecs: the fastest to read first; one of them is `always` there.
    """
    if chunk.tier == "fast" and chunk.words.size > _SAMPLED:
        codecs = _promising(chunk, codecs)
    bodies = [(codec, body) for codec in codecs if (body := codec.encode(chunk)) is not None]
    least = min(len(body) for _, body in bodies)
    tie = _TIE if chunk.tier == "fast" else 1.0
    return next(found for found in bodies if len(found[1]) <= tie * least)


def _promising(chunk: Chunk, codecs: Sequence[Codec]) -> list[Codec]:
    sample = _sample(chunk)
    sizes = [(codec, codec.encode(sample)) for codec in codecs]
    least = min(len(body) for _, body in sizes if body is not None)
    near = _TIE * least + _HEADS
    found = [codec for codec, body in sizes if body is not None and len(body) <= near]
    if any(codec.name == "sparse" for codec in found):
        # where changes are few, places and differences come to what all differences come to
        found = [codec for codec in found if codec.name != "sub"]
    best = found[:1] if least > _CLEAR else found
    # what applies to a sample need not apply to the chunk
    return [codec for codec in codecs if codec in best or codec.always]


def _sample(chunk: Chunk) -> Chunk:
    """Runs of words spread evenly over a chunk, with those of the base."""
    starts = np.linspace(0, chunk.words.size - _PIECE, _PIECES).astype(int)
    parts = [chunk.part(start, start + _PIECE) for start in starts]
    words = np.concatenate([part.words for part in parts])
    unders = [part.under for part in parts if part.under is not None]
    return Chunk(words, np.concatenate(unders) if unders else None, chunk.dtype, chunk.tier)
