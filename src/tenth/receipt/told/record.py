"""The small print: notes, origin, machine and software, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.figures import human
from tenth.receipt.look.blocks import Facts, Listed, Points, Section
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Sources
from tenth.receipt.stage import price_of

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

Fact = tuple[Said, Said, int | None]
METERED = ("scope", "instruments", "boards")  # notes on how a stage was metered


def record(receipt: Receipt, sources: Sources) -> list[Section]:
    """What stands at the end of the page."""
    speak = sources.speak
    told = []
    if receipt.notes:
        notes = Points([speak.free(note) for note in receipt.notes], paper=3)
        told.append(Section(speak.say("record.notes"), [notes], width="half"))
    told += [_origin(receipt, speak), _machine(receipt, sources)]
    if sources.listed:
        listed = Listed([speak.free(source) for source in sources.listed])
        lead = speak.say("record.sources_lead")
        told.append(Section(speak.say("record.sources"), [listed], lead=lead, width="none"))
    return told


def _origin(receipt: Receipt, speak: Language) -> Section:
    """Data, base models, teachers and code, each with its licence."""
    items: list[Fact] = []
    for origin in receipt.provenance:
        told = [
            speak.free(origin.name),
            speak.say("origin.source", source=origin.source) if origin.source else None,
            speak.say("origin.licence", licence=origin.licence)
            if origin.licence
            else speak.say("origin.no_licence"),
            speak.say("origin.hash", hash=origin.sha256) if origin.sha256 else None,
        ]
        value = speak.joined([part for part in told if part], " · ")
        items.append((speak.named("origin", origin.kind), value, None))
    lead = Said("") if items else speak.say("origin.none")
    blocks = [Facts(items)] if items else []
    return Section(speak.say("origin.title"), [*blocks], lead=lead, width="half")


def _machine(receipt: Receipt, sources: Sources) -> Section:
    speak = sources.speak
    carbon = sources.show(receipt.place.carbon)
    place = speak.joined([_place(receipt, speak), carbon.value], " · ")
    items: list[Fact] = [(speak.say("fact.electricity"), place, carbon.note)]
    price = price_of(receipt.stages)
    if price is not None:
        shown = sources.show(price)
        items.append((speak.say("fact.price"), shown.value, shown.note))
    items += _metered(receipt, speak)
    for key, value in (receipt.hardware | receipt.software).items():
        if value not in (None, [], ""):
            items.append((speak.named("fact", key), _told(speak, key, value), None))
    run = receipt.run
    if run.id:
        items.append((speak.say("fact.run"), speak.free(run.id), None))
    items += [(speak.free(key), speak.free(value), None) for key, value in run.scheduler.items()]
    return Section(speak.say("record.title"), [Facts(items)], width="none")


def _place(receipt: Receipt, speak: Language) -> Said:
    if receipt.place.code is None:
        return speak.say("page.no_country")
    return speak.free(receipt.place.name)


def _metered(receipt: Receipt, speak: Language) -> list[Fact]:
    """Whose work was metered, by which instruments: what the stages say of it, once each."""
    items: list[Fact] = []
    for note in METERED:
        found = dict.fromkeys(str(s.notes[note]) for s in receipt.stages if s.notes.get(note))
        items += [(speak.say(f"fact.{note}"), speak.named("scope", text), None) for text in found]
    return items


def _told(speak: Language, key: str, value: object) -> Said:
    if isinstance(value, int):
        return speak.number(human(value, "bytes") if key.endswith("_bytes") else f"{value:,}")
    if isinstance(value, list):
        return speak.free(", ".join(map(str, value)))
    return speak.free(str(value))
