import importlib.util
import re
from pathlib import Path

import pytest

from tenth.plan import Serve, Train, estimate, of_model, preset

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def filler():
    spec = importlib.util.spec_from_file_location("bench_plan", ROOT / "bench" / "plan.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_output_in_the_documentation_is_what_is_printed(filler):
    assert PAGE.count("```console") + PAGE.count("```python") >= 2
    assert filler.filled(PAGE) == PAGE, "run `python bench/plan.py`"


def test_an_output_that_is_not_printed_is_replaced(filler):
    text = "```python\nprint(1)\nprint('---')\nprint(2)\n```\n\n```text\nold\n```\n"
    assert filler.filled(text).endswith("```text\n1\n```\n\n```text\n2\n```\n")
    text = "```console\n$ tenth receipt show docs/results/life.json\nold\nold\n…\n```"
    shown = filler.filled(text).splitlines()[2:-1]
    assert shown[0] == "Conway's Game of Life at a tenth"
    assert (len(shown), shown[-1]) == (3, "…")
    assert "Usage" in filler.filled("```console\n$ tenth plan --help\nold\n```")


def test_every_figure_has_its_row_in_the_documentation():
    llama = preset("llama")
    plans = (
        estimate(params=1e6, tokens=1e6),
        of_model(llama, Train(1e9, kind="lora"), device="h100"),
        of_model(preset("mixtral"), Serve(), device="h100"),
    )
    for plan in plans:
        for name in plan.figures:
            assert re.search(rf"\b{name}\b", PAGE), name
