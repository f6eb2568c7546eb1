import csv
import io

import pytest

from tenth.figures import Figure
from tenth.receipt.export import export
from tenth.receipt.export.spreadsheet import COLUMNS

from ..samples import life
from .samples import plain


def rows(receipt, facts=None):
    return list(csv.DictReader(io.StringIO(str(export(receipt, "csv", facts)))))


def test_every_figure_is_a_row_and_reads_back():
    receipt = plain()
    found = {(row["part"], row["figure"]): row for row in rows(receipt)}
    assert tuple(found["total", "wall_seconds"]) == COLUMNS
    for name, figure in receipt.stages[0].figures.items():
        row = found["stage train", name]
        assert (float(row["value"]) if row["value"] else None) == figure.value
        assert row["unit"] == figure.unit
        assert row["source"] == figure.source
        assert row["reason"] == figure.reason
    assert float(found["total", "energy_kwh"]["value"]) == pytest.approx(2.0)
    assert found["score", "test"]["low"] == "0.97"
    assert found["size after", "parameters"]["value"] == "1500000"


def test_the_unknown_is_an_empty_cell_with_its_reason():
    row = next(row for row in rows(plain()) if row["figure"] == "price_usd")
    assert (row["value"], row["low"], row["label"]) == ("", "", "")
    assert row["reason"] == "no price given"


def test_parts_of_stages_and_arms_are_there():
    receipt = life()
    found = [row["part"] for row in rows(receipt)]
    assert "stage small alone / dense, seed 0" in found
    assert "arm granet" in found
    assert "plan" in found


@pytest.mark.parametrize("evil", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(evil):
    receipt = plain(scores={evil: Figure(1.0, "", source=evil)})
    row = next(row for row in rows(receipt) if row["part"] == "score")
    assert row["figure"] == f"'{evil}"
    assert row["source"] == f"'{evil}"


def test_commas_quotes_and_lines_stay_inside_their_cell():
    odd = 'a "b", c\nd'
    row = next(row for row in rows(plain(scores={odd: Figure(1.0, "")})) if row["part"] == "score")
    assert row["figure"] == odd
