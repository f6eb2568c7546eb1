"""Safetensors files, tenth's small checkpoints among them."""

from tenth.errors import FormatError, must
from tenth.keep.header import Header, header_size, parse
from tenth.keep.sources.files import Kind, Reading, Segment, TensorInfo

_POINTER = b"version https://git-lfs"
_SMALL_KEY, _SMALL = "tenth_format", "tenth-small/1"


def read_header(opened: Reading) -> Header:
    """The checked header of an open file.

    Raises:
        FormatError: see `tenth.keep.header.parse`.
        InputError: the file cannot be read.
    """
    size_bytes = opened.stamp.size_bytes
    start = opened.read(0, min(size_bytes, len(_POINTER)))
    if start == _POINTER:
        got = "a pointer of Git LFS"
        raise FormatError(must("safetensors file", "the weights", got, "Run `git lfs pull`."))
    return parse(opened.read(0, header_size(start, size_bytes)), size_bytes)


def segments(header: Header) -> tuple[Segment, ...]:
    """The header's own bytes, then its tensors."""
    tensors = (
        Segment(t.start, t.end - t.start, TensorInfo(t.name, t.dtype, t.shape))
        for t in header.tensors
    )
    return (Segment(0, header.size), *tensors)


def kind(header: Header) -> Kind:
    """What a file says that it is: a small checkpoint of tenth's, or an ordinary one."""
    return "small" if _SMALL_KEY in header.metadata else "safetensors"


def warnings(header: Header) -> list[str]:
    """What is unusual about a file, and harmless."""
    found = list(header.warnings)
    version = header.metadata.get(_SMALL_KEY, _SMALL)
    if version != _SMALL:
        found.append(f"a small checkpoint of version {version[:40]!r}, kept as it is")
    return found


def read(opened: Reading) -> tuple[Kind, tuple[Segment, ...], list[str]]:
    """How the file is understood, its segments, and what is unusual about it."""
    header = read_header(opened)
    return kind(header), segments(header), warnings(header)
