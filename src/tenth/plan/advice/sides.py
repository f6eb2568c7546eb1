"""Two costs side by side, and why no ratio between them is printed.

"x times cheaper" says that the same was had for less. It takes one hardware, one price row, one
quality, and seconds that were measured on both sides. What falls short of that is shown as two
figures with what differs between them.
"""

from dataclasses import dataclass

from tenth.errors import ComparisonError
from tenth.figures import Figure
from tenth.plan.result import span


@dataclass(frozen=True)
class Side:
    """One cost: what it is of, on what, at which price, to which quality, and whether it ran."""

    name: str
    cost: Figure
    hardware: str
    price: str
    quality: str
    measured: bool = False


def mismatches(first: Side, second: Side) -> tuple[str, ...]:
    """What keeps the two from being the same thing for less; empty where nothing does."""
    pairs = (
        ("hardware", first.hardware, second.hardware),
        ("price", first.price, second.price),
        ("quality", first.quality, second.quality),
    )
    found = [f"{name} ({mine} against {other})" for name, mine, other in pairs if mine != other]
    unmeasured = [side.name for side in (first, second) if not side.measured]
    if len(unmeasured) == 2:
        found.append("measured seconds (neither ran here)")
    elif unmeasured:
        found.append(f"measured seconds ({unmeasured[0]} did not run here)")
    return tuple(found)


def both(first: Side, second: Side) -> str:
    """The two figures in a sentence, and what keeps a ratio from being one of equals."""
    told = f"{_told(first)}; {_told(second)}."
    differ = mismatches(first, second)
    if not differ:
        return f"{told} The first is {times_cheaper(first, second):.2g} times cheaper."
    return f"{told} Not one as a multiple of the other: they differ in {', '.join(differ)}."


def times_cheaper(first: Side, second: Side) -> float:
    """How many times the cost of `first` the cost of `second` is.

    Raises:
        ComparisonError: they differ in hardware, price or quality, or one of them never ran.
    """
    if mismatches(first, second):
        raise ComparisonError(both(first, second))
    return second.cost.bounds()[0] / first.cost.bounds()[0]


def _told(side: Side) -> str:
    if not side.cost.known:
        return f"{side.name}: unknown ({side.cost.reason})"
    value, low, high = span(side.cost)
    return f"{side.name}: {value}" + ("" if low == high else f" ({low} to {high})")
