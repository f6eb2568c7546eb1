"""`tenth keep put`: store a model."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Name, Threads, Where, bar, nearness, told
from tenth.errors import InputError, must


def put(
    name: Name,
    path: Annotated[
        Path, typer.Argument(help="A model folder, a .safetensors or .pt file, or any file.")
    ],
    store: Where = PLACE,
    base: Annotated[
        str,
        typer.Option(help="The name it is a variant of; auto: found by its weights; none."),
    ] = "auto",
    message: Annotated[str, typer.Option("--message", "-m", help="Stands in the log.")] = "",
    archive: Annotated[
        bool, typer.Option("--archive", help="Smaller; slower to write and to read.")
    ] = False,
    lossy: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="onebit or lowrank: store something near the model, and say how near.",
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="Of --lossy lowrank. Default: 16.", show_default=False)
    ] = None,
    threads: Threads = None,
    receipt: Annotated[
        Path | None,
        typer.Option(metavar="RECEIPT.json", help="Write what it cost and what the store saves."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Store a model under a name, as a difference from the nearest model that is there.

        tenth keep put base llama/

        tenth keep put task-a llama-task-a/ -m "three epochs"

        tenth keep put task-b model.safetensors --base base --store s3://bucket/models

        tenth keep put task-c llama-task-c/ --base base --lossy onebit

    Everything is read back and compared before the name points to it. The store is made if there
    is none. After ctrl-C the same command goes on where it stopped.
    """
    from tenth.keep import Store
    from tenth.keep.lossy import RANK
    from tenth.keep.store import PutTerms
    from tenth.receipt import Meter

    how: PutTerms = {
        "base": None if base == "none" else base,
        "message": message,
        "tier": "archive" if archive else "fast",
        "threads": threads,
    }
    if rank is not None and lossy != "lowrank":
        raise InputError(must("--rank", "given with --lossy lowrank", f"--lossy {lossy or 'none'}"))
    if not path.exists():
        raise InputError(must("PATH", "a model folder or a file", f"{path}, which is not there"))
    place = Store(store, make=True)
    with Meter("put") as meter, bar(shown=not as_json) as progress:
        how["progress"] = progress
        if lossy is None:
            result, form, near = place.put(name, path, **how), None, ""
        else:
            done = place.put_lossy(name, path, lossy, rank=RANK if rank is None else rank, **how)
            result, form, near = done.put, done.to_json, nearness(done)
    if receipt is not None:
        from tenth.keep.account import account

        account(place.du(), [meter.stage], f"put {name}").save(receipt)
    print_result(told(result) + near, form or result.to_json, as_json)
