"""Stored variants as torch tensors, and as models of `transformers` without a copy on the disk.

weights = state_dict(store.open("task-a"), device="cuda")

with pretrained(store, "task-a") as stored:
    tokenizer = stored.load(AutoTokenizer)
    model = stored.load(AutoModelForCausalLM)
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tenth.adapters.extras import needing
from tenth.errors import InputError, UnsupportedError, must
from tenth.keep import Store, Tensor, Variant
from tenth.keep.streams import Progress

DTYPES: Mapping[str, torch.dtype] = {
    "BOOL": torch.bool,
    "F4": torch.float4_e2m1fn_x2,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E8M0": torch.float8_e8m0fnu,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "I16": torch.int16,
    "U16": torch.uint16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,
    "U32": torch.uint32,
    "F32": torch.float32,
    "C64": torch.complex64,
    "F64": torch.float64,
    "I64": torch.int64,
    "U64": torch.uint64,
}
_SAFE = (".safetensors",)
_TORCH = (".bin", ".pt", ".pth", ".ckpt")


def state_dict(
    variant: Variant,
    device: str | torch.device = "cpu",
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, torch.Tensor]:
    """The tensors of a variant on a device.

    Of weights that are there both as safetensors and as files of torch, the former are taken.

    Args:
        variant: what `Store.open` gave.
        device: where the tensors go, one by one.
        threads: that decode; None: one a processor.
        progress: told of every tensor, as `tenth.keep.Step`.

    Raises:
        DamagedError: what is stored is not what was put.
        InputError: it is no variant.
        UnsupportedError: torch has no such type of elements.
    """
    if not isinstance(variant, Variant):
        raise InputError(must("variant", "what Store.open gives", repr(variant)[:200]))
    chosen = {key: tensor for key, tensor in variant.items() if tensor.file in _weights(variant)}
    names = [tensor.name for tensor in chosen.values()]
    if len(set(names)) != len(names):
        names = list(chosen)  # of several files: by file and name
    told = dict(zip(chosen, names, strict=True))
    return {
        told[key]: _tensor(variant[key], array).to(device)
        for key, array in variant.arrays(chosen, threads=threads, progress=progress)
    }


def _weights(variant: Variant) -> set[str]:
    """The files that the weights are read from."""
    files = {tensor.file for tensor in variant.values()}
    for kind in (_SAFE, _TORCH):
        found = {file for file in files if file.endswith(kind) and "/" not in file}
        if found:
            return found
    return files


def _tensor(stored: Tensor, array: np.ndarray) -> torch.Tensor:
    kind = DTYPES.get(stored.dtype)
    if kind is None:
        raise UnsupportedError(f"torch has no dtype for {stored.dtype}, of {stored.name}.")
    shape = stored.shape
    if stored.dtype == "F4":  # two in an element
        shape = (*shape[:-1], shape[-1] // 2)
    return torch.from_numpy(array.reshape(-1).view(np.uint8)).view(kind).reshape(shape)


class Pretrained:
    """A variant as `transformers` loads it.

    Attributes:
        folder: config, tokenizer and all files but the weights; gone when the context ends.
    """

    def __init__(self, variant: Variant, folder: Path, threads: int | None) -> None:
        self.folder = folder
        self._variant = variant
        self._threads = threads

    def load(self, kind: Any, **how: Any) -> Any:
        """`kind.from_pretrained` of what is stored; weights go straight into memory.

        Args:
            kind: a class of `transformers`: of models such as `AutoModelForCausalLM`, or one that
                reads other files, such as `AutoTokenizer`; these come from `folder` alone.
            how: what `from_pretrained` takes beside: dtype, device_map, ...

        Raises:
            InputError: no such class; or the variant was put without its config.json, or without
                the files of its tokenizer.
        """
        with needing("transformers"):
            from transformers import AutoConfig, PreTrainedModel
        if not isinstance(kind, type) or not hasattr(kind, "from_pretrained"):
            raise InputError(must("what is loaded", "a class of transformers", repr(kind)))
        if not hasattr(kind, "_model_mapping") and not issubclass(kind, PreTrainedModel):
            return self._small(kind, how)
        if "config.json" not in self._variant.files:
            raise InputError(must(self._variant.name, "put with its config.json", "none"))
        config = how.pop("config", None) or AutoConfig.from_pretrained(self.folder)
        weights = state_dict(self._variant, threads=self._threads)
        how.setdefault("dtype", getattr(config, "dtype", None) or "auto")
        return _of(kind, config).from_pretrained(None, config=config, state_dict=weights, **how)

    def _small(self, kind: Any, how: Mapping[str, Any]) -> Any:
        """What is read from small files; never from a hub, which would know another one."""
        local = {**how, "local_files_only": True}
        try:
            made = kind.from_pretrained(str(self.folder), **local)
        except (OSError, ValueError) as error:
            rule = f"put with the files of {kind.__name__}"
            raise InputError(
                must(self._variant.name, rule, str(error).partition("\n")[0])
            ) from error
        # without its files a tokenizer comes out empty, and nothing is said
        files = set((getattr(made, "vocab_files_names", None) or {}).values())
        if files and not files & set(self._variant.files):
            rule = "put with the files of its tokenizer"
            raise InputError(must(self._variant.name, rule, f"none of {', '.join(sorted(files))}"))
        return made


def _of(model: Any, config: Any) -> Any:
    """The class that an Auto class stands for: with weights in memory it must be a plain one."""
    if not hasattr(model, "_model_mapping"):
        return model
    if type(config) not in model._model_mapping:
        rule = f"one that knows {type(config).__name__}"
        raise InputError(must(model.__name__, rule, "none", "Give the class of the model."))
    found = model._model_mapping[type(config)]
    classes = found if isinstance(found, tuple | list) else (found,)
    named = getattr(config, "architectures", None) or ()
    return next((one for one in classes if one.__name__ in named), classes[0])


@contextmanager
def pretrained(store: Store, name: str, *, threads: int | None = None) -> Iterator[Pretrained]:
    """Give a variant to `transformers`: small files in a temporary folder, weights in memory.

    Raises:
        MissingError: there is no such name.
        InputError: it is no store.
    """
    if not isinstance(store, Store):
        raise InputError(must("store", "a Store", repr(store)[:200], "Try Store('models/')."))
    variant = store.open(name)
    weights = _weights(variant) if len(variant) else set()
    small = [file for file in variant.files if file not in weights]
    with tempfile.TemporaryDirectory(prefix="tenth-keep-") as made:
        if small:
            store.get(name, made, only=tuple(map(_exactly, small)), threads=threads)
        yield Pretrained(variant, Path(made), threads)


def _exactly(name: str) -> str:
    """A pattern that only this name fits."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
