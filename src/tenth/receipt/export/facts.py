"""What a form asks and no meter can know: given by the user, checked against one table."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tenth.errors import FormatError, InputError, must

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Fact:
    """A fact that may be given: its rule in words, the check of it, and what it is."""

    rule: str
    holds: Check
    meaning: str


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(meaning: str) -> Fact:
    return Fact("a text", lambda v: isinstance(v, str) and bool(v.strip()), meaning)


def _above_zero(meaning: str) -> Fact:
    return Fact("a number above 0", lambda v: _number(v) and v > 0, meaning)


def _choice(meaning: str, *words: str) -> Fact:
    return Fact(f"one of {', '.join(words)}", lambda v: v in words, meaning)


_EMBODIED = ("total_gco2e", "lifespan_hours", "resources_reserved", "resources_total")


def _embodied(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(part, dict)
            and isinstance(part.get("name"), str)
            and part.keys() == {"name", *_EMBODIED}
            and all(_number(part[key]) and part[key] > 0 for key in _EMBODIED)
            and part["resources_reserved"] <= part["resources_total"]
            for part in value
        )
    )


FACTS: Mapping[str, Fact] = {
    "training_type": _choice("what the receipt is of", "pre-training", "fine-tuning", "inference"),
    "rented": Fact("true or false", lambda v: isinstance(v, bool), "whose machine it is"),
    "market_gco2e_per_kwh": Fact(
        "a number, at least 0",
        lambda v: _number(v) and v >= 0,
        "carbon of the electricity as bought by contract",
    ),
    "market_source": _text("the contract, and its year"),
    "functional_unit": _text("what the SCI score is for: R, such as '1,000 answers'"),
    "functional_units": _above_zero("how many of these units the receipt made"),
    "boundary": _text("what else the SCI boundary holds or leaves out"),
    "embodied": Fact(
        f"a list of objects with name and, above 0, {', '.join(_EMBODIED)}",
        _embodied,
        "carbon of making the hardware, a part each: TE, EL, RR and ToR of ISO/IEC 21031",
    ),
    "device": _text(
        "a device of the catalogue: its embodied carbon, where the table has it, stands in for M"
    ),
    "time_reserved_hours": _above_zero("TiR: how long the hardware was reserved"),
    "devices": Fact(
        "a whole number, at least 1",
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 1,
        "how many devices worked at once",
    ),
    "location": _text("where the machine is, as exactly as you like"),
    "task_family": _text("kind of task, such as 'image classification'"),
    "data_type": _choice(
        "what the data are",
        *("tabular", "audio", "boolean", "image", "video"),
        *("object", "text", "token", "word", "other"),
    ),
    "infrastructure": _choice(
        "whose data centre", "publicCloud", "privateCloud", "onPremise", "other"
    ),
    "publisher": _text("organisation that files the form"),
    "confidentiality": _choice("of the report", "public", "internal", "confidential", "secret"),
    "version": _text("version of the model"),
    "download_location": _text("where the model can be had: a URL"),
    "release_time": Fact(
        "a time in UTC such as 2026-09-17T10:12:44Z",
        lambda v: isinstance(v, str) and _is_time(v),
        "when the model was released",
    ),
    "inference_flops": _above_zero("FLOPs of a stated benchmark of inference"),
    "inference_benchmark": _text("its task and hardware"),
}


def _is_time(text: str) -> bool:
    from datetime import datetime

    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return False
    return True


class Facts:
    """Given facts, each of the table; `facts[name]` is None for what was not given.

    Raises:
        InputError: a name that is not in the table, or a value against its rule.
    """

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        self._given = dict(given or {})
        for name, value in self._given.items():
            if name not in FACTS:
                near = get_close_matches(name, FACTS, n=2)
                listing = f"Did you mean {' or '.join(near)}?" if near else ""
                raise InputError(must("fact", f"one of {', '.join(FACTS)}", repr(name), listing))
            if not FACTS[name].holds(value):
                raise InputError(must(f"fact {name!r}", FACTS[name].rule, repr(value)))

    @classmethod
    def load(cls, path: str | Path) -> "Facts":
        """Read a JSON object of facts.

        Raises:
            FormatError: the file is missing or holds something else.
            InputError: a fact is wrong.
        """
        try:
            given = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise FormatError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise FormatError(must(str(path), "JSON", error)) from error
        if not isinstance(given, dict):
            raise FormatError(must(str(path), "one JSON object of facts", type(given).__name__))
        return cls(given)

    def __getitem__(self, name: str) -> Any:
        if name not in FACTS:
            raise KeyError(name)
        return self._given.get(name)
