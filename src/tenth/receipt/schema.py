"""Whether a JSON document has the form of a receipt, by the schema in this folder.

Reads the part of JSON Schema that schema.json uses, so that a receipt loads with the standard
library alone. Any validator of JSON Schema reads the same file.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from tenth.errors import FormatError, must

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_SHOWN = 60  # characters of a wrong value in a message


@cache
def schema() -> dict[str, Any]:
    """The schema, as JSON."""
    text = files("tenth.receipt").joinpath("schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def check(form: Any) -> None:
    """See that `form` has the form of a receipt.

    Raises:
        FormatError: it has not; the message names the place, such as `receipt.stages[0].name`.
    """
    _check(form, schema(), "receipt")


def _check(form: Any, rule: dict[str, Any], where: str) -> None:
    if "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].removeprefix("#/$defs/")]
    _check_value(form, rule, where)
    if isinstance(form, dict):
        _check_object(form, rule, where)
    elif isinstance(form, list):
        _check_array(form, rule, where)


def _check_value(form: Any, rule: dict[str, Any], where: str) -> None:
    if "const" in rule and form != rule["const"]:
        raise _wrong(where, repr(rule["const"]), form)
    if "enum" in rule and form not in rule["enum"]:
        raise _wrong(where, "one of " + ", ".join(rule["enum"]), form)
    if "type" in rule:
        wanted = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
        if not any(_is(form, name) for name in wanted):
            raise _wrong(where, "of type " + " or ".join(wanted), form)
    if "minimum" in rule and form < rule["minimum"]:
        raise _wrong(where, f"at least {rule['minimum']}", form)
    if "maximum" in rule and form > rule["maximum"]:
        raise _wrong(where, f"at most {rule['maximum']}", form)


def _check_object(form: dict[str, Any], rule: dict[str, Any], where: str) -> None:
    missing = [name for name in rule.get("required", ()) if name not in form]
    if missing:
        raise _wrong(where, f"given the field {missing[0]!r}", "none")
    known = rule.get("properties", {})
    for name, value in form.items():
        inner = known.get(name, rule.get("additionalProperties", True))
        if inner is False:
            raise _wrong(where, "made of " + ", ".join(known), name)
        if inner is not True:
            _check(value, inner, f"{where}.{name}")


def _check_array(form: list[Any], rule: dict[str, Any], where: str) -> None:
    least, most = rule.get("minItems", 0), rule.get("maxItems", len(form))
    if not least <= len(form) <= most:
        raise _wrong(where, f"of {least} to {most} values", f"{len(form)} values")
    for index, value in enumerate(form):
        _check(value, rule.get("items", {}), f"{where}[{index}]")


def _is(form: Any, name: str) -> bool:
    if isinstance(form, bool):
        return name == "boolean"  # to Python a bool is an int; to JSON it is not
    return isinstance(form, _TYPES[name])


def _wrong(where: str, rule: str, got: Any) -> FormatError:
    shown = got if isinstance(got, str) else json.dumps(got)
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return FormatError(must(where, rule, shown, "Is it a receipt of this version of tenth?"))
