"""What a put tells its user beyond its figures: another base than was asked for, another writer."""

from tenth.keep.basing import Basis
from tenth.keep.refs import LostRef, Ref
from tenth.keep.shelf import Shelf


def of_base(shelf: Shelf, base: str | None, basis: Basis, *, held: bool) -> tuple[str, ...]:
    """The warnings of a basis, and why it is not the one that was asked for.

    Args:
        shelf: the store.
        base: as of `PutOptions`.
        basis: what was taken.
        held: nothing was to be written.
    """
    if base is None or base == "auto":
        return basis.warnings
    asked = shelf.ref(base)
    if basis.manifest == asked.manifest or any(base in warning for warning in basis.warnings):
        return basis.warnings
    taken = basis.name or "no base"
    if basis.name == asked.name:
        taken = f"another version of {basis.name}"
    if held:
        why = "every byte was in the store already, and stays as it is stored; rebase changes that."
    elif basis.name is None:
        why = f"no difference from a tensor of {base} pays."
    elif basis.name == asked.name:
        why = "only the newest versions are looked at."
    elif shelf.manifest(base).base is not None:
        why = f"{base} is stored as a difference itself, and differences are never chained."
    else:
        why = f"{base} holds the same tensors, and {basis.name} was put first."
    return (*basis.warnings, f"base {base} was asked for, and {taken} was taken: {why}")


def meanwhile(newest: Ref | LostRef | None, started: int, manifest: str) -> list[str]:
    """What happened to a name since a put began.

    Args:
        newest: the newest generation of the name before this put writes its own.
        started: the generation that the name was at when the put began.
        manifest: what the put is about to let it point to.
    """
    if isinstance(newest, LostRef):
        return [f"version {newest.generation} before this one is damaged: {newest}"]
    if newest is None or newest.generation <= started or (newest.manifest is None and not started):
        return []
    if newest.manifest is None:
        return [f"{newest.name} was removed meanwhile by somebody else; this put brought it back."]
    if newest.manifest == manifest:
        return [f"the same was put meanwhile by somebody else, as version {newest.generation}."]
    return [
        f"version {newest.generation} of {newest.name} was put meanwhile by somebody else; both "
        "are in its log."
    ]
