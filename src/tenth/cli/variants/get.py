"""`tenth keep get`: restore the files of a model."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Force, Threads, Version, Where, bar, many, size


def get(
    name: Version,
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder for the files.")],
    store: Where = PLACE,
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Such as '*.json'; may be repeated.")
    ] = None,
    force: Force = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Restore the files of a name, byte by byte as they were put.

        tenth keep get task-a --out here/

        tenth keep get task-a@2 --out before/ --only '*.safetensors'

    Each file is compared with the sha256 of the original before it gets its name. Files that are
    there and equal are left; one that differs is an error, unless --force is given.
    """
    from tenth.keep import Store

    with bar(shown=not as_json) as progress:
        result = Store(store).get(
            name, out, only=tuple(only or ()), force=force, threads=threads, progress=progress
        )
    lines = [f"{out / file}" for file in result.written]
    if result.kept:
        lines.append(f"already there and equal: {many(len(result.kept), 'file')}")
    lines.append(f"{name}: {many(len(result.written), 'file')} restored, {size(result.size_bytes)}")
    print_result("\n".join(lines), result.to_json, as_json)
