"""A receipt as flat dictionaries for trackers of experiments: numbers, and texts beside them.

filled = export(receipt, "dict")
wandb.run.summary.update(filled.content["metrics"])
mlflow.log_metrics(filled.content["metrics"])
mlflow.set_tags(filled.content["tags"])
"""

from collections.abc import Iterable
from itertools import count

from tenth.figures import Figure
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet
from tenth.receipt.record import Receipt

_ALLOWED = "_-. /:"
LONGEST_TAG = 5000  # characters; the least that stores of MLflow take


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """Known figures by name, bounds beside them ("…_low", "…_high"), and a tag with the rest.

    What is unknown is no number: it is listed as open, never logged as zero.
    """
    sheet = Sheet()
    metrics: dict[str, float] = {}
    tags = {
        "tenth/title": receipt.title,
        "tenth/task": receipt.task.name,
        "tenth/place": receipt.place.code or "unknown",
        "tenth/created": receipt.created,
    }
    for name, figure in _figures(receipt, facts).items():
        tags[name] = telling.said(figure)
        if not figure.known:
            sheet.leave(name, figure.reason)
            continue
        value, low, high = figure.bounds()
        metrics[name] = value
        if low < high:
            metrics |= {f"{name}_low": low, f"{name}_high": high}
    if credit := telling.credit(receipt):
        tags["tenth/credit"] = credit
    names = _names([*metrics, *tags])
    content = {
        "metrics": {names[name]: value for name, value in metrics.items()},
        "tags": {names[name]: _short(text) for name, text in tags.items()},
    }
    return sheet.filled("dict", content)


def _figures(receipt: Receipt, facts: Facts) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for name in dict.fromkeys(name for stage in receipt.stages for name in stage.figures):
        figures[f"tenth/{name}"] = receipt.total(name)
    figures["tenth/energy_kwh"] = tally.energy_kwh(receipt)
    if facts["market_gco2e_per_kwh"] is not None:
        figures["tenth/carbon_market_gco2e"] = tally.market_gco2e(receipt, facts)
    if facts["embodied"] is not None:
        figures["tenth/carbon_embodied_gco2e"] = tally.embodied_gco2e(receipt, facts)
    for name, figure in receipt.scores.items():
        figures[f"tenth/score/{name}"] = figure
    for size in receipt.sizes:
        figures[f"tenth/size/{size.name}/before"] = size.before
        figures[f"tenth/size/{size.name}/after"] = size.after
    return figures


def _names(names: Iterable[str]) -> dict[str, str]:
    """Each name as MLflow takes it: letters, digits and _-. : / stay, any other sign becomes _.

    Two that would become one are told apart by a number.
    """
    given: dict[str, str] = {}
    for name in dict.fromkeys(names):
        clean = "".join(sign if sign.isalnum() or sign in _ALLOWED else "_" for sign in name)
        parts = [part.strip(".") or "_" for part in clean.split("/")]
        free = clean = "/".join(parts)
        for number in count(2):
            if free not in given.values():
                break
            free = f"{clean}_{number}"
        given[name] = free
    return given


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TAG else text[: LONGEST_TAG - 1] + "…"
