"""Figures as a page shows them: value, interval, label, and the number of their source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenth.figures import LABELS, Figure
from tenth.receipt.look import numbers
from tenth.receipt.look.language import Language, Said

UNKNOWN = "unknown"
KINDS = (*LABELS, UNKNOWN)
_NOTHING = Said("")


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it; `note` is the number of its source in the list below."""

    value: Said
    interval: Said = _NOTHING
    label: str = ""
    note: int | None = None
    reason: Said = _NOTHING
    ends: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table: its label and source stand in its head where all its cells agree.

    A `plain` column leaves labels to another one, which has the role "label". On paper there is
    no room for a column without `paper`.
    """

    name: Said
    cells: list[Shown | Said]
    label: str = ""
    note: int | None = None
    role: str = "number"
    plain: bool = False
    paper: bool = True


class Sources:
    """Shows figures, and numbers their sources in the order in which the page first names them."""

    def __init__(self, speak: Language, digits: int | None = None) -> None:
        self.speak = speak
        self.listed: list[str] = []
        self._digits = digits

    def show(self, figure: Figure | None) -> Shown:
        """The figure with the number of its source."""
        if figure is None:
            return Shown(Said("–"))
        if not figure.known:
            reason = self.speak.free(figure.reason)
            return Shown(numbers.value(self.speak, figure), label=UNKNOWN,
                         note=self._number(figure.reason), reason=reason)  # fmt: skip
        # what is exact is told in full
        digits = None if figure.low == figure.high else self._digits
        told = (numbers.value(self.speak, figure, digits),
                numbers.interval(self.speak, figure, digits))  # fmt: skip
        ends = None if figure.low == figure.high else figure.bounds()
        return Shown(*told, figure.label, self._number(figure.source), ends=ends)

    def column(self, name: Said, figures: Iterable[Figure | None], *, paper: bool = True) -> Column:
        """A column of figures."""
        cells = [self.show(figure) for figure in figures]
        labels = {cell.label for cell in cells if cell.label not in ("", UNKNOWN)}
        notes = {cell.note for cell in cells if cell.label not in ("", UNKNOWN)}
        return Column(
            name,
            [*cells],
            labels.pop() if len(labels) == 1 else "",
            notes.pop() if len(notes) == 1 else None,
            paper=paper,
        )

    def _number(self, source: str) -> int | None:
        if not source:
            return None
        if source not in self.listed:
            self.listed.append(source)
        return self.listed.index(source) + 1


def kinds(figures: Iterable[Figure]) -> Mapping[str, int]:
    """How many figures there are of each label, and how many are unknown."""
    counts: dict[str, int] = dict.fromkeys(KINDS, 0)
    for figure in figures:
        counts[figure.label if figure.known else UNKNOWN] += 1
    return counts
