"""`tenth receipt`: the list of its commands; each has a file in `receipts/`."""

import typer

from tenth.cli.receipts import (
    add,
    compare,
    export,
    html,
    judge,
    origin,
    payback,
    show,
    validate,
    what_if,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read, check, compare and print what a run cost and saved.",
)

app.command("show")(show.show)
app.command("compare")(compare.compare)
app.command("html")(html.html)
app.command("validate")(validate.validate)
app.command("add")(add.add)
app.command("origin")(origin.origin)
app.command("payback")(payback.payback)
app.command("what-if")(what_if.what_if)
app.command("export")(export.export)
app.command("judge")(judge.judge)
