"""The output in docs/receipt.md is what the commands print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tenth.receipt.look.language import LANGUAGES, messages

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "receipt.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ tenth (.*)\n((?:.*\n)*?)```", PAGE)
CUT = "…\n"  # the end of an output that is not shown whole


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_output_in_the_documentation_is_what_is_printed(command, output):
    run = subprocess.run(
        [sys.executable, "-m", "tenth", *command.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    if output.endswith(CUT):
        assert run.stdout.startswith(output.removesuffix(CUT))
    else:
        assert run.stdout == output


def test_there_is_output_to_compare():
    assert len(SHOWN) >= 5


def test_each_label_is_told_as_the_page_tells_it():
    for label in ("measured", "counted", "given", "modelled", "estimated"):
        assert f"| {label} |" in PAGE
        assert messages("en")[f"label.{label}"] == label


def test_each_picture_of_the_documentation_is_there_in_each_language():
    for lang in LANGUAGES:
        for kind in ("receipt", "plan"):
            for view in ("desktop", "phone", "paper"):
                assert f"pictures/{kind}-{lang}-{view}.png" in PAGE
                assert (ROOT / "docs" / "pictures" / f"{kind}-{lang}-{view}.png").exists()
