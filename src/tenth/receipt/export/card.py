"""A block for the model card of Hugging Face: metadata in YAML, and a table.

Source: huggingface.co/docs/hub/model-cards-co2: co2_eq_emissions with emissions in grams, source,
training_type, geographical_location, hardware_used.
"""

import json

from tenth.figures import Figure
from tenth.receipt import words
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.export.spdx import plain
from tenth.receipt.record import Receipt

_ROWS = (
    "wall_seconds",
    "flops_executed",
    "flops_useful",
    "carbon_gco2e",
    "price_usd",
    "peak_rss_bytes",
)


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """Front matter and a section "What it cost"; put both into the card's README.md."""
    sheet = Sheet()
    metadata = _metadata(sheet, receipt, facts)
    rows = [_row(words.name_of(name), tally.metered(receipt, name, "")) for name in _ROWS]
    rows.append(_row("energy", tally.energy_kwh(receipt)))
    rows += [_row(f"score, {name}", figure) for name, figure in receipt.scores.items()]
    if facts["market_gco2e_per_kwh"] is not None:
        rows.append(_row("carbon, market-based", tally.market_gco2e(receipt, facts)))
    for size in receipt.sizes:
        rows += [_row(f"{size.name}, before", size.before), _row(f"{size.name}, after", size.after)]
    lines = [
        *metadata,
        "",
        "## What it cost",
        "",
        f"{_cell(receipt.title)}, {receipt.created[:10]}.",
        f"Electricity: {_cell(receipt.place.name)}.",
        "Intervals hold 90 %. Carbon is location-based and operational.",
        "",
        "| figure | value | interval | label | source |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    words_below = [telling.boundary(receipt), telling.origins(receipt), telling.credit(receipt)]
    for text in filter(None, words_below):
        lines += [_cell(text), ""]
    lines += [f"Open: {gap}." for gap in sheet.open]
    return sheet.filled("card", "\n".join(lines).rstrip() + "\n", ".md")


def _metadata(sheet: Sheet, receipt: Receipt, facts: Facts) -> list[str]:
    carbon = tally.carbon_gco2e(receipt)
    place = facts["location"] or (receipt.place.name if receipt.place.code else None)
    hardware = [str(receipt.hardware.get("cpu") or ""), *_accelerators(receipt)]
    known: dict[str, str] = {}
    # a YAML reader takes 1e-05 for a text
    grams = None if carbon.value is None else plain(carbon.value)
    sheet.put(known, "emissions", grams, carbon.reason, required=True)
    words_of = {
        "source": (f"tenth receipt: {telling.said(carbon)}", ""),
        "training_type": (facts["training_type"], "nobody said whether it was fine-tuning"),
        "geographical_location": (place, telling.place_open(receipt)),
        "hardware_used": (", ".join(filter(None, hardware)), "the receipt does not say"),
    }
    for name, (value, why) in words_of.items():
        sheet.put(known, name, value and _quoted(value), why)
    return ["---", "co2_eq_emissions:", *(f"  {k}: {v}" for k, v in known.items()), "---"]


def _quoted(text: str) -> str:
    """A text of JSON, which is one of YAML once its rarer ends of lines are escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in quoted)


def _accelerators(receipt: Receipt) -> list[str]:
    names = [str(one) for one in receipt.hardware.get("accelerators") or []]
    return [f"{names.count(one)} × {one}" for one in dict.fromkeys(names)]


def _row(name: str, figure: Figure) -> str:
    if not figure.known:
        return f"| {_cell(name)} | unknown | | | {_cell(figure.reason)} |"
    cells = (name, words.short(figure), words.interval(figure), figure.label, figure.source)
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """A text that stays inside its cell, and is not taken for HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
