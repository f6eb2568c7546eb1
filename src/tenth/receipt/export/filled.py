"""A form filled from a receipt, and the fields of it that stay open."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenth import files
from tenth.figures import Figure

Content = dict[str, Any] | str


@dataclass(frozen=True)
class Open:
    """A field that a receipt cannot fill, and why; `required` where the form insists on it."""

    field: str
    reason: str
    required: bool = False

    def __str__(self) -> str:
        return f"{self.field}{' (required)' if self.required else ''}: {self.reason}"


@dataclass(frozen=True)
class Filled:
    """A filled form: `content` is an object of JSON or a text, `open` what stays to be filled."""

    form: str
    content: Content
    open: tuple[Open, ...]
    suffix: str = ".json"

    @property
    def complete(self) -> bool:
        """Whether no field that the form insists on is open."""
        return not any(gap.required for gap in self.open)

    def to_json(self) -> dict[str, Any]:
        """The form with its open fields, as JSON."""
        return {
            "form": self.form,
            "content": self.content,
            "open": [
                {"field": gap.field, "reason": gap.reason, "required": gap.required}
                for gap in self.open
            ],
        }

    def save(self, path: str | Path) -> None:
        """Write the form alone, whole or not at all.

        Raises:
            OutputError: the place cannot be written.
        """
        files.write_text(path, str(self))

    def __str__(self) -> str:
        text = self.content
        if not isinstance(text, str):
            text = json.dumps(text, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        # half a surrogate pair, which JSON can escape and UTF-8 cannot hold, becomes a ?
        return text.encode("utf-8", "replace").decode("utf-8")


@dataclass
class Sheet:
    """A form while it is filled: what is not known is listed, never written as zero."""

    open: list[Open] = field(default_factory=list)

    def put(
        self, into: dict[str, Any], where: str, value: Any, why: str, *, required: bool = False
    ) -> None:
        """Write a value under the last name of `where`, a path with dots; None stays open."""
        if value is None or value == "":
            self.leave(where, why, required=required)
        else:
            into[where.rpartition(".")[2]] = value

    def figure(
        self, into: dict[str, Any], where: str, figure: Figure, *, required: bool = False
    ) -> None:
        """Write the value of a figure; an unknown one stays open with its own reason."""
        self.put(into, where, figure.value, figure.reason, required=required)

    def leave(self, where: str, why: str, *, required: bool = False) -> None:
        """List a field as open."""
        self.open.append(Open(where, why, required))

    def filled(self, form: str, content: Content, suffix: str = ".json") -> Filled:
        """The form, done."""
        return Filled(form, content, tuple(self.open), suffix)


def by_reason(gaps: Iterable[Open]) -> list[str]:
    """The fields that are open for one reason, together: the fields, then the reason.

    >>> by_reason([Open("a", "lost", True), Open("b", "unsaid"), Open("c", "lost")])
    ['a (required), c: lost', 'b: unsaid']
    """
    found: dict[str, list[str]] = {}
    for gap in gaps:
        found.setdefault(gap.reason, []).append(
            f"{gap.field}{' (required)' if gap.required else ''}"
        )
    return [f"{', '.join(fields)}: {reason}" for reason, fields in found.items()]


def listed(gaps: Iterable[Open]) -> str:
    """The open fields in one text, for a form's free text; empty if none is."""
    said = "; ".join(str(gap) for gap in gaps)
    return f"Left open: {said}." if said else ""
