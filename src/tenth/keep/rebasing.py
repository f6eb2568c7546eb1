"""Storing a variant anew: from another base, from none, or smaller. Its files stay as they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tenth.errors import InputError, must
from tenth.keep.assembling import Assembly, PutOptions, PutResult
from tenth.keep.basing import Fresh, Group, Variant
from tenth.keep.index import Index
from tenth.keep.leases import Lease
from tenth.keep.manifest import Manifest
from tenth.keep.match import Sketching
from tenth.keep.shelf import Shelf
from tenth.keep.sketches import Sketches
from tenth.keep.storing import Read
from tenth.keep.streams import Workers, threads_of
from tenth.keep.values import Values


def rebase(shelf: Shelf, name: str, options: PutOptions) -> PutResult:
    """Write the tensors of a variant as differences from another base, and move its name.

    Tensors that the new base has itself are pointed to. What the old version needed is left to gc.

    Raises:
        MissingError: there is no such name, or no such base.
        InputError: it would be its own base.

    Cost: decodes and encodes every tensor once.
    """
    ref, manifest = shelf.ref(name), shelf.manifest(name)
    known: list[str] = []
    if options.base not in (None, "auto"):
        base = shelf.ref(options.base or "").manifest
        if base == ref.manifest:
            raise InputError(must("base", f"another variant than {name}", repr(options.base)))
        known = [base or ""]
    elif options.base == "auto":
        known = [
            one.manifest or "" for one in shelf.current(damaged=[]) if one.manifest != ref.manifest
        ]
    message = options.message or f"rebased on {options.base or 'nothing'}"
    options = replace(options, message=message, lossy=manifest.lossy)
    with Workers(threads_of(options.threads)) as workers, Lease(shelf.place) as lease:
        assembly = Assembly(shelf, name, options, workers, lease)
        return assembly.run(
            manifest.files,
            Index(shelf.manifests, known),
            lambda held: _variant(shelf, manifest, held),
            ref.manifest or "",
        )


def _variant(shelf: Shelf, manifest: Manifest, held: set[str]) -> Variant:
    values = shelf.values(manifest)
    group = _group(manifest, values, held)
    stored = Sketches(values)
    sketches = {
        fresh.id: stored.of(fresh.id, fresh.dtype) or _sketch(values, fresh)
        for fresh in group.fresh
        if fresh.name
    }
    return Variant(
        [group] if group.fresh else [],
        [segment for file in manifest.files for segment in file.segments],
        sketches,
        () if manifest.base is None else (manifest.base[0],),
    )


def _sketch(values: Values, fresh: Fresh) -> bytes:
    sketching = Sketching(fresh.size, fresh.dtype)
    for step in values.chunks(fresh.id):
        sketching.add(values.chunk(*step))
    return sketching.done()


def _group(manifest: Manifest, values: Values, held: set[str]) -> Group:
    seen = set(held)
    fresh: list[Fresh] = []
    for file in manifest.files:
        for segment in file.segments:
            if segment.id not in seen:
                seen.add(segment.id)
                shape = segment.shape if segment.name is not None else (segment.size,)
                fresh.append(
                    Fresh(
                        segment.id,
                        segment.size,
                        segment.name or "",
                        segment.dtype,
                        shape,
                        file.name,
                    )
                )
    return Group(fresh, lambda: _reading(values))


@contextmanager
def _reading(values: Values) -> Iterator[Callable[[Fresh], Read]]:
    def reader(fresh: Fresh) -> Read:
        return lambda start, size: bytearray(values.read(fresh.id, start, size))

    yield reader
