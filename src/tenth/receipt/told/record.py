"""The small print: notes, origin, machine and software, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenth.figures import human
from tenth.receipt import words
from tenth.receipt.look.blocks import Facts, Listed, Points, Section
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import Sources

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

Fact = tuple[Said, Said, int | None]


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
    place = speak.joined([words.place(receipt, speak), carbon.value], " · ")
    items: list[Fact] = [(speak.say("fact.electricity"), place, carbon.note)]
    for key, value in (receipt.hardware | receipt.software).items():
        if value not in (None, [], ""):
            items.append((speak.named("fact", key), _told(speak, key, value), None))
    run = receipt.run
    if run.id:
        items.append((speak.say("fact.run"), speak.free(run.id), None))
    items += [(speak.free(key), speak.free(value), None) for key, value in run.scheduler.items()]
    return Section(speak.say("record.title"), [Facts(items)], width="none")


def _told(speak: Language, key: str, value: object) -> Said:
    if isinstance(value, int):
        return speak.number(human(value, "bytes") if key.endswith("_bytes") else f"{value:,}")
    if isinstance(value, list):
        return speak.free(", ".join(map(str, value)))
    return speak.free(str(value))
