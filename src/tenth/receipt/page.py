"""The receipt as one HTML page that needs nothing else: styles and charts are inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.receipt import seal, words
from tenth.receipt.look import frame
from tenth.receipt.look.blocks import Document, Section
from tenth.receipt.look.language import Language, Said, language
from tenth.receipt.look.shown import Sources
from tenth.receipt.told import actual, baseline, candour, costs, figures, record, routes, stages

if TYPE_CHECKING:
    from tenth.receipt.compare import Comparison
    from tenth.receipt.record import Receipt


def html(receipt: Receipt, lang: str = "en", against: Comparison | None = None) -> str:
    """The page: no script, no request to anywhere, light and dark, from phone to one sheet.

    Args:
        receipt: what to tell.
        lang: "en" or "ar"; free text of the receipt stays as it is, and is marked.
        against: the receipt held against its baseline, if it was.

    Raises:
        InputError: there is no catalogue of this language.
    """
    speak = language(lang, markup=True)
    return frame.html(_document(receipt, speak, against), speak)


def _document(receipt: Receipt, speak: Language, against: Comparison | None) -> Document:
    """The sections in the order of the page, so that sources count upwards."""
    sources = Sources(speak)
    told = [
        costs.cost(receipt, sources),
        costs.saved(receipt, sources),
        baseline.baseline(against, sources),
        costs.scores(receipt, sources),
        costs.repaid(receipt, sources),
        routes.routes(receipt, sources),
        actual.actual(receipt, sources),
        stages.stages(receipt, sources),
        *_candour(receipt, speak, compared=against is not None),
        *record.record(receipt, sources),
    ]
    aim, where = words.subtitle(receipt, speak)
    return Document(
        kind=speak.say("page.kind"),
        tab=speak.plain.say("page.tab", title=receipt.title),
        title=speak.free(receipt.title),
        subtitle=[aim, where],
        headline=words.headline(receipt, speak),
        notices=_notices(receipt, speak),
        sections=[section for section in told if section is not None],
        footer=[
            speak.say("page.level"),
            _seal(receipt, speak),
            speak.say("page.offline"),
        ],
        paper_footer=[speak.say("record.paper")],
    )


def _seal(receipt: Receipt, speak: Language) -> Said:
    """The link that a printed sheet is held against, or why there is none."""
    if receipt.edited:
        return speak.say("record.no_seal")
    if not receipt.chained:
        return speak.say("record.no_chain")
    return speak.say("record.seal", hash=seal.chain(receipt.to_json())[-1]["sha256"])


def _notices(receipt: Receipt, speak: Language) -> list[tuple[str, Said]]:
    notices = [words.verdict(receipt, speak)]
    if receipt.edited:
        notices.insert(0, ("bad", words.edited(receipt, speak)))
    names = [speak.named("stage", stage.name) for stage in receipt.stages if stage.interrupted]
    if names:
        count = len(names)
        stages = speak.listed(names)
        said = speak.say("target.interrupted", plural=count, count=count, stages=stages)
        notices.append(("bad", said))
    return notices


def _candour(receipt: Receipt, speak: Language, *, compared: bool) -> list[Section]:
    named = list(figures.of_receipt(receipt, speak))
    sure = candour.how_sure(
        speak, [f for _, f in named], title="sure.title", lead="sure.lead", count="sure.count"
    )
    unknown = candour.unknown(speak, figures.unknown_in(receipt, speak), "unknown.none")
    return [sure, unknown, candour.claims(receipt, speak, compared=compared)]
