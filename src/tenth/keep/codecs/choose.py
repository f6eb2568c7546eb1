"""Choosing a codec by what it comes to: every one that applies is measured, the smallest wins.

In the fast tier the one that is faster to read wins within one per cent, and a large chunk is
measured on a sample first. Where that is clear, one codec is left; where the chunk shrinks so much
that tables and states weigh in the sample, all that come near are written in full.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tenth.keep.codecs.chunk import Chunk, Codec

_SAMPLED = 1 << 17  # chunks of more words are sampled
_PIECES, _PIECE = 8, 2048  # of so many runs of so many words of two bytes
_TIE = 1.01
_DIFFERENCE = 0.4  # of a sample's bytes
_HEADS = 256  # bytes by which tables and states weigh more in a sample
_CLEAR = 128 * _HEADS  # bytes of a sample, in which they do not


def choose(chunk: Chunk, codecs: Sequence[Codec]) -> tuple[Codec, bytes]:
    """The codec to write a chunk with, and the body that it gives.

    Args:
        codecs: the fastest to read first; one of them is `always` there.
    """
    if chunk.tier == "fast" and chunk.words.size > _SAMPLED:
        codecs = _promising(chunk, codecs)
    tried = _tried(chunk, codecs)
    tie = _TIE if chunk.tier == "fast" else 1.0
    most = tie * min(one.size for one in tried)
    found = next(one for one in tried if one.size <= most)
    return found.codec, found.codec.encode(chunk) or b"" if found.body is None else found.body


class _Tried(NamedTuple):
    """A codec and what it makes of a chunk: `body` is None where its size is known without it."""

    codec: Codec
    size: int
    body: bytes | None


def _tried(chunk: Chunk, codecs: Sequence[Codec]) -> list[_Tried]:
    """What codecs make of a chunk, those that do not apply left out."""
    found: list[_Tried] = []
    for codec in codecs:
        if codec.always:
            found.append(_Tried(codec, chunk.words.nbytes, None))
        elif (body := codec.encode(chunk)) is not None:
            found.append(_Tried(codec, len(body), body))
    return found


def _promising(chunk: Chunk, codecs: Sequence[Codec]) -> list[Codec]:
    sample = _sample(chunk)
    tried = _tried(sample, [codec for codec in codecs if codec.name != "raw"])
    if min(one.size for one in tried) > _DIFFERENCE * sample.words.nbytes:
        # planes alone, which numbers rarely shrink so far, only where a difference does no better
        tried = _tried(sample, [codec for codec in codecs if codec.name == "raw"]) + tried
    least = min(one.size for one in tried)
    near = {one.codec.name for one in tried if one.size <= _TIE * least + _HEADS}
    found = [codec for codec in codecs if codec.name in near]
    if "sparse" in near:
        # where changes are few, places and differences come to what all differences come to
        found = [codec for codec in found if codec.name != "sub"]
    best = found[:1] if least > _CLEAR else found
    # what applies to a sample need not apply to the chunk
    return [codec for codec in codecs if codec in best or codec.always]


def _sample(chunk: Chunk) -> Chunk:
    """Runs of words spread evenly over a chunk, with those of the base."""
    piece = _PIECE * max(1, chunk.words.itemsize // 2)  # wide words shrink less, by closer calls
    starts = np.linspace(0, chunk.words.size - piece, _PIECES).astype(int)
    parts = [chunk.part(start, start + piece) for start in starts]
    words = np.concatenate([part.words for part in parts])
    unders = [part.under for part in parts if part.under is not None]
    return Chunk(words, np.concatenate(unders) if unders else None, chunk.dtype, chunk.tier)
