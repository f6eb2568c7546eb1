"""`tenth receipt compare`: two receipts side by side, or a plan beside what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def compare(
    receipt: File,
    baseline: Annotated[
        Path | None,
        typer.Argument(metavar="BASELINE.json", help="Without one: the plan against the actual."),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="A plan, as `tenth plan --json` prints it.")
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Put unlike or edited ones side by side, without ratios."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold RECEIPT against a baseline, or against its plan.

    Refuses, saying why, when task, hardware or accuracy target differ, or when one was edited since
    it was sealed: such a ratio means nothing.
    """
    from tenth.cli.receipts.sealed import sealed
    from tenth.errors import InputError, must
    from tenth.receipt.actual import planned
    from tenth.receipt.compare import beside

    loaded = sealed(receipt, "to be compared, or used --anyway", anyway=anyway)
    if baseline is not None and plan is not None:
        raise InputError(must("compare", "given a baseline or a plan", "both", "Call it twice."))
    if baseline is None:
        comparison = planned(loaded, plan, anyway=anyway)
    else:
        other = sealed(baseline, "to be compared, or used --anyway", anyway=anyway)
        comparison = beside(loaded, other) if anyway else loaded.compare(other)
    print_result(comparison, comparison.to_json, as_json)
