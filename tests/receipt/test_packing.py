import json

import pytest
from jsonschema import Draft202012Validator

from tenth.errors import FormatError
from tenth.figures import Figure
from tenth.receipt import Receipt
from tenth.receipt.packing import packed, text, unpacked
from tenth.receipt.schema import schema

from .samples import life


def test_packing_loses_nothing():
    form = life().to_json()
    assert unpacked(packed(form)) == form
    assert json.loads(text(packed(form))) == packed(form)


def test_each_source_stands_once():
    small = packed(life().to_json())
    assert len(set(small["sources"])) == len(small["sources"])
    assert len(text(small)) < 0.8 * len(json.dumps(life().to_json()))
    Draft202012Validator(schema()).validate(small)


def test_names_of_figures_may_be_any_word():
    receipt = life()
    receipt.scores = {
        key: Figure(1.0, "", source=key) for key in ("value", "unit", "label", "source")
    }
    form = receipt.to_json()
    assert unpacked(packed(form)) == form


@pytest.mark.parametrize("number", [-1, 99_999])
def test_a_source_that_is_not_listed_is_refused(tmp_path, number):
    small = packed(life().to_json())
    small["scores"]["dense, test"]["source"] = number
    (tmp_path / "r.json").write_text(text(small))
    with pytest.raises(FormatError, match="source must be one of"):
        Receipt.load(tmp_path / "r.json")


def test_a_figure_takes_one_line():
    lines = text(packed(life().to_json())).splitlines()
    assert any('"wall_seconds": {"value"' in line for line in lines)
    assert len(lines) < 1500
