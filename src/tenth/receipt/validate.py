"""Whether a receipt is what it claims: its form, its chain, its figures, its sums.

What is wrong is a finding, with its place. What could not be looked at is a note. A sound receipt
is consistent with itself and as it was sealed; whether its instruments told the truth, and whether
somebody sealed it anew, no file can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tenth.errors import InputError
from tenth.figures import Figure
from tenth.receipt import packing, schema, seal, sums
from tenth.receipt.record import Receipt, read


@dataclass(frozen=True)
class Finding:
    """Something wrong, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Verdict:
    """What the look at a receipt found; `figures` and `links` say how much was looked at.

    `seal` is the last link that the file holds: a printed sheet of this file ends with the same.
    """

    file: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: int = 0
    links: int = 0
    seal: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON."""
        return {
            "file": self.file,
            "sound": self.sound,
            "findings": [{"where": one.where, "what": one.what} for one in self.findings],
            "notes": list(self.notes),
            "figures": self.figures,
            "links": self.links,
            "seal": self.seal or None,
        }

    def __str__(self) -> str:
        looked = f"{self.figures} figures, {self.links} links of the chain"
        head = f"{self.file}: sound ({looked})" if self.sound else f"{self.file}: NOT sound"
        lines = [f"  {one}" for one in self.findings] + [f"  note: {note}" for note in self.notes]
        if self.seal:
            lines.append(f"  last link: {self.seal}")
        return "\n".join([head, *lines])


def validate(path: str | Path) -> Verdict:
    """Look at a file with a receipt.

    Cost: reads it once.

    Raises:
        FormatError: the file is missing, or holds no JSON.
    """
    return validate_form(read(path), str(path))


def validate_form(form: Any, name: str = "receipt") -> Verdict:
    """Look at a receipt's JSON."""
    verdict = Verdict(name)
    try:
        schema.check(form)
        plain = packing.unpacked(form)
    except InputError as error:
        verdict.findings.append(Finding("form", str(error)))
        return verdict
    _chain(form, plain, verdict)
    for where, figure in _figures(plain, ""):
        verdict.figures += 1
        _figure(where, figure, verdict)
    if verdict.findings and not all(one.where == "chain" for one in verdict.findings):
        return verdict
    try:
        receipt = Receipt.from_json(form)
    except InputError as error:
        verdict.findings.append(Finding("form", str(error)))
        return verdict
    _words(receipt, verdict)
    verdict.findings += [Finding(*one) for one in sums.wrong(receipt, plain)]
    return verdict


def _chain(form: dict[str, Any], plain: dict[str, Any], verdict: Verdict) -> None:
    if "chain" not in form:
        verdict.notes.append("a receipt of version 1 has no chain: an edit would not be seen")
        return
    verdict.links = len(form["chain"])
    if form["chain"]:
        verdict.seal = form["chain"][-1]["sha256"]
    verdict.findings += [Finding("chain", told) for told in seal.findings(plain)]
    used = {
        figure[key] for _, figure in _figures(form, "") for key in packing.TEXTS & figure.keys()
    }
    spare = [n for n in range(len(form["sources"])) if n not in used]
    if spare:
        verdict.findings.append(Finding("sources", f"no figure names {spare[0]}"))


def _figures(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every figure of a document, with its place."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _figures(item, f"{where}[{index}]")
    elif isinstance(node, dict):
        if packing.is_figure(node):
            yield where.lstrip("."), node
        else:
            for key, value in node.items():
                yield from _figures(value, f"{where}.{key}")


def _figure(where: str, form: dict[str, Any], verdict: Verdict) -> None:
    try:
        figure = Figure.from_json(form)
    except InputError as error:
        verdict.findings.append(Finding(where, str(error)))
        return
    bounds = (form["low"], form["high"])
    if figure.known and None in bounds:
        verdict.findings.append(Finding(where, "it has a value and no interval"))
    if not figure.known and bounds != (None, None):
        verdict.findings.append(Finding(where, "it is unknown and has an interval"))
    if figure.known and figure.label in ("given", "modelled", "estimated") and not figure.source:
        verdict.findings.append(Finding(where, f"it is {figure.label} and names no source"))


def _words(receipt: Receipt, verdict: Verdict) -> None:
    try:
        moment = datetime.fromisoformat(receipt.created)
        if moment.tzinfo is None:
            verdict.findings.append(Finding("created", "it has no offset from UTC"))
    except ValueError:
        verdict.findings.append(Finding("created", f"{receipt.created!r} is no date of ISO 8601"))
    names = {stage.name for stage in receipt.stages}
    for name in receipt.plan_of:
        if name not in names:
            verdict.findings.append(Finding("plan_of", f"there is no stage {name!r}"))
    for stage in receipt.stages:
        if stage.interrupted:
            told = stage.notes["interrupted"]
            verdict.notes.append(f"stage {stage.name!r} was interrupted: {told}")
    for origin in receipt.provenance:
        if origin.licence is None:
            verdict.notes.append(f"nobody said the licence of the {origin.kind} {origin.name!r}")
