"""Which stored numbers are zero, seen from their bits: any type of a file, no arithmetic."""

import numpy as np

# bytes of a number, and whether its highest bit is a sign, so that -0 is zero too
_WORDS = {
    "F64": (8, True), "F32": (4, True), "F16": (2, True), "BF16": (2, True),
    "F8_E4M3": (1, True), "F8_E5M2": (1, True),
    "F8_E4M3FNUZ": (1, False), "F8_E5M2FNUZ": (1, False),  # their -0 is NaN
    "I64": (8, False), "I32": (4, False), "I16": (2, False), "I8": (1, False),
    "U64": (8, False), "U32": (4, False), "U16": (2, False), "U8": (1, False),
    "BOOL": (1, False),
}  # fmt: skip


def live(dtype: str, data: bytes) -> np.ndarray | None:
    """Which numbers are not zero, as a flat array of bool; None for types of no whole bytes.

    dtype: as safetensors writes it.

    >>> live("F16", bytes([0, 0, 0, 128, 1, 0])).tolist()
    [False, False, True]
    """
    if dtype not in _WORDS:
        return None
    size, signed = _WORDS[dtype]
    bits = np.frombuffer(data, f"<u{size}")
    if not signed:
        return bits != 0
    return (bits & bits.dtype.type(2 ** (8 * size - 1) - 1)) != 0
