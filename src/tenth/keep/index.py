"""What a store holds already: its manifests, and which of them has which tensor."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from tenth.errors import DamagedError, MissingError
from tenth.keep import strict
from tenth.keep.manifest import File, Manifest, Record, closure
from tenth.keep.packs import checked_id
from tenth.keep.places import Place

_LATELY = 8


def manifest_key(manifest_id: str) -> str:
    """The key of a manifest.

    Raises:
        InputError: it is no id.
    """
    return f"manifests/{checked_id(manifest_id)}"


class Manifests:
    """Reads manifests, and remembers the last few."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lately: OrderedDict[str, Manifest] = OrderedDict()

    def read(self, manifest_id: str) -> Manifest:
        """The manifest of this id.

        Raises:
            MissingError: it is not there.
            DamagedError: it is not what was stored.
            StoreError: it is of a newer version.
        """
        found = self._lately.get(manifest_id)
        if found is None:
            data = self._data(manifest_id)
            found = strict.decode(data, manifest_id)
            self._lately[manifest_id] = found
        self._lately.move_to_end(manifest_id)
        while len(self._lately) > _LATELY:
            self._lately.popitem(last=False)
        return found

    def size(self, manifest_id: str) -> int:
        """Its bytes as stored; 0 if it is not there."""
        return self._place.size(manifest_key(manifest_id)) or 0

    def _data(self, manifest_id: str) -> bytes:
        key = manifest_key(manifest_id)
        size = self._place.size(key)
        if size is not None and size > strict.MOST_BYTES:
            raise DamagedError(f"{key} in {self._place.url} is damaged: it has {size:,} bytes.")
        return self._place.read(key)


class Index:
    """Which tensors the store holds. Only ids stay in memory; records are read when asked for.

    A manifest that is damaged or gone is left out: what it alone held is stored anew.
    """

    def __init__(self, manifests: Manifests, ids: Iterable[str]) -> None:
        self._manifests = manifests
        self._ids = list(ids)
        self._home: dict[bytes, int] = {}
        for home, manifest_id in enumerate(self._ids):
            try:
                held = manifests.read(manifest_id)
            except (DamagedError, MissingError):
                continue
            for tensor_id in held.records:
                self._home.setdefault(bytes.fromhex(tensor_id), home)

    def __contains__(self, tensor_id: str) -> bool:
        return bytes.fromhex(tensor_id) in self._home

    def records(self, wanted: Iterable[str]) -> Mapping[str, Record]:
        """The records of tensors that are held, and of their bases."""
        homes: dict[int, list[str]] = {}
        for tensor_id in wanted:
            homes.setdefault(self._home[bytes.fromhex(tensor_id)], []).append(tensor_id)
        found: dict[str, Record] = {}
        # a tensor can have another base in each manifest: with the first one that has it always
        # taken, records of several manifests never form a ring
        for home in sorted(homes):
            records = self._manifests.read(self._ids[home]).records
            found = closure(homes[home], records) | found
        return found

    def origin(self, files: tuple[File, ...]) -> tuple[str, str] | None:
        """The base of a manifest that is held and has the same files."""
        ids = {segment.id for file in files for segment in file.segments}
        for home in sorted({self._home[bytes.fromhex(one)] for one in ids if one in self}):
            manifest = self._manifests.read(self._ids[home])
            if manifest.files == files:
                return manifest.base
        return None
