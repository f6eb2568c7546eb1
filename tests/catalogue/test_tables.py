import pytest

from tenth.catalogue.tables import cell, pick, rows, simplified
from tenth.errors import InputError

ROW = {"name": "X", "spec_source": "sheet", "confidence": "B"}


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("80", (80e9, 80e9, 80e9)),
        ("16 or 32", (16e9, 16e9, 32e9)),
        ("2-16", (2e9, 2e9, 16e9)),
        ("8e-05", (8e4, 8e4, 8e4)),
    ],
)
def test_a_cell_is_read_with_its_scale(text, bounds):
    figure = cell({**ROW, "m": text}, "m", "bytes", 1e9)
    assert figure.bounds() == pytest.approx(bounds)
    assert (figure.label, figure.source) == ("given", "table: sheet")


@pytest.mark.parametrize("text", ["", " ", "up to 4096 DDR5", "unknown"])
def test_a_cell_without_a_number_is_unknown_and_never_zero(text):
    figure = cell({**ROW, "m": text}, "m", "bytes")
    assert figure.value is None
    assert "X: m is" in figure.reason


def test_an_unverified_row_says_so():
    row = {**ROW, "confidence": "C", "m": "1"}
    assert cell(row, "m", "W").source == "table, unverified: sheet"


def test_simplified_names_forget_case_and_signs_but_not_the_plus():
    assert simplified("NVIDIA_H100 SXM5-80GB") == "nvidiah100sxm580gb"
    assert simplified("8480+") != simplified("8480")


def test_pick_offers_what_is_near_else_the_hint():
    table = {"h100": 1}
    assert pick(table, "H 100", "device", listing=["H100"], hint="") == 1
    with pytest.raises(InputError, match=r"Got 'h10'\. Did you mean H100\?"):
        pick(table, "h10", "device", listing=["H100"], hint="")
    for nonsense in ("zzz", "", None, 7, float("nan"), ["h100"]):
        with pytest.raises(InputError, match=r"device must be in the catalogue.*Ask\."):
            pick(table, nonsense, "device", listing=["H100"], hint="Ask.")


@pytest.mark.parametrize("name", ["devices", "embodied", "grid", "prices"])
def test_every_row_of_every_file_has_every_column(name):
    assert rows(name)
    for row in rows(name):
        assert None not in row
        assert None not in row.values()
        assert row["source" if "source" in row else "spec_source"]
