"""Small models as folders, made without torch: a family of one base and its variants."""

import json
from pathlib import Path

import numpy as np

SIZES = {"embed.weight": (600, 64), "block.0.weight": (256, 256), "block.0.bias": (256,)}
CODES = {"f4": "F32", "f2": "F16", "u2": "BF16", "i8": "I64"}


def bf16(values):
    """float32 as the words of bfloat16, rounded to nearest even."""
    words = np.asarray(values, "<f4").view("<u4").astype("u8")
    return ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).astype("<u2")


def weights(seed=0, sizes=SIZES):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.02, shape).astype("<f4") for name, shape in sizes.items()}


def tuned(arrays, seed=1, size=1e-4):
    rng = np.random.default_rng(seed)
    return {
        name: (array + rng.normal(0, size, array.shape)).astype(array.dtype)
        for name, array in arrays.items()
    }


def as_bf16(arrays):
    return {name: bf16(array) for name, array in arrays.items()}


def safetensors(arrays, metadata=None):
    """The bytes of a safetensors file; uint16 stands for bfloat16."""
    header, at = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, array in arrays.items():
        header[name] = {
            "dtype": CODES[array.dtype.str[1:]],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(array.tobytes() for array in arrays.values())
    return len(text).to_bytes(8, "little") + text + body


def folder(path, arrays, **more):
    """A model folder: weights, config.json, an empty file, a file below."""
    path = Path(path)
    (path / "more").mkdir(parents=True)
    (path / "model.safetensors").write_bytes(safetensors(arrays, {"format": "pt"}))
    (path / "config.json").write_text(json.dumps({"model_type": "test", **more}))
    (path / "empty.txt").write_bytes(b"")
    (path / "more" / "notes.txt").write_text("ü" * 10)
    return path


def files(path):
    """Every file of a folder: name to bytes."""
    path = Path(path)
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }
