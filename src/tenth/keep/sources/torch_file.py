"""Files of `torch.save`, read without torch and without running anything that they hold.

Since torch 1.6 such a file is an uncompressed zip archive: `data.pkl` describes the tensors, and
each storage is a member of its own. Source: torch's notes on serialization,
https://docs.pytorch.org/docs/stable/notes/serialization.html.
"""

from collections.abc import Iterator
from itertools import pairwise

from tenth.errors import FormatError, must
from tenth.keep.sources import pickles, zips
from tenth.keep.sources.files import Reading, Segment, TensorInfo
from tenth.keep.sources.storages import Storage, View, storages

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")
_ZIP = b"PK\x03\x04"
# the number with which torch's older format starts, as a pickle
_OLD = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
_MOST_PICKLE = 256_000_000


def looks_like_torch(opened: Reading) -> bool:
    """Whether a file begins as those of torch do, of either format."""
    start = opened.read(0, min(opened.stamp.size_bytes, 32))
    return start.startswith(_ZIP) or _is_old(start)


def _is_old(start: bytes) -> bool:
    return start[:1] == b"\x80" and _OLD in start[:32]


def read(opened: Reading) -> tuple[Segment, ...]:
    """The segments of a file of weights.

    Raises:
        FormatError: it is of the format before torch 1.6, holds more than weights, is a program of
            TorchScript, was written on a big-endian machine, or is damaged.
        InputError: the file cannot be read.
    """
    start = opened.read(0, min(opened.stamp.size_bytes, 32))
    if _is_old(start):
        remedy = "Load it with torch and save it again."
        raise FormatError(must("torch file", "of torch 1.6 or newer", "an older one", remedy))
    if not start.startswith(_ZIP):
        raise FormatError(must("torch file", "a zip archive", repr(start[:8])))
    members = {member.name: member for member in zips.members(opened)}
    root = _root(members)
    _check_order(opened, members.get(f"{root}/byteorder"))
    described = members[f"{root}/data.pkl"]
    described.check()
    if described.end - described.start > _MOST_PICKLE:
        got = f"{described.end - described.start} bytes"
        raise FormatError(must("data.pkl", f"at most {_MOST_PICKLE} bytes long", got))
    value = pickles.read(opened.read(described.start, described.end - described.start))
    tensors = []
    for storage in storages(value).values():
        member = members.get(f"{root}/data/{storage.key}")
        if member is None:
            raise FormatError(must(f"storage {storage.key[:100]!r}", "in the archive", "none"))
        member.check()
        size = member.end - member.start
        if storage.size_bytes not in (None, size):
            rule = f"{storage.size_bytes} bytes long"
            raise FormatError(must(f"storage {storage.key[:100]!r}", rule, size))
        tensors += _pieces(storage, member.start)
    return tuple(_filled(sorted(tensors, key=lambda s: s[:2]), opened.stamp.size_bytes))


def _root(members: dict[str, zips.Member]) -> str:
    roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl")]
    roots = [root for root in roots if "/" not in root]
    if len(roots) != 1:
        raise FormatError(must("archive", "a file of torch, with one data.pkl", len(roots)))
    (root,) = roots
    if f"{root}/constants.pkl" in members:
        got = "a program of TorchScript"
        raise FormatError(must("torch file", "of weights alone", got, "Save its state_dict()."))
    return root


def _check_order(opened: Reading, member: zips.Member | None) -> None:
    if member is None:
        return
    member.check()
    order = opened.read(member.start, min(member.end - member.start, 16))
    if order != b"little":
        raise FormatError(must("torch file", "little-endian", repr(order)))


def _pieces(storage: Storage, start: int) -> list[Segment]:
    """A storage as the tensors in it, or, where they overlap or are strided, as one flat tensor."""
    views = sorted({(v.start, v.end): v for v in reversed(storage.views)}.values(), key=_place)
    views = [view for view in views if view.end > view.start or not storage.size_bytes]
    apart = all(a.end <= b.start for a, b in pairwise(views))
    if apart and all(view.whole for view in views):
        return [Segment(start + v.start, v.end - v.start, v.tensor) for v in views]
    flat = storage.dtype if len({view.tensor.dtype for view in views}) == 1 else None
    if flat is None or storage.size_bytes is None or flat != views[0].tensor.dtype:
        return []
    info = TensorInfo(storage.views[0].tensor.name, flat, (storage.count,))
    return [Segment(start, storage.size_bytes, info)]


def _place(view: View) -> tuple[int, int]:
    return view.start, view.end


def _filled(tensors: list[Segment], size_bytes: int) -> Iterator[Segment]:
    """The tensors, and what lies between them, from 0 to the end of the file."""
    reached = 0
    for segment in tensors:
        if segment.start > reached:
            yield Segment(reached, segment.start - reached)
        yield segment
        reached = segment.start + segment.size
    if reached < size_bytes:
        yield Segment(reached, size_bytes - reached)
