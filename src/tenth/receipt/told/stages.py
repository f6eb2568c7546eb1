"""Where the costs went: by stage, by part, and in all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tenth.figures import Figure
from tenth.receipt import charts, words
from tenth.receipt.look.blocks import Block, Line, Section, Table
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import figures
from tenth.receipt.told.record import METERED

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt
    from tenth.receipt.stage import Stage

# notes that the page tells elsewhere, or not at all
_TOLD = ("started", "interrupted", *METERED)


def stages(receipt: Receipt, sources: Sources) -> Section | None:
    """Costs by stage; all parts and all totals open at a click. None where nothing was metered."""
    if not receipt.stages:
        return None
    speak = sources.speak
    whole = words.total_of(receipt, "wall_seconds")
    top = [(stage, speak.named("stage", stage.name)) for stage in receipt.stages]
    parts = [row for stage, name in top for row in _walk(stage.parts, name, speak)]
    shown = _table(top, sources, whole)
    folded: list[tuple[Said, list[Block]]] = []
    if parts:
        summary = speak.say("stages.parts", plural=len(parts), count=len(parts))
        folded.append((summary, [_table(parts, sources, whole)]))
    totals = [(words.name_of(key, speak), receipt.total(key)) for key in words.metered(receipt)]
    in_all = figures.table(sources, speak.say("table.figure"), totals)
    folded.append((speak.say("stages.totals"), [in_all]))
    return Section(speak.say("stages.title"), [shown], folded=folded)


def _table(rows: Sequence[tuple[Stage, Said]], sources: Sources, whole: Figure | None) -> Table:
    speak = sources.speak
    columns = [
        sources.column(
            words.name_of(key, speak),
            [stage.figures.get(key) for stage, _ in rows],
            paper=key != "flops_executed",
        )
        for key in figures.COLUMNS
        if any(key in stage.figures for stage, _ in rows)
    ]
    lines = [_line(stage, name, speak, whole) for stage, name in rows]
    return Table(speak.say("stages.stage"), columns, lines, paper=5)


def _line(stage: Stage, name: Said, speak: Language, whole: Figure | None) -> Line:
    share = charts.share(stage.figures.get("wall_seconds"), whole)
    percent = speak.plain.number(f"{share:.0f} %")
    notes = [f"{key}: {_note(value)}" for key, value in stage.notes.items() if key not in _TOLD]
    return Line(
        name,
        detail=speak.free(" · ".join(notes)) if notes else Said(""),
        badge=speak.say("stages.interrupted") if stage.interrupted else Said(""),
        share=share,
        share_words=speak.plain.say("stages.share", percent=percent),
    )


def _note(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _walk(stages: Iterable[Stage], above: Said, speak: Language) -> Iterable[tuple[Stage, Said]]:
    """All parts at any depth, each with its name and the names above it."""
    for stage in stages:
        name = speak.say("stages.within", outer=above, inner=speak.named("stage", stage.name))
        yield stage, name
        yield from _walk(stage.parts, name, speak)
