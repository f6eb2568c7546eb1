"""CAST: the base in another float type, so that a float32 variant of a bfloat16 base is small."""

from tenth.errors import FormatError, InputError, must
from tenth.keep.dtypes import dtype_of
from tenth.keep.native.words import Words, words_of
from tenth.keep.predict.floats import FLOATS, from_singles, narrow, singles, widen

_BLOCK = 1 << 15  # elements at once, so that they stay in the cache


def cast(base: bytes | memoryview, from_dtype: str, to_dtype: str) -> bytes:
    """The elements of `base` as elements of another type, rounded to even.

    What the type cannot hold becomes infinite or zero, and each NaN the one quiet NaN, so that the
    bytes are the same on every machine. float64 is rounded to float32 first.

    Args:
        base: whole elements.
        from_dtype: F16, BF16, F32 or F64, as `to_dtype`.

    Raises:
        FormatError: a type is none of these.
        InputError: the bytes are no whole elements.
    """
    for name in (from_dtype, to_dtype):
        if name not in FLOATS:
            raise FormatError(must("dtype of a cast", "one of " + ", ".join(FLOATS), repr(name)))
    word = dtype_of(from_dtype).word
    view = memoryview(base)
    if view.nbytes % word:
        raise InputError(must("bytes to cast", f"whole words of {word} bytes", view.nbytes))
    words = words_of(view, word)
    out = bytearray(words.size * dtype_of(to_dtype).word)
    to = words_of(memoryview(out), dtype_of(to_dtype).word)
    for start in range(0, words.size, _BLOCK):
        to[start : start + _BLOCK] = _cast(words[start : start + _BLOCK], from_dtype, to_dtype)
    return bytes(out)


def _cast(words: Words, from_dtype: str, to_dtype: str) -> Words:
    if "F64" in (from_dtype, to_dtype):
        return narrow(widen(words, from_dtype), to_dtype)
    return from_singles(singles(words, from_dtype), to_dtype)
