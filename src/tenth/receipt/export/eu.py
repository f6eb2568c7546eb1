"""The energy part of the AI Office's Model Documentation Form, with the computing beside it.

It serves Annex XI, section 1, 2(d) and 2(e) of Regulation (EU) 2024/1689.

Source: General-Purpose AI Code of Practice, Transparency chapter, Model Documentation Form
(10 July 2025). The form draws no boundary (device, node, site); the method states ours.
"""

import math
from typing import Any

from tenth.figures import Figure
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.record import Receipt

_OFFICE, _BOTH = ["AI Office"], ["AI Office", "national authorities"]
_AUTHORITIES = ["national authorities"]
_MONTH_DAYS = 365.25 / 12
_RANGES = ((1, "less than 1 month"), (3, "1 to 3 months"), (6, "3 to 6 months"))
_MEASURED = ("measured", "counted")


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """The items on time, computing and energy, each with the bodies that it goes to.

    Nothing of it goes to downstream providers.
    """
    sheet = Sheet()
    items = [
        *_time(sheet, receipt, facts),
        *_computing(sheet, receipt),
        *_energy(sheet, receipt),
        *_inference(sheet, facts),
    ]
    content = {
        "form": "Model Documentation Form, General-Purpose AI Code of Practice, 10 July 2025",
        "model": receipt.title,
        "part": "training process, computing and energy",
        "items": items,
        "notes": [telling.boundary(receipt)],
    }
    return sheet.filled("eu", content)


def scientific(value: float) -> str:
    """A number with three significant figures, as the form writes it.

    >>> scientific(5.1e17), scientific(0.0042)
    ('5.10×10^17', '4.20×10^-3')
    """
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}×10^{int(exponent)}"


def _item(name: str, to: list[str], value: str | None, note: str) -> dict[str, Any]:
    return {"item": name, "to": to, "value": value, "note": note}


def _time(sheet: Sheet, receipt: Receipt, facts: Facts) -> list[dict[str, Any]]:
    wall = tally.scaled(tally.wall_seconds(receipt), "days", over=86400)
    hours = tally.device_hours(receipt, facts)
    hardware = tally.scaled(hours, "hardware-days", over=24)
    return [
        _asked(sheet, "Training time, range", _AUTHORITIES, wall, _range),
        _asked(sheet, "Training time, wall-clock days", _OFFICE, wall, scientific),
        _asked(sheet, "Training time, hardware-days", _OFFICE, hardware, scientific),
    ]


def _computing(sheet: Sheet, receipt: Receipt) -> list[dict[str, Any]]:
    flops = tally.metered(receipt, "flops_executed", "FLOP")
    method = f"FLOPs that ran: {flops.source or flops.reason}."
    name = "Amount of computation used for training"
    return [
        _asked(sheet, f"{name}, order of magnitude", _AUTHORITIES, flops, _magnitude),
        _asked(sheet, f"{name}, FLOP", _OFFICE, flops, scientific),
        _item("Measurement methodology, computation", _BOTH, method, ""),
    ]


def _energy(sheet: Sheet, receipt: Receipt) -> list[dict[str, Any]]:
    energy = tally.scaled(tally.energy_kwh(receipt), "MWh", over=1000)
    line = _asked(sheet, "Amount of energy used for training, MWh", _BOTH, energy, scientific)
    if energy.known:
        line["kind"] = "measured" if energy.label in _MEASURED else "estimated"
    method = f"{telling.said(energy)}. {telling.boundary(receipt)}"
    return [line, _item("Measurement methodology, energy", _BOTH, method, "")]


def _inference(sheet: Sheet, facts: Facts) -> list[dict[str, Any]]:
    flops, benchmark = facts["inference_flops"], facts["inference_benchmark"]
    lines = []
    for name, value, why in (
        ("FLOP", flops and scientific(flops), "nobody gave the FLOPs of a benchmark"),
        ("task and hardware", benchmark, "nobody gave the benchmark's task and hardware"),
    ):
        item = f"Benchmarked amount of computation used for inference, {name}"
        if value is None:
            sheet.leave(item, why, required=True)
        lines.append(_item(item, _BOTH, value, "" if value else why))
    return lines


def _asked(sheet: Sheet, name: str, to: list[str], figure: Figure, told: Any) -> dict[str, Any]:
    if figure.value is None or figure.value <= 0:
        why = figure.reason or "the receipt's figure is 0, which no training has"
        sheet.leave(name, why, required=True)
        return _item(name, to, None, why)
    return _item(name, to, told(figure.value), telling.said(figure))


def _magnitude(value: float) -> str:
    return f"10^{math.floor(math.log10(value))}"


def _range(days: float) -> str:
    months = days / _MONTH_DAYS
    return next((text for most, text in _RANGES if months < most), "more than 6 months")
