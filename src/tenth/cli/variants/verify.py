"""`tenth keep verify`: is what is stored what was put?"""

from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Threads, Where, bar, many
from tenth.errors import InputError, must


def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all.")
    ] = None,
    store: Where = PLACE,
    quick: Annotated[
        bool, typer.Option("--quick", help="All is there, and long enough (the default).")
    ] = False,
    stored: Annotated[bool, typer.Option("--stored", help="And the packs hash right.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="And every tensor decodes to what was put.")
    ] = False,
    repair: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Fetch what is damaged from this other store; implies --stored."
        ),
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Look whether what is stored is what was put; exit code 1 if not.

    Each problem names the file and the tensor, and says whether another copy of the store can
    repair it.

        tenth keep verify --deep

        tenth keep verify --repair s3://bucket/models
    """
    from tenth.keep import Store

    if quick + stored + deep > 1:
        raise InputError(must("depth", "one of --quick, --stored, --deep", "several"))
    depth = "deep" if deep else "stored" if stored or (repair and not quick) else "quick"
    with bar(shown=not as_json) as progress:
        verdict = Store(store).verify(
            names or (), depth=depth, repair_from=repair, threads=threads, progress=progress
        )
    looked = f"{many(verdict.names, 'name')}, {many(verdict.packs, 'pack')}"
    if deep:
        looked += f", {verdict.tensors} tensors decoded"
    lines = [f"found: {problem}" for problem in verdict.before]
    lines += [f"mended: {said}" for said in verdict.mended]
    lines += [str(problem) for problem in verdict.problems]
    found = many(len(verdict.problems), "problem") if verdict.problems else "no problems"
    lines.append(f"{depth}: {looked}; {found}")
    print_result("\n".join(lines), verdict.to_json, as_json)
    if verdict.problems:
        raise typer.Exit(1)
