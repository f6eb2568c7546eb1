"""A column of words: how plain weights, differences and gaps are written within a payload.

A column's count and word size are known to its reader. A column of small numbers begins with a byte
for its form:

    0  byte planes, the lowest first (see `frames`), of the numbers plus a bias: 0x80 in every byte
       but the highest, so that small negative ones leave the high planes constant
    1  interleaved rANS over buckets (see `native.rans`)

A column of plain words is byte planes alone.
"""

import numpy as np
from numpy.typing import NDArray

from tenth.keep import native
from tenth.keep.codecs import frames
from tenth.keep.codecs.payload import Reader, damaged, number
from tenth.keep.native import planes, rans
from tenth.keep.native.rans import Coded, Contexts
from tenth.keep.native.words import WORD_TYPES, Words

_PLANES, _RANS = 0, 1
_SAMPLED, _PIECES, _PIECE = 1 << 14, 8, 1024  # larger columns are tried on so many runs
_FEWEST = 256  # numbers, under which a table of frequencies is not worth trying
_WIDEST = 4  # bytes of a word that rANS takes


def pack(words: Words, turned: bool, effort: str) -> bytes:
    """Plain words as byte planes; `turned` rotates each left by one."""
    parts = planes.split_turned(words) if turned else planes.split(words)
    return b"".join(frames.pack(part, effort) for part in parts)


def unpack(source: Reader, out: Words, turned: bool) -> None:
    """Inverse of `pack`; all of `out` is written.

    Raises:
        FormatError: the column is damaged.
    """
    parts = _planes(source, out)
    if turned:
        planes.join_turned(parts, out)
    else:
        planes.join(parts, out)


def pack_small(words: Words, under: Words | None = None) -> bytes:
    """Words less those under them, as small signed numbers, in the smaller form."""
    if native.kernel() is None or words.itemsize > _WIDEST or words.size < _FEWEST:
        return _packed_planes(words, under)
    if words.size > _SAMPLED:
        at = _sample(words.size)
        some = words[at], None if under is None else under[at]
        better = len(_packed_rans(*some)) < len(_packed_planes(*some))
        return _packed_rans(words, under) if better else _packed_planes(words, under)
    return min(_packed_rans(words, under), _packed_planes(words, under), key=len)


def unpack_small(source: Reader, out: Words, under: Words | None = None) -> None:
    """Inverse of `pack_small`; all of `out` is written.

    Raises:
        FormatError: the column is damaged.
    """
    form = source.byte()
    if form == _RANS:
        unpack_rans(source, out, under, Contexts())
    elif form == _PLANES:
        under = np.zeros_like(out) if under is None else under
        planes.join_difference(_planes(source, out), under, out)
    else:
        raise damaged(f"a column has the unknown form {form}")


def small(source: Reader, count: int, word: int) -> Words:
    """The next column of `count` small numbers, in memory of its own."""
    out = np.empty(count, WORD_TYPES[word])
    unpack_small(source, out)
    return out


def pack_rans(words: Words, under: Words | None, contexts: Contexts) -> bytes:
    """Words less those under them under rANS, with frequencies for each class."""
    coded = rans.encode(words, under, contexts)
    used = np.flatnonzero(coded.frequencies.any(axis=0))
    highest = int(used[-1])
    table = np.ascontiguousarray(coded.frequencies[:, : highest + 1]).ravel()
    lanes = coded.states.size // rans.ROW
    return b"".join((
        bytes((lanes.bit_length() - 1, highest)),
        *(frames.pack(plane) for plane in planes.split(table)),
        number(coded.stream.size),
        coded.states.astype("<u4").tobytes(),
        coded.stream.astype("<u2", copy=False).tobytes(),
    ))  # fmt: skip


def unpack_rans(source: Reader, out: Words, under: Words | None, contexts: Contexts) -> None:
    """Inverse of `pack_rans`.

    Raises:
        FormatError: the column is damaged.
    """
    lanes, highest = rans.ROW << source.byte(), source.byte()
    if lanes > rans.MOST_LANES or out.itemsize > _WIDEST:
        raise damaged("an entropy-coded column has a form that is never written")
    table = np.empty(contexts.total * (highest + 1), WORD_TYPES[2])
    planes.join(_planes(source, table), table)
    frequencies = np.zeros((contexts.total, rans.SYMBOLS), np.uint16)
    frequencies[:, : highest + 1] = table.reshape(contexts.total, -1)
    if not rans.sound(frequencies):
        raise damaged("frequencies have another sum than they must")
    length = source.number()
    states = np.frombuffer(source.take(4 * lanes), "<u4").astype(np.uint32)
    stream = np.frombuffer(source.take(2 * length), "<u2")
    if not rans.decode(Coded(frequencies, states, stream), under, out, contexts):
        raise damaged("an entropy-coded column ends in a wrong state")


def _packed_planes(words: Words, under: Words | None) -> bytes:
    under = np.zeros_like(words) if under is None else under
    parts = planes.split_difference(words, under)
    return bytes((_PLANES,)) + b"".join(frames.pack(part) for part in parts)


def _packed_rans(words: Words, under: Words | None) -> bytes:
    return bytes((_RANS,)) + pack_rans(words, under, Contexts())


def _planes(source: Reader, out: Words) -> list[NDArray[np.uint8]]:
    return [frames.unpack(source, out.size) for _ in range(out.itemsize)]


def _sample(size: int) -> NDArray[np.int64]:
    starts = np.linspace(0, size - _PIECE, _PIECES).astype(np.int64)
    return (starts[:, None] + np.arange(_PIECE)).ravel()
