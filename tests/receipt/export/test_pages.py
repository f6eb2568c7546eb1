"""The filled forms in docs/exports are what the receipt beside them gives today."""

import re
from pathlib import Path

import pytest

from tenth.receipt import Receipt
from tenth.receipt.export import FACTS, FORMS, Facts, export

PAGES = Path(__file__).parents[3] / "docs" / "exports"
FILES = {
    "sci": "sci.json",
    "ghg": "ghg.json",
    "boamps": "boamps.json",
    "spdx": "spdx.json",
    "eu": "eu.json",
    "csv": "figures.csv",
    "card": "card.md",
    "dict": "dict.json",
}
README = (PAGES / "README.md").read_text(encoding="utf-8")


def filled(form):
    return export(Receipt.load(PAGES / "receipt.json"), form, Facts.load(PAGES / "facts.json"))


def part(name):
    return re.search(f"<!-- {name} -->\n(.*)<!-- /{name} -->", README, re.DOTALL)[1]


def rows(*cells):
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def test_every_form_has_its_file_and_its_row():
    assert set(FILES) == set(FORMS)
    for form, name in FILES.items():
        assert f"| `{form}` | [{name}]({name}) |" in README


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_what_the_command_writes_today(form):
    # to write it anew: tenth receipt export receipt.json --form … --facts facts.json -o …
    texts = [(PAGES / FILES[form]).read_bytes().decode(), str(filled(form))]
    kept, now = (re.sub(r'"tenth \d[\w.]*"', '"tenth"', text) for text in texts)
    assert kept == now


def test_the_table_of_open_fields_is_that_of_the_forms():
    gaps = [
        (f"`{form}`", f"{gap.field}{' (required)' if gap.required else ''}", gap.reason)
        for form in FORMS
        if form != "csv"
        for gap in filled(form).open
    ]
    assert part("open") == rows(*gaps)


def test_the_table_of_facts_is_that_of_the_program():
    facts = [(f"`{name}`", fact.rule, fact.meaning) for name, fact in FACTS.items()]
    assert part("facts") == rows(*facts)
