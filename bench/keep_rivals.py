"""One rival of `tenth keep` on one pair, inside an environment of its own; called by bench/keep.py.

    python keep_rivals.py zipnn|z4ai PAIR.npz

The file holds arrays of bytes, `values_N` and `base_N`, with the type of the numbers in `dtype_N`.
Printed as JSON: the bytes of all tensors, each stored in the smaller of the two ways that the rival
has, as a difference or alone; and the seconds to write and to read. A tensor that equals its base
takes nothing. What is read back is compared; a way that gives other bytes back is not taken, and
`inexact` counts these.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

Way = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]
NAMES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
SHORT = {"F32": "fp32", "BF16": "bf16", "F16": "fp16"}


def zipnn(dtype: str, base: bytes) -> list[Way]:
    """Version 0.5: its XOR with a second array, and its own compression."""
    from zipnn import ZipNN

    kind = {"input_format": "byte", "bytearray_dtype": NAMES[dtype], "threads": 1}
    alone, delta = ZipNN(**kind), ZipNN(**kind, delta_compressed_type="byte")
    return [
        (
            lambda data: bytes(delta.compress(_own(data), delta_second_data=_own(base))),
            lambda data: bytes(delta.decompress(data, delta_second_data=_own(base))),
        ),
        (
            lambda data: bytes(alone.compress(_own(data))),
            lambda data: bytes(alone.decompress(data)),
        ),
    ]


def _own(data: bytes) -> bytes:
    """A copy: zipnn turns bits within what it is given."""
    return bytes(bytearray(data))


def z4ai(dtype: str, base: bytes) -> list[Way]:
    """Version 0.2: its delta to a reference, and its own compression."""
    import z4ai as package

    kind = {"dtype": SHORT[dtype], "threads": 1}
    return [
        (
            lambda data: package.compress_delta(data, base, **kind),
            lambda data: bytes(package.decompress_delta(data, base)),
        ),
        (
            lambda data: package.compress(data, **kind),
            lambda data: bytes(package.decompress(data)),
        ),
    ]


RIVALS = {"zipnn": zipnn, "z4ai": z4ai}


def tensor(ways: list[Way], values: bytes) -> tuple[list[tuple[int, float, float]], int]:
    """Bytes, and seconds to write and to read, of each exact way; and how many are not."""
    found, inexact = [], 0
    for write, read in ways:
        began = time.perf_counter()
        stored = write(values)
        written = time.perf_counter()
        if read(stored) == values:
            found.append((len(stored), written - began, time.perf_counter() - written))
        else:
            inexact += 1
    return found, inexact


def main() -> None:
    rival, path = RIVALS[sys.argv[1]], sys.argv[2]
    total, inexact, writing, reading = 0, 0, 0.0, 0.0
    with np.load(path) as held:
        for number in range(len(held.files) // 3):
            values, base = held[f"values_{number}"].tobytes(), held[f"base_{number}"].tobytes()
            dtype = str(held[f"dtype_{number}"])
            if values == base:
                continue
            if len(values) < 1024 or dtype not in NAMES:  # nothing to gain but a header
                total += len(values)
                continue
            ways, wrong = tensor(rival(dtype, base), values)
            size, write, read = min(ways, default=(len(values), 0.0, 0.0))
            total += min(size, len(values))
            inexact += wrong
            writing += write
            reading += read
    print(
        json.dumps(
            {
                "bytes": total,
                "inexact": inexact,
                "write_seconds": writing,
                "read_seconds": reading,
            }
        )
    )


if __name__ == "__main__":
    main()
