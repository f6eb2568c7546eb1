"""A receipt in the forms that people must file; what a receipt cannot know stays open, listed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenth.errors import InputError, must
from tenth.receipt.export import boamps, card, eu, ghg, metrics, sci, spdx, spreadsheet
from tenth.receipt.export.facts import FACTS, Fact, Facts
from tenth.receipt.export.filled import Filled, Open
from tenth.receipt.record import Receipt

__all__ = ["FACTS", "FORMS", "Fact", "Facts", "Filled", "Form", "Open", "export"]


@dataclass(frozen=True)
class Form:
    """A form: what it is for, and the function that fills it."""

    purpose: str
    fill: Callable[[Receipt, Facts], Filled]


FORMS: Mapping[str, Form] = {
    "sci": Form("Software Carbon Intensity score, ISO/IEC 21031:2024", sci.fill),
    "ghg": Form("lines of a GHG Protocol inventory, by location and by market", ghg.fill),
    "boamps": Form("BoAmps energy report, JSON", boamps.fill),
    "spdx": Form("SPDX 3.0.1 AI package with its energy, JSON-LD", spdx.fill),
    "eu": Form("energy part of the EU AI Office's Model Documentation Form", eu.fill),
    "csv": Form("every figure as a row", spreadsheet.fill),
    "card": Form("block of a Hugging Face model card, Markdown", card.fill),
    "dict": Form("flat numbers and tags for W&B, MLflow and the like", metrics.fill),
}


def export(receipt: Receipt, form: str, facts: Mapping[str, Any] | Facts | None = None) -> Filled:
    """Fill one of FORMS from a receipt.

    Args:
        receipt: what was metered.
        form: a name in FORMS.
        facts: what no meter can know, by the names in FACTS.

    Raises:
        InputError: no such form or fact, or a fact against its rule.
    """
    if form not in FORMS:
        raise InputError(must("form", f"one of {', '.join(FORMS)}", repr(form)))
    return FORMS[form].fill(receipt, facts if isinstance(facts, Facts) else Facts(facts))
