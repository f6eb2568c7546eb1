"""`tenth keep export`: a sparse patch."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Force, Threads, Version, Where, bar, size


def export(
    name: Version,
    against: Annotated[str, typer.Option(help="What the receiver has: a name, or name@version.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .safetensors file.")],
    store: Where = PLACE,
    force: Force = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Write a sparse patch: which numbers differ, and their new values.

    For who holds one version in memory and wants the next. For each tensor that changed the file
    has NAME:indices and NAME:values; flat[indices] = values is all there is to do. The values are
    those of NAME, not differences: a patch is usually larger than what the store grew by. A tensor
    that was renamed counts as one removed and one that is new, and stands there whole.

        tenth keep export task-a@2 --against task-a@1 --out step.safetensors
    """
    from tenth.keep import Store

    with bar(shown=not as_json) as progress:
        made = Store(store).export(
            name, against, out, force=force, threads=threads, progress=progress
        )
    text = (
        f"{out}: {size(made.size_bytes)}, {made.changed_elements:,} numbers of {made.patched} "
        f"tensors, and {made.whole} tensors whole"
    )
    print_result(text, made.to_json, as_json)
