"""`tenth keep ls`: the names of a store."""

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Where, size, table


def ls(store: Where = PLACE, as_json: Json = False) -> None:
    """List the names of a store; exit code 1 if one of them is damaged.

    A name that begins with unfinished/ holds the tensors of a put that was interrupted; the same
    put again uses and removes it.
    """
    from tenth.keep import Store
    from tenth.keep.listing import iso

    listed = Store(store).ls()
    rows = [("name", "version", "when (UTC)", "files", "tensors", "full", "base", "message")]
    for one in listed:
        files, tensors, full = str(one.files), str(one.tensors), size(one.full_bytes)
        said = one.problem or ", ".join(filter(None, (one.lossy, one.message)))
        when = iso(one.time_seconds)[:16].replace("T", " ")
        base = one.base or "none"
        if one.problem:
            files = tensors = full = base = ""
        rows.append((one.name, str(one.generation), when, files, tensors, full, base, said))
    text = table(rows, right=(1, 3, 4, 5)) if listed else "The store is empty."
    print_result(text, lambda: {"names": [one.to_json() for one in listed]}, as_json)
    if any(one.problem for one in listed):
        raise typer.Exit(1)
