"""A plan as one HTML page: what to expect, how far off it may be, and how it comes about."""

from collections.abc import Iterator, Sequence
from typing import Any

from tenth.figures import Figure, rounded
from tenth.plan.result import Plan
from tenth.receipt import words
from tenth.receipt.look import bands, frame, numbers
from tenth.receipt.look.blocks import (
    Block,
    Cards,
    Column,
    Document,
    Facts,
    Formulas,
    Line,
    Listed,
    Points,
    Section,
    Span,
    Spans,
    Table,
)
from tenth.receipt.look.language import Language, Said, language
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import candour
from tenth.receipt.told.costs import card

_COSTS = ("days", "energy_kwh", "carbon_kgco2e", "price_usd")
_DIGITS = 2  # of a figure that is an estimate
# kinds that are left out where they say what the first says already
_SAME = (("training_flops_", "training_flops"), ("price_usd_", "price_usd"))
_CLAIMS = ("ran", "whole", "embodied", "price", "zeros")


def html(plan: Plan, lang: str = "en") -> str:
    """The page: no script, no request to anywhere, light and dark, from phone to one sheet.

    Args:
        plan: what to tell.
        lang: "en" or "ar"; titles, sources and formulas stay as they are, and are marked.

    Raises:
        InputError: there is no catalogue of this language.
    """
    speak = language(lang, markup=True)
    return frame.html(_document(plan, speak), speak)


def _document(plan: Plan, speak: Language) -> Document:
    sources = Sources(speak, _DIGITS)
    named = [(words.name_of(key, speak), figure) for key, figure in _told(plan)]
    unknown = [(name, figure) for name, figure in named if not figure.known]
    title = plan.title.removeprefix("plan: ")
    cards = [
        card(sources, words.name_of(key, speak), plan.figures[key])
        for key in _COSTS
        if key in plan.figures
    ]
    return Document(
        kind=speak.say("plan.kind"),
        tab=speak.plain.say("plan.tab", title=title),
        title=speak.free(title),
        subtitle=[],
        headline=_headline(plan, speak),
        sections=[
            Section(speak.say("plan.cost"), [Cards(cards)]),
            *_notes(plan, speak),
            *_spread(plan, speak),
            _figures(named, sources),
            candour.how_sure(
                speak,
                [figure for _, figure in named],
                title="sure.title",
                lead="plan.sure_lead",
                count="sure.count",
            ),
            candour.unknown(speak, unknown, "plan.unknown_none"),
            _claims(speak),
            *_formulas(plan, speak),
            _inputs(plan, speak),
            _sources(sources),
        ],
        footer=[speak.say(key) for key in ("page.level", "plan.ready", "page.offline")],
    )


def _told(plan: Plan) -> Iterator[tuple[str, Figure]]:
    """The figures, without those that say what another says already."""
    for key, figure in plan.figures.items():
        same = next((first for kind, first in _SAME if key.startswith(kind)), None)
        if same is None or figure.value != plan.figures[same].value:
            yield key, figure


def _headline(plan: Plan, speak: Language) -> Said:
    figures = [plan.figures[key] for key in _COSTS if key in plan.figures]
    costs = [numbers.value(speak, figure, _DIGITS) for figure in figures if figure.known]
    if not costs:
        return speak.say("plan.headline_none")
    return speak.say("plan.headline", costs=speak.listed(costs))


def _notes(plan: Plan, speak: Language) -> list[Section]:
    if not plan.notes:
        return []
    notes = Points([speak.free(note) for note in plan.notes], paper=5)
    return [Section(speak.say("plan.notes"), [notes])]


def _spread(plan: Plan, speak: Language) -> list[Section]:
    """The interval of each figure as multiples of its value; none where all are exact."""
    drawn = [(key, figure) for key, figure in _told(plan) if _is_spread(figure)]
    if not drawn:
        return []
    ratios = [
        (low / value, 1.0, high / value)
        for value, low, high in (figure.bounds() for _, figure in drawn)
    ]
    axis = bands.axis(ratios)
    items = []
    for (key, _), (low, _, high), band in zip(drawn, ratios, axis.bands, strict=True):
        plain = speak.plain
        ends: dict[str, Any] = {
            "low": plain.number(f"{rounded(low, _DIGITS, 'down'):.{_DIGITS}g}"),
            "high": plain.number(f"{rounded(high, _DIGITS, 'up'):.{_DIGITS}g}"),
        }
        said = plain.say("plan.spread_chart", name=words.name_of(key, plain), **ends)
        items.append(Span(words.name_of(key, speak), band, said, "good"))
    spans = Spans(items, bands.ticks(axis), speak.say("plan.spread_caption"))
    lead = speak.say("plan.spread_lead")
    return [Section(speak.say("plan.spread"), [spans], lead=lead, width="screen")]


def _is_spread(figure: Figure) -> bool:
    if figure.value is None or figure.low is None or figure.low == figure.high:
        return False
    return figure.low > 0


def _figures(named: Sequence[tuple[Said, Figure]], sources: Sources) -> Section:
    speak = sources.speak
    shown = [sources.show(figure) for _, figure in named]
    columns = [
        Column(speak.say("table.value"), [*shown], plain=True),
        Column(speak.say("table.label"), [*shown], role="label"),
    ]
    table = Table(speak.say("table.figure"), columns, [Line(name) for name, _ in named], paper=20)
    return Section(speak.say("plan.figures"), [table])


def _claims(speak: Language) -> Section:
    items = [speak.say(f"plan.claim_{claim}") for claim in _CLAIMS]
    return Section(speak.say("plan.claims"), [Points(items, least=9)])


def _formulas(plan: Plan, speak: Language) -> list[Section]:
    if not plan.steps:
        return []
    steps = [(words.name_of(key, speak), step) for key, step in plan.steps.items()]
    blocks: list[Block] = [Formulas(steps)]
    return [Section(speak.say("plan.explain"), blocks, lead=speak.say("plan.explain_lead"))]


def _inputs(plan: Plan, speak: Language) -> Section:
    items: list[tuple[Said, Said, int | None]] = [
        (speak.named("input", key), _input(speak, value), None)
        for key, value in plan.inputs.items()
        if value not in (None, [], "")
    ]
    return Section(speak.say("plan.inputs"), [Facts(items)], width="none")


def _input(speak: Language, value: object) -> Said:
    if isinstance(value, bool):
        return speak.say("input.yes" if value else "input.no")
    if isinstance(value, int | float):
        return numbers.value(speak, Figure(float(value), ""))
    if isinstance(value, list | tuple):
        return speak.free(", ".join(map(str, value)))
    return speak.free(str(value))


def _sources(sources: Sources) -> Section:
    speak = sources.speak
    listed = Listed([speak.free(source) for source in sources.listed])
    lead = speak.say("record.sources_lead")
    return Section(speak.say("record.sources"), [listed], lead=lead, width="none")
