"""`tenth receipt`: the list of its commands; each has a file in `receipts/`."""

import typer

from tenth.cli.receipts import compare, export, html, judge, show

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read, check, compare and print what a run cost and saved.",
)

app.command("show")(show.show)
app.command("compare")(compare.compare)
app.command("html")(html.html)
app.command("export")(export.export)
app.command("judge")(judge.judge)
