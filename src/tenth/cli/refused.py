"""What the parser of the command line refuses, in the words of the house."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import typer

from tenth.errors import TenthError, must

# kinds of errors of pydantic, which typer asks whether a word is a value of an option's type
_RULES = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "float_parsing": "a number",
    "greater_than_equal": "at least {ge:g}",
}
_LEAD = "Value error, "


def sentence(error: typer.BadParameter) -> str:
    """One plain sentence on a wrong value of an option or an argument.

    What is of no known kind keeps the words it came with.
    """
    option = max(getattr(error.param, "opts", None) or ["the value"], key=len)
    found = _found(error)
    inner = found.get("ctx", {}).get("error")
    if isinstance(inner, TenthError):
        return f"{option}: {inner}"
    rule = _rule(error, found)
    if rule is None:
        return f"{option}: {error.message.removeprefix(_LEAD)}"
    return must(option, rule, repr(found["input"]))


def _found(error: typer.BadParameter) -> dict[str, Any]:
    """The first of pydantic's errors below this one; empty where it is of something else."""
    errors: Callable[[], list[dict[str, Any]]] | None = getattr(error.__cause__, "errors", None)
    return {} if errors is None else errors()[0]


def _rule(error: typer.BadParameter, found: dict[str, Any]) -> str | None:
    default = getattr(error.param, "default", None)
    if found.get("type") == "value_error" and isinstance(default, Enum):
        return f"one of {', '.join(str(one.value) for one in type(default))}"
    rule = _RULES.get(found.get("type", ""))
    return None if rule is None else rule.format(**found.get("ctx", {}))
