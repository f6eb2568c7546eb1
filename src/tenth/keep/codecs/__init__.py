"""Codecs: exact ways to write a chunk of a tensor, alone or as a difference from a base.

    store    the bytes                              raw     byte planes, no base
    copy     equals the base                        sub     differences of raw words
    sparse   places and differences                 mask    a pruned chunk
    ctx      differences, given the base's exponent

    encoded = encode(values, base, "BF16")
    decode(encoded.codec, encoded.payload, "BF16", base, out)

Every payload but the empty one of `copy` begins with a byte for its codec's version. What is read
is checked: damage gives a FormatError, or other words of the right size, which only a hash shows.
docs/codecs.md has every byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tenth.errors import FormatError, InputError, must
from tenth.keep.codecs import ctx, mask, plain, raw, sparse, sub
from tenth.keep.codecs.choose import choose
from tenth.keep.codecs.chunk import Chunk, Codec, Target, Tier
from tenth.keep.codecs.payload import Reader
from tenth.keep.dtypes import dtype_of
from tenth.keep.native.words import Words, words_of

__all__ = ["CODECS", "Codec", "Encoded", "Tier", "decode", "encode"]

CODECS: Mapping[str, Codec] = MappingProxyType({
    codec.name: codec
    for codec in (  # the fastest to read first
        Codec("copy", 1, True, plain.copy, plain.copied),
        Codec("store", 1, False, plain.store, plain.restore, always=True),
        Codec("sparse", 1, True, sparse.encode, sparse.decode),
        Codec("raw", 1, False, raw.encode, raw.decode),
        Codec("sub", 1, True, sub.encode, sub.decode),
        Codec("mask", 1, False, mask.encode, mask.decode),
        Codec("ctx", 1, True, ctx.encode, ctx.decode),
    )
})  # fmt: skip


@dataclass(frozen=True)
class Encoded:
    """A written chunk: the codec that was chosen, and its payload."""

    codec: str
    payload: bytes


def encode(
    values: bytes | memoryview,
    base: bytes | memoryview | None,
    dtype: str,
    tier: Tier = "fast",
) -> Encoded:
    """Write a chunk with the codec that makes it smallest.

    Args:
        values: contiguous bytes of whole words of `dtype`, at most 4 GiB; a chunk of a tensor.
        base: as many bytes, those in the same places of the base; None: there is none.
        tier: `archive` writes all that applies in full and takes the smallest; `fast` decides on a
            sample, and takes what is faster to read where sizes are alike.

    Raises:
        InputError: the bytes are no whole words, or the base has another size.

    Cost: the codecs on a sample of 16,384 words or more, and the best in full.
    """
    kind = dtype_of(dtype)
    words = _checked(values, kind.word, "values")
    under = None if base is None else _checked(base, kind.word, "base")
    if under is not None and under.size != words.size:
        raise InputError(must("base", f"{words.nbytes} bytes as the values are", under.nbytes))
    chunk = Chunk(words, under, kind, tier)
    if under is not None and plain.copy(chunk) is not None:
        return Encoded("copy", b"")
    tried = [
        codec
        for name, codec in CODECS.items()
        if name != "copy" and (under is not None or not codec.needs_base)
    ]
    codec, body = choose(chunk, tried)
    return Encoded(codec.name, bytes((codec.version,)) + body)


def decode(
    codec: str,
    payload: bytes | memoryview,
    dtype: str,
    base: bytes | memoryview | None,
    out: memoryview,
) -> None:
    """Read a chunk into `out`, all of which is written.

    Memory beyond `out` stays under a small multiple of its size, whatever the payload says.

    Raises:
        FormatError: the payload is damaged, of another version or for another size; `out` then
            holds anything.
        InputError: there is no base where one is needed, it has another size than `out`, or `out`
            cannot be written or overlaps the base.
    """
    kind = dtype_of(dtype)
    found = CODECS.get(codec)
    if found is None:
        raise FormatError(must("codec", "one of " + ", ".join(CODECS), repr(codec)))
    words = _checked(out, kind.word, "out")
    under = None if base is None else _checked(base, kind.word, "base")
    if under is not None and under.size != words.size:
        raise InputError(must("base", f"{words.nbytes} bytes as the chunk is", under.nbytes))
    if not words.flags.writeable or (under is not None and np.may_share_memory(words, under)):
        raise InputError(must("out", "writeable, and other memory than the base", "neither"))
    source = Reader(payload)
    if codec != "copy":
        version = source.byte()
        if version != found.version:
            raise FormatError(
                must(f"version of codec {codec}", str(found.version), version, "Update tenth.")
            )
    found.decode(source, Target(words, under, kind))
    source.end()


def _checked(data: bytes | memoryview, word: int, name: str) -> Words:
    view = memoryview(data)
    if not view.c_contiguous:
        raise InputError(must(name, "contiguous", "strides"))
    if view.nbytes % word or view.nbytes >= 1 << 32:
        raise InputError(must(name, f"whole words of {word} bytes, under 4 GiB", view.nbytes))
    return words_of(view, word)
