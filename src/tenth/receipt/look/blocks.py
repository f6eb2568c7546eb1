"""What a page is made of: sections of blocks; `templates/document.html.jinja` knows how each looks.

`paper` is how many entries a block shows in print, so that the whole fits on one sheet; the rest is
counted there, and stands on the screen.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from tenth.receipt.charts import Bar, Scatter
from tenth.receipt.look.bands import Band, Mark
from tenth.receipt.look.language import Said
from tenth.receipt.look.shown import Column, Shown

_NOTHING = Said("")


@dataclass(frozen=True)
class Card:
    """One figure in large letters; `range` are low, value and high in percent of the card."""

    name: Said
    shown: Shown
    between: Said = _NOTHING
    remark: Said = _NOTHING
    range: Bar | None = None


@dataclass(frozen=True)
class Cards:
    """The figures that matter most, side by side."""

    kind: ClassVar[str] = "cards"
    items: list[Card]


@dataclass(frozen=True)
class Pair:
    """A size before and after, with bars where both are known."""

    name: Said
    times: Said
    before: Shown
    after: Shown
    bars: tuple[Bar, Bar] | None


@dataclass(frozen=True)
class Pairs:
    """Sizes before and after."""

    kind: ClassVar[str] = "pairs"
    before: Said
    after: Said
    items: list[Pair]
    paper: int = 4


@dataclass(frozen=True)
class Line:
    """The head of a table's row: its name, and what stands under it; a `detail` not on paper."""

    name: Said
    remark: Said = _NOTHING
    detail: Said = _NOTHING
    badge: Said = _NOTHING
    share: float | None = None
    share_words: Said = _NOTHING


@dataclass(frozen=True)
class Table:
    """Rows of cells; on a phone each row becomes a list."""

    kind: ClassVar[str] = "table"
    corner: Said
    columns: list[Column]
    lines: list[Line]
    paper: int = 6


@dataclass(frozen=True)
class Routes:
    """Routes by cost and success."""

    kind: ClassVar[str] = "routes"
    chart: Scatter
    height: int
    words: Said
    caption: Said


@dataclass(frozen=True)
class Span:
    """One row of a chart of bands."""

    name: Said
    band: Band
    words: Said
    tone: str = "open"


@dataclass(frozen=True)
class Spans:
    """Intervals against one reference, on a logarithmic scale."""

    kind: ClassVar[str] = "spans"
    items: list[Span]
    ticks: list[Mark]
    caption: Said
    reference: float | None = None


@dataclass(frozen=True)
class Points:
    """Sentences, one below the other; `least` of them are never left out on paper."""

    kind: ClassVar[str] = "points"
    items: list[Said]
    paper: int = 6
    least: int = 2


@dataclass(frozen=True)
class Facts:
    """Names and what stands beside them; a name may be a label."""

    kind: ClassVar[str] = "facts"
    items: list[tuple[Said, Said, int | None]]
    paper: int = 8


@dataclass(frozen=True)
class Kinds:
    """What each label means, and how many figures have it."""

    kind: ClassVar[str] = "kinds"
    items: list[tuple[str, Said, Said]]


@dataclass(frozen=True)
class Formulas:
    """The formula of each figure."""

    kind: ClassVar[str] = "formulas"
    items: list[tuple[Said, str]]
    paper: int = 14


@dataclass(frozen=True)
class Listed:
    """The sources, by number."""

    kind: ClassVar[str] = "listed"
    items: list[Said]


Block = Cards | Pairs | Table | Routes | Spans | Points | Facts | Kinds | Formulas | Listed


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it.

    `folded` blocks open at a click on `summary`; `width` is the share of a sheet of paper that it
    takes there: "full", "half", or "none"; a chart alone is for the "screen", in full width.
    """

    title: Said
    blocks: list[Block]
    lead: Said = _NOTHING
    folded: list[tuple[Said, list[Block]]] = field(default_factory=list)
    width: str = "full"


@dataclass(frozen=True)
class Document:
    """A page: what it is, what it is about, the first sentence, and the sections."""

    kind: Said
    tab: str
    title: Said
    subtitle: list[Said]
    headline: Said
    sections: list[Section]
    footer: list[Said]
    paper_footer: list[Said] = field(default_factory=list)
    notices: list[tuple[str, Said]] = field(default_factory=list)
