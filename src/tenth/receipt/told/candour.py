"""How sure a page is, what it does not know, and what it does not claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tenth.figures import Figure
from tenth.receipt import words
from tenth.receipt.look.blocks import Kinds, Points, Section
from tenth.receipt.look.language import Language, Said
from tenth.receipt.look.shown import KINDS, kinds

if TYPE_CHECKING:
    from tenth.receipt.record import Receipt

_NAMES = 4  # of figures that are unknown for one reason


def how_sure(
    speak: Language, figures: Iterable[Figure], *, title: str, lead: str, count: str
) -> Section:
    """What each label means and how many of these figures have it; the keys are of messages."""
    counts = kinds(figures)
    items = [
        (label, speak.say(f"meaning.{label}"), speak.say(count, plural=number, count=number))
        for label in KINDS
        if (number := counts[label])
    ]
    return Section(speak.say(title), [Kinds(items)], lead=speak.say(lead), width="half")


def unknown(speak: Language, named: Iterable[tuple[Said, Figure]], none: str) -> Section:
    """Unknown figures with their reasons; those of one reason stand together."""
    reasons: dict[str, list[Said]] = {}
    for name, figure in named:
        names = reasons.setdefault(figure.reason, [])
        if name not in names:
            names.append(name)
    items = [
        speak.say("unknown.item", name=_some(speak, names), reason=reason)
        for reason, names in reasons.items()
    ]
    points = Points(items or [speak.say(none)], paper=4)
    return Section(speak.say("unknown.title"), [points], width="half")


def _some(speak: Language, names: list[Said]) -> Said:
    """The first of many names, and how many there are."""
    more = len(names) - _NAMES
    if more < 2:
        return speak.listed(names)
    rest = speak.say("unknown.more", plural=more, count=more)
    return speak.listed([*names[:_NAMES], rest])


def claims(receipt: Receipt, speak: Language, *, compared: bool) -> Section:
    """What somebody could read into this receipt and it does not say."""
    metered = {key: words.total_of(receipt, key) for key in words.COSTS}
    keys = [
        *_of_carbon(metered),
        *_of_other_costs(metered),
        *(["claims.masked"] if receipt.sizes else []),
        *([] if compared else ["claims.other_ways"]),
        *(["claims.partial"] if any(stage.interrupted for stage in receipt.stages) else []),
        *(["claims.one"] if receipt.stages else []),
    ]
    items = [speak.say(key) for key in keys]
    return Section(speak.say("claims.title"), [Points(items, paper=9, least=9)])


def _of_carbon(metered: Mapping[str, Figure | None]) -> list[str]:
    carbon = metered["carbon_gco2e"]
    if carbon is None:
        return []
    return ["claims.embodied" if carbon.known else "claims.carbon_unknown"]


def _of_other_costs(metered: Mapping[str, Figure | None]) -> list[str]:
    energy, money = metered["energy_joules"], metered["price_usd"]
    keys = ["claims.model"] if energy and energy.known and energy.label != "measured" else []
    if money is not None:
        keys.append("claims.money" if money.known else "claims.no_price")
    return keys
