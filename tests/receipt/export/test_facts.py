import json

import pytest

from tenth.errors import FormatError, InputError
from tenth.receipt.export import FACTS, Facts

from .samples import ALL_FACTS

PART = ALL_FACTS["embodied"][0]


def test_the_sample_holds_every_fact_of_the_table():
    assert set(ALL_FACTS) == set(FACTS)
    facts = Facts(ALL_FACTS)
    assert all(facts[name] == value for name, value in ALL_FACTS.items())


def test_what_is_not_given_is_none():
    assert Facts()["rented"] is None
    with pytest.raises(KeyError):
        Facts()["colour"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training_type", "training"),
        ("rented", "yes"),
        ("market_gco2e_per_kwh", -1),
        ("market_gco2e_per_kwh", float("nan")),
        ("market_gco2e_per_kwh", True),
        ("functional_units", 0),
        ("functional_unit", "  "),
        ("functional_unit", 3),
        ("devices", 1.5),
        ("devices", True),
        ("devices", 0),
        ("data_type", "pictures"),
        ("release_time", "2026-09-18"),
        ("release_time", 2026),
        ("embodied", []),
        ("embodied", PART),
        ("embodied", [{**PART, "total_gco2e": 0}]),
        ("embodied", [{**PART, "resources_reserved": 9}]),
        ("embodied", [{**PART, "mass_kg": 9}]),
        ("embodied", [{key: PART[key] for key in PART if key != "name"}]),
        ("embodied", ["server"]),
    ],
)
def test_a_fact_against_its_rule_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        Facts({name: value})


def test_a_name_that_is_not_in_the_table_is_refused_with_the_near_ones():
    with pytest.raises(InputError, match="Did you mean rented"):
        Facts({"rentd": True})


def test_facts_come_from_a_file(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"rented": True}))
    assert Facts.load(path)["rented"] is True


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\udcff"])
def test_a_file_of_something_else_is_told(tmp_path, text):
    path = tmp_path / "facts.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError, match="must be"):
        Facts.load(path)
    with pytest.raises(FormatError, match="cannot be read"):
        Facts.load(tmp_path / "none.json")
