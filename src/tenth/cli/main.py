"""The command `tenth`: the verbs, and how errors become messages and exit codes."""

import json
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import tenth
from tenth.cli import bench, demo, keep, plan, receipt, refused, ship, shrink, train
from tenth.errors import TenthError

INTERRUPTED = 130
_GO_ON = frozenset({"train", "shrink", "keep", "demo"})  # a second call ends what a first began


def _fail(error: BaseException, message: str, code: int) -> NoReturn:
    if getattr(error, "told_elsewhere", False):  # by the first of several processes
        sys.exit(code)
    if "--json" in sys.argv:
        print(json.dumps({"error": message, "exit_code": code}))
    print(f"tenth: {message}", file=sys.stderr)
    sys.exit(code)


class Verbs(TyperGroup):
    """The commands; every expected failure of one ends in one sentence and its exit code."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name: one word, or two as in `ship bench`."""
        words = " ".join(args[:2])
        if words in self.commands:
            return words, self.commands[words], args[2:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except TenthError as error:
            _fail(error, str(error), error.exit_code)
        except typer.BadParameter as error:
            if type(error) is not typer.BadParameter:  # what is missing is told with the usage
                raise
            _fail(error, refused.sentence(error), error.exit_code)
        except KeyboardInterrupt as error:
            kept = " What was finished is kept: the same command goes on."
            message = f"interrupted.{kept if ctx.invoked_subcommand in _GO_ON else ''}"
            _fail(error, message, INTERRUPTED)


app = typer.Typer(
    name="tenth",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help loads a Markdown parser first: half a second of nothing
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"tenth {tenth.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """AI at a tenth of the cost, with a receipt.

    plan before you pay, train by the cheapest route, shrink to a tenth, ship as
    plain C, keep every variant; every step is metered into a receipt.

    See it all at once, in a few minutes: tenth demo --out life

    Exit codes: 0 done, 1 target not met, 2 wrong call, 130 interrupted.
    """


app.command("plan")(plan.plan)
app.command("train")(train.train)
app.command("shrink")(shrink.shrink)
app.command("ship")(ship.ship)
app.command("ship bench")(bench.bench)
app.add_typer(keep.app, name="keep")
app.add_typer(receipt.app, name="receipt")
app.command("demo")(demo.demo)

main = app
