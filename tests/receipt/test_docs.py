"""The output in docs/receipt.md is what the commands print."""

import importlib.util
from pathlib import Path

from tenth.receipt.look.language import LANGUAGES, messages

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "receipt.md").read_text(encoding="utf-8")


def test_the_output_in_the_documentation_is_what_is_printed():
    spec = importlib.util.spec_from_file_location("bench_plan", ROOT / "bench" / "plan.py")
    filler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(filler)
    assert filler.filled(PAGE) == PAGE, "run `python bench/plan.py`"


def test_there_is_output_to_compare():
    assert PAGE.count("```console\n$ tenth receipt") >= 5


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
