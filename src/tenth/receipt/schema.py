"""Whether a JSON document has the form of a receipt, by the schemas in this folder.

Reads the part of JSON Schema that they use, so that a receipt loads with the standard library
alone. Any validator of JSON Schema reads the same files.
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


NEWEST = "tenth-receipt/2"
# each version that can be read, and the file of its schema
VERSIONS = {"tenth-receipt/1": "schema-1.json", NEWEST: "schema.json"}


@cache
def schema(version: str = NEWEST) -> dict[str, Any]:
    """The schema of a version, as JSON."""
    text = files("tenth.receipt").joinpath(VERSIONS[version]).read_text(encoding="utf-8")
    return json.loads(text)


def check(form: Any) -> None:
    """See that `form` has the form of a receipt, in the version that it names.

    Raises:
        FormatError: it has not; the message names the place, such as `receipt.stages[0].name`.
    """
    named = form.get("schema") if isinstance(form, dict) else None
    version = named if isinstance(named, str) and named in VERSIONS else NEWEST
    _Check(schema(version)["$defs"]).check(form, schema(version), "receipt")


class _Check:
    """One walk through a document; `defs` are the rules that others name."""

    def __init__(self, defs: dict[str, Any]) -> None:
        self._defs = defs

    def check(self, form: Any, rule: dict[str, Any], where: str) -> None:
        if "$ref" in rule:
            rule = self._defs[rule["$ref"].removeprefix("#/$defs/")]
        if "anyOf" in rule:
            # of null and one other rule: that one names what is wrong
            nothing, other = rule["anyOf"]
            rule = nothing if form is None else other
            self.check(form, rule, where)
            return
        _check_value(form, rule, where)
        if isinstance(form, dict):
            self._object(form, rule, where)
        elif isinstance(form, list):
            self._array(form, rule, where)

    def _object(self, form: dict[str, Any], rule: dict[str, Any], where: str) -> None:
        missing = [name for name in rule.get("required", ()) if name not in form]
        if missing:
            raise _wrong(where, f"given the field {missing[0]!r}", "none")
        known = rule.get("properties", {})
        for name, value in form.items():
            inner = known.get(name, rule.get("additionalProperties", True))
            if inner is False:
                raise _wrong(where, "made of " + ", ".join(known), name)
            if inner is not True:
                self.check(value, inner, f"{where}.{name}")

    def _array(self, form: list[Any], rule: dict[str, Any], where: str) -> None:
        least, most = rule.get("minItems", 0), rule.get("maxItems", len(form))
        if not least <= len(form) <= most:
            raise _wrong(where, f"of {least} to {most} values", f"{len(form)} values")
        for index, value in enumerate(form):
            self.check(value, rule.get("items", {}), f"{where}[{index}]")


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


def _is(form: Any, name: str) -> bool:
    if isinstance(form, bool):
        return name == "boolean"  # to Python a bool is an int; to JSON it is not
    return isinstance(form, _TYPES[name])


def _wrong(where: str, rule: str, got: Any) -> FormatError:
    shown = got if isinstance(got, str) else json.dumps(got)
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return FormatError(must(where, rule, shown, "Is it a receipt of this version of tenth?"))
