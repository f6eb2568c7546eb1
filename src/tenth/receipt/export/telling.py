"""What a form's free text says: figures whole, the boundary, the origins, the credit."""

from tenth.catalogue import CREDIT
from tenth.figures import Figure, Way, rounded
from tenth.receipt.export import tally
from tenth.receipt.record import Receipt

_SCOPES = {
    "process": "the metered process with its children",
    "cgroup": "the control group of the process",
    "machine": "the whole machine",
}


def said(figure: Figure) -> str:
    """A figure with all that a bare number drops: unit, interval, label, source.

    >>> said(Figure(2.0, "kWh", 1.1, 2.9, "modelled", "CPU-seconds × watts"))
    '2 kWh (90 % interval 1.1 kWh to 2.9 kWh; modelled: CPU-seconds × watts)'
    """
    if not figure.known:
        return f"unknown ({figure.reason})"
    value, low, high = figure.bounds()
    ends = f"{_amount(low, figure.unit, 'down')} to {_amount(high, figure.unit, 'up')}"
    bounds = "" if low == high else f"90 % interval {ends}; "
    source = f": {figure.source}" if figure.source else ""
    return f"{_amount(value, figure.unit)} ({bounds}{figure.label}{source})"


def _amount(number: float, unit: str, way: Way = "nearest") -> str:
    return f"{rounded(number, 3, way):.3g} {unit}".strip()


def credit(receipt: Receipt) -> str:
    """The credit that the carbon factor's table asks for; empty if it is not used."""
    sources = [receipt.place.carbon.source, tally.carbon_gco2e(receipt).source]
    used = any("Our World in Data" in source or "Ember" in source for source in sources)
    return f"Carbon of electricity: {CREDIT}." if used else ""


def place_open(receipt: Receipt) -> str:
    """Why the place is open, where nobody gave it; empty where somebody did."""
    if receipt.place.code is not None:
        return ""
    return "nobody said where the machine is"


def scope(receipt: Receipt) -> str:
    """Whose work the receipt holds: of the process, unless its stages say otherwise."""
    names = [str(stage.notes.get("scope", "process")) for stage in receipt.stages]
    return " and ".join(_SCOPES.get(name, name) for name in dict.fromkeys(names or ["process"]))


def boundary(receipt: Receipt) -> str:
    """What the figures hold and what they leave out; the forms draw no line themselves."""
    stages = ", ".join(stage.name for stage in receipt.stages) or "none"
    return (
        f"Boundary: {scope(receipt)}, all stages counted ({stages}), search and failed tries too; "
        "cooling and other overhead of the site are not in it."
    )


def origins(receipt: Receipt) -> str:
    """What went in, with its licence; empty if nobody said."""
    said = [
        f"{origin.kind} {origin.name} (licence {origin.licence or 'unknown'}"
        + (f", from {origin.source})" if origin.source else ")")
        for origin in receipt.provenance
    ]
    return f"Made of: {'; '.join(said)}." if said else ""
