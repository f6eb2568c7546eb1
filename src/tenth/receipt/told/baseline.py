"""The receipt beside a baseline, or another receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.receipt.look.blocks import Block, Column, Line, Points, Section, Table
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import figures

if TYPE_CHECKING:
    from tenth.receipt.compare import Comparison
    from tenth.receipt.rows import Row

_OF_RESULT = " of the result"  # ends the names of sizes in a comparison


def baseline(against: Comparison | None, sources: Sources) -> Section:
    """The receipt against its baseline, or the sentence that there was none."""
    speak = sources.speak
    title = speak.say("baseline.title")
    if against is None:
        return Section(title, [], lead=speak.say("baseline.none"), width="half")
    rows = against.rows
    columns = [
        sources.column(speak.say("baseline.this"), [row.value for row in rows]),
        sources.column(speak.say("baseline.other"), [row.reference for row in rows]),
        Column(speak.say("baseline.ratio"), [figures.ratio(speak, row) for row in rows]),
    ]
    lines = [
        Line(_name(row, speak), remark=speak.say(f"baseline.{found}") if found else Said(""))
        for row in rows
        for found in [verdict(row)]
    ]
    blocks: list[Block] = [Table(speak.say("table.figure"), columns, lines)]
    if against.notes:
        blocks.append(Points([speak.free(note) for note in against.notes]))
    alike = against.baseline_kind == "measured_same_hardware"
    lead = speak.say("baseline.lead" if alike else "baseline.lead_other", baseline=against.baseline)
    return Section(title, blocks, lead=lead)


def verdict(row: Row) -> str:
    """Whether a ratio is clearly below or above 1: `less`, `more`, `same`, `open`; "" without one.

    Two exact values that are equal are the same; else an interval that holds 1 shows no difference.
    `single`: one reading each, from which nothing is clear.
    """
    if not row.ratio.known:
        return ""
    value, low, high = row.ratio.bounds()
    if low == value == high == 1:
        return "same"
    if row.single:
        return "single"
    if low <= 1 <= high:
        return "open"
    return "less" if high < 1 else "more"


def _name(row: Row, speak: Language) -> Said:
    if row.name.endswith(_OF_RESULT):
        size = speak.named("size", row.name.removesuffix(_OF_RESULT))
        return speak.say("baseline.size", name=size)
    kind = "score" if speak.has(f"score.{row.name}") else "figure"
    return speak.named(kind, row.name)
