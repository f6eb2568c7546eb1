import json
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


def mutants(form):
    """The form with one thing wrong, many times over."""
    wrong = [None, True, 3, -1.5, "x", [], {}, [1, 2, 3], {"a": 1}]

    def walk(node, put):
        for value in wrong:
            yield put, value
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            inner = node[key]

            def place(value, node=node, key=key):
                node[key] = value

            if isinstance(inner, dict | list):
                yield from walk(inner, place)
            else:
                for value in wrong:
                    yield place, value

    for top in (
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
    ):

        def put(value, top=top):
            form[top] = value

        yield from walk(form[top], put)


def test_it_agrees_with_a_real_validator_on_many_wrong_receipts():
    validator = Draft202012Validator(schema())
    whole = life()
    whole.sizes, whole.stages, whole.arms = whole.sizes[:1], whole.stages[:1], whole.arms[:1]
    text = json.dumps(whole.to_json())
    form = json.loads(text)
    count = sum(1 for _ in mutants(form))
    refused = 0
    for index in range(count):
        form = json.loads(text)
        put, value = next(pair for n, pair in enumerate(mutants(form)) if n == index)
        put(value)
        valid = validator.is_valid(form)
        refused += not valid
        if valid:
            check(form)
        else:
            with pytest.raises(FormatError, match="receipt"):
                check(form)
    assert refused > 200


def test_a_long_wrong_value_is_cut_in_the_message():
    with pytest.raises(FormatError) as caught:
        check(["x" * 10_000])
    assert len(str(caught.value)) < 250
