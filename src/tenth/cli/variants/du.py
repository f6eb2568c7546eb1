"""`tenth keep du`: what a store takes and saves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Where, ratio, size, table

if TYPE_CHECKING:
    from tenth.keep.usage import Share


def du(
    store: Where = PLACE,
    price: Annotated[
        float | None,
        typer.Option(
            min=0, help="USD a gigabyte and month. Default: 0.023, the list price of Amazon S3."
        ),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(metavar="RECEIPT.json", help="Write it as a receipt, too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what each name takes, what copies in full would take, and the money between.

    Bytes that several names share count for the one that was put first. Exit code 1 if a name
    cannot be read.

        tenth keep du --price 0.1
    """
    from tenth.keep import Store

    used = Store(store).du(price)
    if receipt is not None:
        from tenth.keep.account import account

        account(used).save(receipt)
    rows = [("name", "full", "stored", "ratio", "base", "by codec"), *map(_row, used.shares)]
    total = (size(used.full_bytes), size(used.stored_bytes))
    times = ratio(used.full_bytes, used.stored_bytes)
    rows.append(("all", *total, times, "", _codecs(used.by_codec)))
    loose = used.rest_bytes - used.bound_bytes
    lines = [
        table(rows, right=(1, 2, 3)),
        "",
        f"in the store: {size(used.place_bytes)}; {size(used.stored_bytes)} for these names, "
        f"{size(used.bound_bytes)} beside it in the same packs, which gc keeps whole, "
        f"{size(loose)} for the log, older versions and what gc can delete",
        used.saving,
        *(f"problem: {problem}" for problem in used.problems),
    ]
    print_result("\n".join(lines), used.to_json, as_json)
    if used.problems:
        raise typer.Exit(1)


def _row(share: Share) -> tuple[str, ...]:
    if share.problem:
        return (share.name, "unknown", "unknown", "", "", "see below")
    return (
        share.name if share.lossy is None else f"{share.name} (lossy)",
        size(share.full_bytes),
        size(share.stored_bytes),
        ratio(share.full_bytes, share.stored_bytes),
        share.base or "none",
        _codecs(share.by_codec),
    )


def _codecs(by_codec: dict[str, int]) -> str:
    made = sorted(by_codec.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {size(count)}" for name, count in made if count)
