"""What it cost in large letters, and what became of the model for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.figures import Figure, unknown
from tenth.receipt import charts, words
from tenth.receipt.look import numbers
from tenth.receipt.look.blocks import (
    Card,
    Cards,
    Line,
    Pair,
    Pairs,
    Section,
    Table,
)
from tenth.receipt.look.language import Said
from tenth.receipt.look.shown import Sources
from tenth.receipt.payback import payback
from tenth.receipt.told import figures

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt
    from tenth.receipt.sizes import BeforeAfter

_LAMP_WATTS = 10.0
_YEAR = 365 * 86400.0  # beyond, a lamp tells nobody anything
_JOULES = {"J": 1.0, "kWh": 3.6e6}


def cost(receipt: Receipt, sources: Sources) -> Section:
    """Time, energy, carbon and money in large letters; what was not metered says so."""
    speak = sources.speak
    nobody = speak.plain.say("cost.not_metered")
    items = [
        card(
            sources, words.name_of(key, speak), words.total_of(receipt, key) or unknown("", nobody)
        )
        for key in words.COSTS
    ]
    return Section(speak.say("cost.title"), [Cards(items)])


def card(sources: Sources, name: Said, figure: Figure) -> Card:
    """One figure in large letters, with its interval in words; energy is told as a lamp's too."""
    speak = sources.speak
    shown = sources.show(figure)
    between = speak.say("interval.between", ends=shown.interval) if shown.interval else Said("")
    remark = Said("")
    seconds = (figure.value or 0.0) * _JOULES.get(figure.unit, 0.0) / _LAMP_WATTS
    if 0 < seconds < _YEAR:
        remark = speak.say("cost.lamp", time=numbers.value(speak, Figure(seconds, "s"), 2))
    return Card(name, shown, between, remark, charts.within(shown.ends) if shown.ends else None)


def saved(receipt: Receipt, sources: Sources) -> Section:
    """Sizes before and after."""
    speak = sources.speak
    title = speak.say("saved.title")
    if not receipt.sizes:
        return Section(title, [], lead=speak.say("saved.none"))
    pairs = [
        Pair(
            speak.named("size", size.name),
            numbers.times(speak, size.before, size.after),
            sources.show(size.before),
            sources.show(size.after),
            charts.bars(size),
        )
        for size in receipt.sizes
    ]
    block = Pairs(speak.say("bars.before"), speak.say("bars.after"), pairs)
    return Section(title, [block], lead=speak.say("saved.lead"))


def repaid(receipt: Receipt, sources: Sources) -> Section | None:
    """After how many uses the cost is back; None where no use was timed before and after."""
    uses = [size for size in receipt.sizes if size.before.unit in ("s", "J")]
    if not (uses and receipt.stages):
        return None
    speak = sources.speak
    use = speak.named("size", uses[0].name)
    if not _surely_less(uses[0]):
        never = speak.say("payback.never", use=use)
        return Section(speak.say("payback.title"), [], lead=never)
    found = payback(receipt, use=uses[0].name)
    columns = [
        sources.column(speak.say("payback.spent"), [one.spent for one in found.returns]),
        sources.column(speak.say("payback.saved"), [one.saved for one in found.returns]),
        sources.column(speak.say("payback.uses"), [one.uses for one in found.returns]),
    ]
    lines = [
        Line(speak.named("payback", one.name), remark=speak.free(one.uses.reason))
        if one.uses.reason
        else Line(speak.named("payback", one.name))
        for one in found.returns
    ]
    lead = speak.say("payback.lead", use=use)
    table = Table(speak.say("table.figure"), columns, lines)
    return Section(speak.say("payback.title"), [table], lead=lead)


def scores(receipt: Receipt, sources: Sources) -> Section | None:
    """How good the result is."""
    if not receipt.scores:
        return None
    speak = sources.speak
    named = [(speak.named("score", name), figure) for name, figure in receipt.scores.items()]
    table = figures.table(sources, speak.say("scores.score"), named)
    return Section(speak.say("scores.title"), [table], width="half")


def _surely_less(use: BeforeAfter) -> bool:
    """Whether a use takes less than before, over the whole of both intervals."""
    if not (use.before.known and use.after.known):
        return False
    return use.before.bounds()[1] > use.after.bounds()[2]
