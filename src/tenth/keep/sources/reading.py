"""Whatever a user names, as a `Source`: a model's folder, an adapter's, or one file of weights."""

from collections.abc import Iterator
from pathlib import Path

from tenth.errors import FormatError, InputError, must
from tenth.keep.header import UnexplainedError
from tenth.keep.sources import folder, hints, safe, torch_file
from tenth.keep.sources.files import (
    Kind,
    Reading,
    Segment,
    Source,
    SourceFile,
    reading,
)

_SAFETENSORS = ".safetensors"
_INDEX = ".index.json"
_ADAPTER = "adapter_config.json"


def read(path: str | Path) -> Source:
    """What lies at `path`: no tensor is read, only headers.

    A folder is taken as it is: files that are no weights are kept whole, and so, with a warning,
    are files of torch that hold more than weights, that are old or damaged. A file of torch that
    is named itself is refused if it is one of these. A damaged safetensors file is refused
    wherever it stands; one with bytes behind its tensors, or with a dtype from a later version of
    the format, is kept whole with a warning.

    Raises:
        FormatError: a file is damaged, or of a kind that cannot be kept.
        InputError: nothing is there, or a file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    file, warnings = _file(path.name, path, alone=True)
    return Source((file,), (), file.kind, tuple(warnings))


def _folder(root: Path) -> Source:
    found, left_out = folder.walk(root)
    if not found:
        got = f"nothing else: {'; '.join(left_out)}" if left_out else "an empty folder"
        raise InputError(must(f"folder {root}", "a model's", got))
    warnings = list(left_out)
    files = []
    for name, path in found:
        file, words = _file(name, path, alone=False)
        files.append(file)
        warnings += [f"{name}: {word}" for word in words]
    names = {file.name for file in files}
    warnings += _missing_shards(files, names)
    texts = {file.name: _start_of(file) for file in files if file.name in hints.NAMES}
    kind: Kind = "adapter" if _ADAPTER in names else "folder"
    return Source(tuple(files), hints.declared(texts), kind, tuple(warnings))


def _start_of(file: SourceFile) -> bytes:
    with file.reading() as opened:
        return opened.read(0, min(file.size_bytes, hints.MOST_BYTES))


def _file(name: str, path: Path, *, alone: bool) -> tuple[SourceFile, list[str]]:
    with reading(path) as opened:
        try:
            kind, segments, warnings = _understood(path, opened)
        except UnexplainedError as error:
            kind, segments, warnings = "file", (), [f"kept whole: {error}"]
        except FormatError as error:
            if alone or path.suffix == _SAFETENSORS:
                raise FormatError(f"{path}: {error}") from error
            kind, segments, warnings = "file", (), [f"kept whole: {error}"]
        if not segments and opened.stamp.size_bytes:
            segments = (Segment(0, opened.stamp.size_bytes),)
        return SourceFile(name, path, opened.stamp, segments, kind), warnings


def _understood(path: Path, opened: Reading) -> tuple[Kind, tuple[Segment, ...], list[str]]:
    if path.suffix == _SAFETENSORS:
        return safe.read(opened)
    if path.suffix in torch_file.SUFFIXES and torch_file.looks_like_torch(opened):
        return "torch", torch_file.read(opened), []
    return "file", (), []


def _missing_shards(files: list[SourceFile], names: set[str]) -> Iterator[str]:
    """Words about shards that an index names and that are not there."""
    for file in files:
        if not file.name.endswith(_INDEX):
            continue
        beside = file.name.rpartition("/")[0]
        missing = sorted(
            shard
            for shard in hints.shards(_start_of(file))
            if (f"{beside}/{shard}" if beside else shard) not in names
        )
        if missing:
            yield f"{file.name} names files that are not there: {', '.join(missing[:5])[:300]}"
