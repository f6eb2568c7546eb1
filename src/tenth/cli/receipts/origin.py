"""`tenth receipt origin`: what a model was made of, written on its receipt."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.receipts.arguments import File


def origin(
    receipt: File,
    kind: Annotated[str, typer.Option(help="data, base model, teacher or code.")] = "data",
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A file whose SHA-256 is recorded; its name by default.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where it came from, such as a URL.")] = None,
    licence: Annotated[str | None, typer.Option(help="Best an SPDX id, as CC-BY-4.0.")] = None,
) -> None:
    """Write down what went in: data, base model, teacher or code.

    Each with its licence and where it came from, as far as you say. The receipt is sealed anew; one
    whose chain is broken is refused.
    """
    from tenth.errors import InputError, must
    from tenth.receipt import Origin, Receipt
    from tenth.receipt.record import within

    if file is None and not name:
        remedy = "Such as --kind data --name MNIST --licence CC-BY-4.0."
        raise InputError(must("the origin", "named by --name or --file", "neither", remedy))
    if file is not None:
        found = Origin.of_file(kind, file, name=name, source=source, licence=licence)
    else:
        found = Origin(kind, name or "", source, licence)
    loaded = Receipt.load(receipt).as_sealed("to be sealed anew")
    loaded.provenance = [one for one in loaded.provenance if one.name != found.name] + [found]
    loaded.save(within(receipt))
    print(f"{receipt}: {found.kind} {found.name!r}, licence {found.licence or 'not said'}")
