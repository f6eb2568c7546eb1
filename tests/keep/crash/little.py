"""A store in forty lines, on the parts that the real one stands on: payloads under a name."""

import json

from blake3 import blake3

from tenth.errors import ConflictError
from tenth.keep import packs, refs
from tenth.keep.leases import Lease
from tenth.keep.packs import Span


def put(place, name: str, payloads: list[bytes], target_bytes: int = 1 << 20) -> None:
    """Store payloads under a name, after those of other writers."""
    with Lease(place) as lease:
        while True:
            with packs.Writer(place, target_bytes, lease=lease) as writer:
                for payload in payloads:
                    writer.add(payload)
                spans = writer.finish()
            rows = [[span.pack, span.start, span.size] for span in spans]
            digests = [blake3(payload).hexdigest() for payload in payloads]
            data = json.dumps([rows, digests]).encode()
            manifest = blake3(data).hexdigest()
            lease.store(f"manifests/{manifest}", data)
            publish(place, name, manifest)
            if not lease.lost():
                return


def publish(place, name: str, manifest: str) -> None:
    while True:
        seen = refs.read(place, name)
        try:
            refs.write(place, name, manifest, seen.generation if seen else 0)
            return
        except ConflictError:
            continue


def get(place, name: str) -> list[bytes] | None:
    """What a name holds, with every hash compared; None if there is no such name."""
    ref = refs.read(place, name)
    if ref is None:
        return None
    data = place.read(f"manifests/{ref.manifest}")
    assert blake3(data).hexdigest() == ref.manifest
    rows, digests = json.loads(data)
    reader = packs.Reader(place)
    payloads = [reader.read(Span(*row)) for row in rows]
    assert [blake3(payload).hexdigest() for payload in payloads] == digests
    return payloads


def packs_of(manifest: bytes) -> set[str]:
    return {row[0] for row in json.loads(manifest)[0]}


def needed(place) -> set[str]:
    """The keys that the names of a store need: what gc asks for."""
    keys = set()
    for name in refs.names(place):
        ref = refs.read(place, name)
        if ref is not None:
            key = f"manifests/{ref.manifest}"
            keys |= {key, *map(packs.pack_key, packs_of(place.read(key)))}
    return keys


def objects(place) -> set[str]:
    return {e.key for prefix in ("objects/", "manifests/") for e in place.list(prefix)}
