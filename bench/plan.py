"""Fill the pages about plans and receipts with what the commands and the Python in them print.

    python bench/plan.py

A block of commands, fenced as `console`, is each line that begins with `$ ` and what it prints; one
that ends with a line of `…` shows as many lines of the last one as before. A
block of Python is run, and the `text` blocks that follow at once are what it prints, parted by a
line of three dashes. Prices age, so the pages say on which day they were made. What stands between
`<!-- memory -->` and its end is a table of docs/results/memory.json.
"""

import contextlib
import datetime
import io
import json
import re
import shlex
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parent.parent
PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("plan", "advice", "receipt"))
MEMORY = ROOT / "docs" / "results" / "memory.json"
DAY = datetime.date(2026, 11, 30)

_CUT = "…"
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_MEMORY = re.compile(r"<!-- memory -->\n(.*?)<!-- /memory -->", re.DOTALL)
_PYTHON = re.compile(r"(```python\n(.*?)```\n)((?:\n```text\n.*?```\n)+)", re.DOTALL)


def _command(line: str) -> str:
    from typer.testing import CliRunner

    from tenth.cli.main import app

    arguments = shlex.split(line)[1:]
    with contextlib.chdir(ROOT):
        result = CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "TENTH_PLACE": ""})
    return result.output.rstrip("\n")


def _console(found: re.Match[str]) -> str:
    lines = [line for line in found[1].splitlines() if line.startswith("$ ")]
    text = "\n\n".join(f"{line}\n{_command(line[2:])}" for line in lines)
    shown = found[1].splitlines()
    if shown[-1] == _CUT:
        text = "\n".join([*text.splitlines()[: len(shown) - 1], _CUT])
    return f"```console\n{text}\n```"


def _python(found: re.Match[str]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(found[2], "docs/plan.md", "exec"), {})
    parts = printed.getvalue().strip("\n").split("\n---\n")
    return found[1] + "".join(f"\n```text\n{part.strip()}\n```\n" for part in parts)


def _memory(_: re.Match[str]) -> str:
    form = json.loads(MEMORY.read_text(encoding="utf-8"))
    lines = [
        "| net | planned | allocated | planned ÷ allocated | resident | planned ÷ resident "
        "| resident, blocks returned | planned ÷ that |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in form["rows"]:
        cells = [row["net"], _megabytes(row["planned_bytes"])]
        for kind in ("allocated", "resident", "returned"):
            cells += [_megabytes(row[f"{kind}_bytes"]), f"{row[f'planned_over_{kind}']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "<!-- memory -->\n" + "\n".join(lines) + "\n<!-- /memory -->"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.0f} MB"


def filled(text: str) -> str:
    """The page with each output made anew."""
    from tenth.catalogue import prices

    with mock.patch.object(prices, "today", return_value=DAY):
        text = _MEMORY.sub(_memory, text)
        return _PYTHON.sub(_python, _CONSOLE.sub(_console, text))


def main() -> None:
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
