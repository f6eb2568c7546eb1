"""Reading payloads from packs."""

import threading
from collections import OrderedDict

from tenth.keep.packs.form import Span, pack_key
from tenth.keep.places import Place
from tenth.keep.places.folder import FolderPlace

_BLOCK = 4 << 20
_BLOCKS = 12


class Reader:
    """Payloads of packs, from any number of threads.

    In a folder each is read by itself. From a bucket whole blocks of 4 MiB are read and the last
    twelve kept, as neighbours are mostly wanted together. Memory: one payload a thread and 48 MiB.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._blocks = None if isinstance(place, FolderPlace) else _Blocks(place)

    def read(self, span: Span) -> bytes:
        """The bytes of a payload; compare their hash before you trust them.

        Raises:
            InputError: the span is not one.
            MissingError: its pack is not there.
            DamagedError: its pack ends before it does.
        """
        key = pack_key(span.pack)
        if self._blocks is None or span.size >= _BLOCK:
            return self.place.read(key, span.start, span.size)
        return self._blocks.read(key, span.start, span.size)


class _Blocks:
    """The last blocks that were read, each fetched once however many threads want it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._kept: OrderedDict[tuple[str, int], _Block] = OrderedDict()

    def read(self, key: str, start: int, size: int) -> bytes:
        first, last = start // _BLOCK, (start + max(size, 1) - 1) // _BLOCK
        whole = self._size(key)
        if start < 0 or size < 0 or start + size > whole:
            return self._place.read(key, start, size)  # says what is wrong
        data = b"".join(self._block(key, number, whole) for number in range(first, last + 1))
        return data[start - first * _BLOCK :][:size]

    def _size(self, key: str) -> int:
        with self._lock:
            if key in self._sizes:
                return self._sizes[key]
        size = self._place.size(key) or 0
        if size:
            with self._lock:
                self._sizes[key] = size
        return size

    def _block(self, key: str, number: int, whole: int) -> bytes:
        with self._lock:
            block = self._kept.setdefault((key, number), _Block())
            self._kept.move_to_end((key, number))
            if len(self._kept) > _BLOCKS:
                self._kept.popitem(last=False)
        with block.lock:
            if block.data is None:
                start = number * _BLOCK
                block.data = self._place.read(key, start, min(_BLOCK, whole - start))
            return block.data


class _Block:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.data: bytes | None = None
