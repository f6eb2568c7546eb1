"""The tensors that the pickle of a torch file describes, and the storages they lie in."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tenth.errors import FormatError, must
from tenth.keep.sources.files import TensorInfo
from tenth.keep.sources.pickles import Call, Name, Pairs, Persistent

# torch's names of storages and of dtypes, and safetensors' names; None: it has no name there
_STORAGES: dict[str, str | None] = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
    "ByteStorage": "U8", "BoolStorage": "BOOL", "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": None, "UntypedStorage": "U8", "QInt8Storage": None,
    "QUInt8Storage": None, "QInt32Storage": None, "QUInt4x2Storage": None, "QUInt2x4Storage": None,
}  # fmt: skip
_DTYPES: dict[str, str | None] = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
    "uint16": "U16", "uint32": "U32", "uint64": "U64", "complex64": "C64", "complex128": None,
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
}  # fmt: skip
_BYTES = {"C64": 8, "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2,
          "BF16": 2, "I16": 2, "U16": 2}  # fmt: skip

_LAYOUTS = ("per_tensor_affine", "per_channel_affine", "strided", "sparse_coo", "sparse_csr")
_OTHERS = ("sparse_tensor", "qtensor", "meta_tensor_no_storage")
_UTILS = "torch._utils"
_TENSORS = (Name(_UTILS, "_rebuild_tensor_v2"), Name(_UTILS, "_rebuild_tensor_v3"))
_PARAMETERS = (
    Name(_UTILS, "_rebuild_parameter"),
    Name(_UTILS, "_rebuild_parameter_with_state"),
)
_WITH_ATTRIBUTES = Name("torch._tensor", "_rebuild_from_type_v2")
# what torch takes with weights_only, as nothing of it runs: torch/_weights_only_unpickler.py
_ALLOWED = {
    *_TENSORS,
    *_PARAMETERS,
    _WITH_ATTRIBUTES,
    *(Name(_UTILS, f"_rebuild_{kind}") for kind in _OTHERS),
    *(Name("torch", name) for name in ("Size", "device", "Tensor", *_LAYOUTS, *_DTYPES)),
    *(Name("torch.nn.parameter", name) for name in ("Parameter", "Buffer")),
    *(Name("collections", name) for name in ("OrderedDict", "Counter")),
    *(Name(m, n) for m in ("builtins", "__builtin__") for n in ("set", "complex", "bytearray")),
    Name("torch.serialization", "_get_layout"),
    Name("_codecs", "encode"),
}
_STORAGE_MODULES = ("torch", "torch.storage", "torch.cuda")
_LONGEST_NAME = 1000
_MOST_DIMENSIONS = 64


class View(NamedTuple):
    """A tensor in its storage: the bytes [start, end) of it, if they are one run, rows first."""

    tensor: TensorInfo
    start: int
    end: int
    whole: bool


@dataclass
class Storage:
    """Bytes outside of the pickle; the `dtype` is None where safetensors has no name for it."""

    key: str
    dtype: str | None
    count: int
    size_bytes: int | None
    views: list[View] = field(default_factory=list)


def storages(value: Any) -> dict[str, Storage]:
    """Storages by key, with the tensors in them, from what `pickles.read` gives.

    A tensor's name is the path of keys to it, joined by ".". One that stands at several places has
    the name of the first.

    Raises:
        FormatError: the pickle names anything but weights, or its numbers do not fit together.
    """
    found: dict[str, Storage] = {}
    seen: dict[int, Any] = {}  # the items too, so that no id is given to another one
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        path, item = left.pop()
        if isinstance(item, Name):
            _check_allowed(item)
            continue
        if not isinstance(item, (Call, Pairs, list, tuple, Persistent)) or id(item) in seen:
            continue
        seen[id(item)] = item
        if isinstance(item, Persistent):
            _storage(item, found)
        elif isinstance(item, Call) and item.function in _TENSORS:
            _view(path, item.arguments, found)
            left.append(("", item.arguments[4:]))
        else:
            left.extend(reversed(_inside(path, item)))
    return found


def _check_allowed(name: Any) -> None:
    if not isinstance(name, Name) or name not in _ALLOWED:
        got = f"{name.module}.{name.name}"[:200] if isinstance(name, Name) else "a call of a value"
        remedy = "Load it where you trust it, and save its state_dict()."
        raise FormatError(must("torch file", "of weights alone", got, remedy))


def _inside(path: str, item: Call | Pairs | list[Any] | tuple[Any, ...]) -> list[tuple[str, Any]]:
    if isinstance(item, Pairs):
        keys = [("", key) for key, _ in item.items]
        return keys + [(_joined(path, key), value) for key, value in item.items]
    if isinstance(item, Call):
        _check_allowed(item.function)
        given = item.arguments if isinstance(item.arguments, tuple) else ()
        if item.function in _PARAMETERS and given:
            return [(path, given[0]), ("", given[1:]), ("", item.state)]
        if item.function == _WITH_ATTRIBUTES and len(given) > 2:
            return [(path, Call(given[0], given[2])), ("", given[1]), ("", given[3:])]
        return [(path, item.arguments), (path, item.state)]
    return [(_joined(path, place), value) for place, value in enumerate(item)]


def _joined(path: str, key: Any) -> str:
    word = key if isinstance(key, str) else str(key) if _is_count(key) else "?"
    word = word.encode("utf-8", "replace").decode("utf-8")
    return (f"{path}.{word}" if path else word)[:_LONGEST_NAME]


def _wrong(path: str, rule: str, got: str | int) -> FormatError:
    return FormatError(must(f"tensor {path[:100]!r}", rule, got))


def _is_count(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**63


def _storage(item: Any, found: dict[str, Storage]) -> Storage:
    identity = item.identity if isinstance(item, Persistent) else None
    if not (isinstance(identity, tuple) and len(identity) == 5 and identity[0] == "storage"):
        raise FormatError(must("storage of a torch file", "named as torch does", "another name"))
    _, kind, key, _, count = identity
    if not (isinstance(kind, Name) and isinstance(key, str) and _is_count(count)):
        raise FormatError(must("storage of a torch file", "named as torch does", "another name"))
    if kind.module not in _STORAGE_MODULES or kind.name not in _STORAGES:
        _check_allowed(kind)
    dtype = _STORAGES[kind.name]
    size = None if dtype is None else count * _BYTES.get(dtype, 1)
    storage = found.setdefault(key, Storage(key, dtype, count, size))
    if (storage.dtype, storage.count) != (dtype, count):
        raise FormatError(must(f"storage {key[:100]!r}", "of one type and length", "two"))
    return storage


def _view(path: str, arguments: Any, found: dict[str, Storage]) -> None:
    if not isinstance(arguments, tuple) or len(arguments) < 4:
        raise _wrong(path, "given storage, offset, size and stride", "fewer")
    storage = _storage(arguments[0], found)
    offset, sides, strides = arguments[1:4]
    sides, strides = (_plain(path, numbers) for numbers in (sides, strides))
    if not _is_count(offset) or len(sides) != len(strides):
        raise _wrong(path, "given whole numbers", "another offset, or fewer strides than sides")
    dtype = _dtype(path, storage, arguments[6:7])
    if dtype is None or storage.size_bytes is None:
        return
    width = _BYTES.get(dtype, 1)
    last = sum((side - 1) * step for side, step in zip(sides, strides, strict=True))
    end = offset + last + 1 if math.prod(sides) else offset
    if end * width > storage.size_bytes:
        raise _wrong(path, f"inside its storage of {storage.size_bytes} bytes", end * width)
    whole = _is_whole(sides, strides)
    info = TensorInfo(path, dtype, sides)
    storage.views.append(View(info, offset * width, end * width, whole))


def _plain(path: str, numbers: Any) -> tuple[int, ...]:
    if isinstance(numbers, Call) and isinstance(numbers.arguments, tuple) and numbers.arguments:
        numbers = numbers.arguments[0]  # torch.Size
    if (
        not isinstance(numbers, (tuple, list))
        or len(numbers) > _MOST_DIMENSIONS
        or not all(map(_is_count, numbers))
    ):
        raise _wrong(
            path, f"of at most {_MOST_DIMENSIONS} whole numbers from 0 up", "another shape"
        )
    return tuple(numbers)


def _dtype(path: str, storage: Storage, said: tuple[Any, ...]) -> str | None:
    """The type of a tensor: its storage's, or the one it says itself, as newer types do."""
    if not said or not isinstance(said[0], Name):
        return storage.dtype
    if said[0].module != "torch" or said[0].name not in _DTYPES:
        raise _wrong(path, "of a type that tenth knows", f"{said[0].module}.{said[0].name}")
    return _DTYPES[said[0].name]


def _is_whole(sides: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the numbers lie one behind the other, rows first."""
    step = 1
    for side, stride in zip(reversed(sides), reversed(strides), strict=True):
        if side != 1 and stride != step:
            return math.prod(sides) == 0
        step *= side
    return True
