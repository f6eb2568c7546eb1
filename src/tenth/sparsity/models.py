"""Models to small checkpoints and back: the torch side of `tenth.sparsity.checkpoint`."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from tenth.errors import FormatError, InputError, must
from tenth.sparsity.checkpoint import load_stored, save_stored, write_safetensors
from tenth.sparsity.packing import Stored, Values
from tenth.sparsity.weights import plain

_STORED = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint64: "U64", torch.uint32: "U32", torch.uint16: "U16", torch.uint8: "U8",
    torch.bool: "BOOL", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip
_TORCH = {name: dtype for dtype, name in _STORED.items()}


def save_model(
    model: nn.Module,
    path: str | Path,
    *,
    values: Values = "float32",
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Write a model's state as a small checkpoint, and return the bytes written.

    A tensor with several names (tied weights) is stored once, under the first.

    Raises:
        InputError: the state holds something that is no plain tensor, or does not fit `values`.
        OutputError: the file cannot be written; what was there before stays.
    """
    state = _state(model)
    once = {name: state[name] for name, first in _first_names(state).items() if name == first}
    stored = {name: _stored(name, tensor) for name, tensor in once.items()}
    return save_stored(path, stored, values=values, metadata=metadata)


def save_dense(model: nn.Module, path: str | Path) -> int:
    """Write a model's state as an ordinary safetensors file, zeros and all; returns its bytes.

    Raises:
        InputError: the state holds something that is no plain tensor.
        OutputError: the file cannot be written; what was there before stays.
    """
    stored = {name: _stored(name, tensor) for name, tensor in _state(model).items()}
    return write_safetensors(path, stored, {"format": "pt"})


def load_into(model: nn.Module, path: str | Path) -> None:
    """Fill a model from a small checkpoint, or from an ordinary safetensors file.

    A tensor with several names (tied weights) is filled from any of them that the file holds.

    Raises:
        InputError: the file cannot be read.
        FormatError: it is damaged, or of another model; the model is as it was.
    """
    stored, state = load_stored(path), _state(model)
    firsts = _first_names(state)
    held = {firsts[name]: name for name in reversed(state) if name in stored}
    filled = {}
    for name, tensor in state.items():
        source = name if name in stored else held.get(firsts[name])
        if source is None:
            raise _of_another(path, name, "in the file", "missing")
        if stored[source].shape != tuple(tensor.shape):
            raise _of_another(path, name, f"of shape {tuple(tensor.shape)}", stored[source].shape)
        filled[name] = _tensor(name, stored[source])
        if filled[name].is_floating_point() != tensor.is_floating_point():
            raise _of_another(path, name, str(tensor.dtype), filled[name].dtype)
    for name in stored:
        if name not in state:
            raise _of_another(path, name, "a tensor of the model", "unexpected")
    plain(model).load_state_dict(filled)


def _of_another(path: str | Path, name: str, rule: str, got: object) -> FormatError:
    remedy = f"{path} is the checkpoint of another model."
    return FormatError(must(f"tensor {name!r}", rule, got, remedy))


def _state(model: nn.Module) -> dict[str, Tensor]:
    state = plain(model).state_dict()
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or tensor.is_meta:
            kind = type(tensor).__name__
            raise InputError(must(f"{name!r} of the model's state", "a plain tensor", kind))
    return state


def _first_names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """For each name the first name of the same tensor."""
    firsts: dict[object, str] = {}
    return {
        name: firsts.setdefault((t.data_ptr(), t.shape, t.stride(), t.dtype), name)
        if t.numel()
        else name
        for name, t in state.items()
    }


def _stored(name: str, tensor: Tensor) -> Stored:
    if tensor.dtype not in _STORED:
        raise InputError(must(f"tensor {name!r}", "of numbers or booleans", tensor.dtype))
    flat = tensor.detach().cpu().contiguous().flatten()
    return Stored(
        _STORED[tensor.dtype], tuple(tensor.shape), flat.view(torch.uint8).numpy().tobytes()
    )


def _tensor(name: str, stored: Stored) -> Tensor:
    if stored.dtype not in _TORCH:
        raise FormatError(must(f"tensor {name!r}", "of a type that torch knows", stored.dtype))
    if not stored.size:
        return torch.empty(stored.shape, dtype=_TORCH[stored.dtype])
    flat = torch.frombuffer(bytearray(stored.data), dtype=_TORCH[stored.dtype])
    return flat.reshape(stored.shape)
