"""The bar of memory: five nets trained on a processor, measured by bench/memory.py."""

import json
from pathlib import Path

import pytest

ROWS = json.loads(
    (Path(__file__).parents[2] / "docs" / "results" / "memory.json").read_text(encoding="utf-8")
)["rows"]


def test_five_nets_of_five_kinds_were_measured():
    assert [row["net"] for row in ROWS] == ["mlp", "conv", "encoder", "decoder", "lstm"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["net"])
def test_the_peak_is_within_a_tenth_of_what_the_allocator_gave_out(row):
    assert row["planned_bytes"] == pytest.approx(row["allocated_bytes"], rel=0.10)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["net"])
def test_the_interval_holds_the_resident_memory(row):
    assert row["planned_low_bytes"] <= row["resident_bytes"] <= row["planned_high_bytes"]
