"""`tenth keep gc`: delete what no name needs."""

from dataclasses import asdict
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Where, hours, many, size


def gc(
    store: Where = PLACE,
    grace: Annotated[
        float, typer.Option(min=0, help="Hours that what is not needed is kept, twice.")
    ] = 24.0,
    versions: Annotated[
        int | None, typer.Option(help="Keep only so many of the newest versions of each name.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete packs and manifests that no name needs; safe beside puts and pushes.

    What is older than the grace period is marked by one gc, and deleted by one that runs a grace
    period later.

        tenth keep gc --dry-run
    """
    from tenth.keep import Store
    from tenth.keep.collect import LITTER_SECONDS

    done = Store(store).gc(grace_seconds=grace * 3600, dry_run=dry_run, versions=versions)
    would = "would be " if dry_run else ""
    text = (
        f"{many(len(done.deleted), 'object')} {would}deleted, {size(done.deleted_bytes)}; "
        f"{len(done.marked)} {would}marked, {len(done.waiting)} wait; "
        f"{many(len(done.litter), 'left-over')} {would}removed"
    )
    if done.young:
        age = max(grace, LITTER_SECONDS / 3600)
        text += (
            f"\n{many(len(done.young), 'temporary file')} younger than {hours(age)} stay: a put "
            "may be at work on them, or was killed"
        )
    print_result(text, lambda: asdict(done), as_json)
