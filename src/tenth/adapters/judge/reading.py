"""Whatever a user names as a model: safetensors, files of torch, ONNX, or a folder of these."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tenth.adapters.judge import onnx_file
from tenth.adapters.judge.belonging import of_model
from tenth.errors import FormatError, must
from tenth.keep.sources import SourceFile, read
from tenth.receipt.judge import Account, Numbers

Kind = Literal["safetensors", "torch", "onnx"]
ONNX = ".onnx"
_KINDS = "safetensors, a file of torch.save, or ONNX"
_KIND: dict[str, Kind] = {"safetensors": "safetensors", "small": "safetensors", "torch": "torch"}


@dataclass(frozen=True)
class Model:
    """A model on disk: `weights` are the files that hold its tensors, all of one kind."""

    path: Path
    kind: Kind
    weights: tuple[Path, ...]
    account: Account


def model(path: str | Path) -> Model:
    """Read and count what lies at `path`. Nothing that it holds is run.

    In a folder, what is no file of a model is left out; safetensors go before files of torch, and
    these before ONNX, as loaders do it.

    Raises:
        FormatError: a file is damaged, or there is no model of a known kind.
        InputError: a file cannot be read.
    """
    path = Path(path)
    if path.suffix == ONNX and not path.is_dir():
        return _onnx(path, path)
    source = read(path)
    by_kind: dict[str, list[SourceFile]] = {"safetensors": [], "torch": []}
    for file in source.files:
        if file.kind in _KIND:
            by_kind[_KIND[file.kind]].append(file)
    kind = next((kind for kind in by_kind if by_kind[kind]), None)
    if kind is None:
        return _onnx(path, _only_onnx(path, source.files, source.warnings))
    chosen = by_kind[kind]
    files, left_out = [file.path for file in source.files], []
    if path.is_dir():
        files, left_out = of_model(files, (file.path for file in chosen))
    made = Account.of_files(path, kind, files, (n for file in chosen for n in _numbers(file)))
    made.notes += [*left_out, *source.warnings]
    others = sorted({other for other in by_kind if by_kind[other]} - {kind})
    made.notes += [f"its {other} files are counted as bytes alone" for other in others]
    return Model(path, _KIND[kind], tuple(file.path for file in chosen), made)


def _onnx(path: Path, file: Path) -> Model:
    parts = onnx_file.files(file)
    left_out: list[str] = []
    whole = parts
    if path.is_dir():
        whole, left_out = of_model((p for p in path.rglob("*") if p.is_file()), parts)
    made = Account.of_files(path, "onnx", whole, onnx_file.numbers(file))
    made.notes += left_out
    return Model(path, "onnx", (file,), made)


def _only_onnx(path: Path, files: tuple[SourceFile, ...], warnings: tuple[str, ...]) -> Path:
    found = [file.path for file in files if file.path.suffix == ONNX]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise FormatError(must(f"{path}", "one model", names, "Name one of these files."))
    got = "; ".join(warnings) or "neither"
    raise FormatError(must(f"{path}", _KINDS, got))


def _numbers(file: SourceFile) -> Iterator[Numbers]:
    if file.kind == "small":  # masks and kept values stand for dense tensors
        from tenth.sparsity.checkpoint import load_stored  # its room loads torch

        for name, stored in load_stored(file.path).items():
            yield Numbers(name, stored.dtype, stored.shape, stored.data)
        return
    with file.reading() as opened:
        for segment in file.segments:
            if segment.tensor is not None:
                data = opened.read(segment.start, segment.size)
                yield Numbers(*segment.tensor, data)
