"""What a codec gets and gives: a chunk's words, those of its base, and how hard to try."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tenth.errors import InputError
from tenth.keep.codecs.payload import Reader
from tenth.keep.dtypes import Dtype
from tenth.keep.native.words import Words

Tier = Literal["fast", "archive"]


@dataclass(frozen=True)
class Chunk:
    """A chunk to write: its words, the words of its base in the same places, its element type."""

    words: Words
    under: Words | None
    dtype: Dtype
    tier: Tier = "fast"

    def part(self, start: int, stop: int) -> "Chunk":
        """Words `start` to `stop` as a chunk."""
        under = None if self.under is None else self.under[start:stop]
        return Chunk(self.words[start:stop], under, self.dtype, self.tier)

    @property
    def effort(self) -> str:
        """How planes without a base are written: matches are found in text, not in weights."""
        if self.dtype.is_float:
            return "noise"
        return "text" if self.tier == "fast" else "small"


@dataclass(frozen=True)
class Target:
    """A chunk to read: where its words go, the words of its base, its element type."""

    out: Words
    under: Words | None
    dtype: Dtype

    def base_words(self) -> Words:
        """The words of the base.

        Raises:
            InputError: there are none.
        """
        if self.under is None:
            raise InputError("This chunk is a difference and needs its base. Got none.")
        return self.under


@dataclass(frozen=True)
class Codec:
    """One way to write a chunk.

    Attributes:
        version: stands in the payload and in manifests; another one is refused.
        needs_base: whether it reads the words of a base.
        encode: the body of a payload, or None where the codec does not apply to this chunk.
        decode: fills all of a target from a payload's body, or raises FormatError.
        always: it applies to any chunk, and gives no more than its bytes.
    """

    name: str
    version: int
    needs_base: bool
    encode: Callable[[Chunk], bytes | None]
    decode: Callable[[Reader, Target], None]
    always: bool = False
