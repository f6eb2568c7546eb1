import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tenth.errors import FormatError
from tenth.receipt.schema import VERSIONS, check, schema

from .samples import life

DOCS = Path(__file__).parent.parent.parent / "docs" / "schema"
KNOWN = {
    "$ref",
    "anyOf",
    "type",
    "const",
    "enum",
    "minimum",
    "maximum",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
}
SAYS_NOTHING = {"$schema", "$defs", "title", "description"}


def rules(rule):
    """Every rule of the schema, at any depth."""
    yield rule
    inner = [*rule.get("properties", {}).values(), *rule.get("$defs", {}).values()]
    inner += [rule[key] for key in ("items", "additionalProperties") if key in rule]
    inner += rule.get("anyOf", [])
    for part in inner:
        if isinstance(part, dict):
            yield from rules(part)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_a_schema(version):
    Draft202012Validator.check_schema(schema(version))
    assert schema(version)["title"] == version


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_in_the_docs_is_the_one_that_is_checked(version):
    published = DOCS / f"{version.replace('/', '-')}.json"
    assert json.loads(published.read_text(encoding="utf-8")) == schema(version)


def test_what_may_be_absent_is_null_or_of_one_rule():
    for rule in rules(schema()):
        if "anyOf" in rule:
            nothing, _ = rule["anyOf"]
            assert nothing == {"type": "null"}


def test_our_check_reads_every_word_that_the_schema_uses():
    used = {word for rule in rules(schema()) for word in rule}
    assert used <= KNOWN | SAYS_NOTHING
    assert used >= KNOWN


def test_every_reference_leads_somewhere():
    for rule in rules(schema()):
        if "$ref" in rule:
            assert rule["$ref"].removeprefix("#/$defs/") in schema()["$defs"]


PARTS = (
    "task",
    "run",
    "provenance",
    "chain",
    "place",
    "hardware",
    "software",
    "sizes",
    "scores",
    "notes",
    "plan_of",
)
WRONG = [None, True, 3, -1.5, "x", [], {}, [1, 2, 3], {"a": 1}]


def places(node, key):
    """Each thing at or under `node[key]`, as what holds it and its key."""
    yield node, key
    inner = node[key]
    if isinstance(inner, dict | list):
        for deeper in list(inner) if isinstance(inner, dict) else range(len(inner)):
            yield from places(inner, deeper)


def test_it_agrees_with_a_real_validator_on_many_wrong_receipts():
    validator = Draft202012Validator(schema())
    whole = life()
    # few figures, as each is checked anew for each thing that is wrong
    whole.sizes, whole.arms, whole.plan = whole.sizes[:1], [], {}
    whole.stages = [replace(whole.stages[0], figures={}, parts=[])]
    form = json.loads(json.dumps(whole.to_json()))
    before = json.dumps(form)
    refused = 0
    for node, key in [place for part in PARTS for place in places(form, part)]:
        was = node[key]
        for wrong in WRONG:
            node[key] = wrong
            if validator.is_valid(form):
                check(form)
                continue
            refused += 1
            with pytest.raises(FormatError, match="receipt"):
                check(form)
        node[key] = was
    assert json.dumps(form) == before
    assert refused > 200


def test_a_long_wrong_value_is_cut_in_the_message():
    with pytest.raises(FormatError) as caught:
        check(["x" * 10_000])
    assert len(str(caught.value)) < 250
