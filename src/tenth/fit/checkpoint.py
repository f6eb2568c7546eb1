"""The state of an unfinished run in one file, and the digest that tells models apart.

The file is what `torch.save` writes of dicts, lists, numbers, texts and tensors. It is read with
`weights_only=True`: a checkpoint from elsewhere can hold no code.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tenth import files
from tenth.errors import FormatError, must

KIND = "tenth run/1"


def digest(model: nn.Module) -> str:
    """A short text that differs between models with other names, shapes or values.

    Cost: one pass over the weights.
    """
    hashed = hashlib.blake2b(digest_size=8)
    for name, value in model.state_dict().items():
        if isinstance(value, torch.Tensor):
            plain = value.detach().cpu().contiguous()
            hashed.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
            hashed.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()


def save(path: str | Path, state: Mapping[str, Any], identity: Mapping[str, Any]) -> int:
    """Write a checkpoint, whole or not at all; its size in bytes.

    Raises:
        OutputError: the disk is full, or the place cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"kind": KIND, "identity": dict(identity), "state": dict(state)}, buffer)
    files.write_bytes(path, buffer.getvalue())
    return buffer.tell()


def load(path: str | Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """Read the state that `save` wrote for this identity.

    Raises:
        FormatError: the file is damaged, of another kind, or of another run.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        # torch raises RuntimeError, UnpicklingError, EOFError, KeyError, OSError, ...
        raise damaged(path) from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise damaged(path)
    must_match(path, content.get("identity"), identity)
    state = content.get("state")
    if not isinstance(state, dict):
        raise damaged(path)
    return state


def damaged(path: Path) -> FormatError:
    """The error for a file that is cut short or something else."""
    remedy = "It is cut short, damaged or of another kind. Delete it to begin again."
    return FormatError(must(str(path), f"a checkpoint of kind {KIND!r}", "something else", remedy))


def must_match(path: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    """See that a file belongs to this run.

    Raises:
        FormatError: it does not; the message says in what.
    """
    if not isinstance(found, Mapping):
        raise damaged(path)
    for key in (*wanted, *found):
        ours, theirs = wanted.get(key), found.get(key)
        if ours != theirs:
            got = f"one whose {key} is {theirs!r} instead of {ours!r}"
            remedy = "Name another folder with --out, or delete this one to begin again."
            raise FormatError(must(str(path), "of this run and this model", got, remedy))
