"""`tenth keep diff`: what differs between two names."""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Threads, Where, bar, table


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A name, or name@version.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="Another one.")],
    store: Where = PLACE,
    values: Annotated[
        bool, typer.Option("--values", help="Also count the numbers that differ.")
    ] = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Say which files and tensors differ between two names or versions.

    tenth keep diff base task-a --values

    tenth keep diff task-a@1 task-a
    """
    from tenth.keep import Store

    with bar(shown=not as_json) as progress:
        found = Store(store).diff(before, after, values=values, threads=threads, progress=progress)
    rows = [("tensor", before, after, "numbers that differ" if values else "")]
    for one in found.changed:
        count = ""
        if one.differ is not None:
            count = f"{one.differ:,} of {one.elements:,} ({one.differ / one.elements:.2%})"
        rows.append((one.name, one.before, one.after, count))
    lines = [table(rows), ""] if found.changed else []
    lines.append(f"{len(found.changed)} tensors changed, {found.same} are the same")
    for what in ("added", "removed", "files_changed", "files_added", "files_removed"):
        if names := getattr(found, what):
            lines.append(f"{what.replace('_', ' ')}: {', '.join(names)}")
    print_result("\n".join(lines), found.to_json, as_json)
