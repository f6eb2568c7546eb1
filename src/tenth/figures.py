"""A figure: a number that says its unit, how sure it is, how it came about, and from where.

Labels, from the surest to the least sure:

    measured    an instrument: a counter, a clock, a meter
    counted     exact arithmetic on the program: parameters, FLOPs, bytes
    given       typed in by the user, or a row of the catalogue
    modelled    a formula on figures of the kinds above
    estimated   a plan: nothing ran, or some input was itself estimated

Unknown is a figure without a value and with a reason; it is never zero. An interval has level 90 %.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal, get_args

from tenth.errors import InputError, must

Label = Literal["measured", "counted", "given", "modelled", "estimated"]
LABELS: tuple[Label, ...] = get_args(Label)
Way = Literal["nearest", "down", "up"]

_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_DIGITS = 3  # significant ones, of a number below a thousand
# from here on digits are powers of ten: there is no larger prefix, and nobody counts so many
_HUGE, _LONG = 1e19, 1e15
_SCALED_UNITS = {"FLOP": "FLOP", "bytes": "B", "Wh": "Wh", "parameters": "", "weights": ""}


@dataclass(frozen=True)
class Figure:
    """One number with unit, interval, label and source, or an unknown with its reason."""

    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    label: Label = "measured"
    source: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise InputError(must("label", "one of " + ", ".join(LABELS), repr(self.label)))
        if self.value is None:
            if not self.reason:
                raise InputError(must("unknown figure", "given a reason", "none"))
            return
        if not math.isfinite(self.value):
            raise InputError(must(f"figure in {self.unit}", "a finite number", self.value))
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise InputError(
                must("figure", "inside its interval", f"{self.value} outside [{low}, {high}]")
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def bounds(self) -> tuple[float, float, float]:
        """Value, low and high of a known figure.

        Raises:
            InputError: the figure is unknown.
        """
        if self.value is None or self.low is None or self.high is None:
            raise InputError(f"a figure is unknown: {self.reason}")
        return self.value, self.low, self.high

    def to_json(self) -> dict[str, Any]:
        """The form every figure has in JSON; unknown is null with a reason."""
        form: dict[str, Any] = {
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "label": self.label,
            "source": self.source,
        }
        if self.value is None:
            form["reason"] = self.reason
        return form

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Figure":
        """Read what `to_json` wrote.

        Raises:
            InputError: a field is missing, unknown or of the wrong kind.
        """
        try:
            return cls(**form)
        except TypeError as error:
            raise InputError(
                must("figure", "value, unit, low, high, label, source", form)
            ) from error

    def __str__(self) -> str:
        if self.value is None:
            return f"unknown ({self.reason})"
        return human(self.value, self.unit)


def human(value: float, unit: str, digits: int | None = None, way: Way = "nearest") -> str:
    """A number as people read it: two to four significant digits, the unit scaled.

    It is rounded once, in the unit that is shown: to `digits` significant digits where said, and
    for an end of an interval "down" or "up", so that it never promises more than is known.

    >>> human(8160, "FLOP"), human(0.25, "s"), human(1.5e-7, "kWh"), human(2656, "bytes")
    ('8.16 kFLOP', '250 ms', '150 µWh', '2.66 kB')
    >>> human(37902, "s", 2), human(1043, "USD", 2, "up")
    ('11 h', '1100 USD')
    """
    style = _Style(digits, way)
    if unit == "kWh" and abs(value) < 1:
        return _small(value * 1e3, "Wh", style)
    if unit == "s":
        return _seconds(value, style)
    if unit in ("gCO2e", "J"):
        return _small(value, unit, style)
    name = _SCALED_UNITS.get(unit)
    if name is None:
        return f"{style.digits_of(value)} {unit}".strip()
    size = abs(style.rounded(value))
    for scale, prefix in _PREFIXES:
        if size >= scale:
            if size >= _HUGE:
                return f"{style.digits_of(value)} {name}".strip()
            return f"{style.digits_of(value / scale)} {prefix}{name}".strip()
    return f"{style.digits_of(value)} {name}".strip()


def rounded(value: float, digits: int, way: Way = "nearest") -> float:
    """A number to so many significant digits: the nearest, or one that is not above or below it.

    >>> rounded(1043, 2), rounded(1043, 2, "up"), rounded(104.7, 2, "down")
    (1000.0, 1100.0, 100.0)
    """
    if way == "nearest" or value == 0:
        return float(f"{value:.{digits}g}")
    # the last digits of a float are noise of its arithmetic: 0.30000000000000004 is 0.3
    exact = Decimal(f"{value:.12g}")
    last = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float(exact.quantize(last, rounding=ROUND_FLOOR if way == "down" else ROUND_CEILING))


@dataclass(frozen=True)
class _Style:
    """How a number is rounded when it is written."""

    digits: int | None
    way: Way

    def rounded(self, value: float) -> float:
        whole = len(str(int(abs(value)))) if abs(value) < _LONG else 0
        return rounded(value, self.digits or max(_DIGITS, whole), self.way)

    def digits_of(self, value: float) -> str:
        if abs(value) >= _LONG:
            return f"{rounded(value, self.digits or _DIGITS, self.way):.{self.digits or _DIGITS}g}"
        number = self.rounded(value)
        if number == int(number) and abs(number) < 10_000 and (self.digits or number == value):
            return str(int(number))
        if abs(number) >= 1000:
            return f"{number:,.0f}"
        return f"{number:.{self.digits or _DIGITS}g}"


def _small(value: float, unit: str, style: _Style) -> str:
    size = abs(style.rounded(value))
    for scale, prefix in ((1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if value == 0 or size >= scale:
            return f"{style.digits_of(value / scale)} {prefix}{unit}"
    return f"{value:.2g} {unit}"


def _seconds(value: float, style: _Style) -> str:
    for scale, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if abs(value) >= 2 * scale:
            return f"{style.digits_of(value / scale)} {unit}"
    return _small(value, "s", style)


def counted(value: float, unit: str, source: str) -> Figure:
    """A figure that is exact arithmetic on the program."""
    return Figure(value, unit, label="counted", source=source)


def unknown(unit: str, reason: str) -> Figure:
    """A figure without a value."""
    return Figure(None, unit, reason=reason)


def _derived_label(figures: Iterable[Figure]) -> Label:
    labels: set[Label] = {figure.label for figure in figures}
    if len(labels) == 1:
        return next(iter(labels))
    return "estimated" if "estimated" in labels else "modelled"


def total(figures: Iterable[Figure], source: str = "") -> Figure:
    """The sum of figures of one unit; unknown if any is.

    Low and high add up, which is exact if the errors agree and too wide if they do not.
    Figures of one kind keep their label: a sum of measured seconds is measured.
    """
    figures = list(figures)
    units = {figure.unit for figure in figures}
    if len(units) != 1:
        raise InputError(must("figures to add", "of one unit", sorted(units)))
    (unit,) = units
    missing = next((figure for figure in figures if not figure.known), None)
    if missing is not None:
        return replace(missing, unit=unit)
    value, low, high = (
        math.fsum(column) for column in zip(*(f.bounds() for f in figures), strict=True)
    )
    label = _derived_label(figures)
    return Figure(value, unit, low, high, label, source or figures[0].source)


def product(figures: Iterable[Figure], unit: str, source: str) -> Figure:
    """The product of independent figures; unknown if any is.

    Relative errors combine as those of lognormals do: ln(high / value) in quadrature, and so for
    low. Where an interval reaches zero or below there is no logarithm, and the product's goes from
    the least to the most that its factors allow. The label is `estimated` if any input is, else
    `modelled`.

    Source: propagation of independent relative errors, JCGM 100:2008, 5.1.6.
    """
    figures = list(figures)
    missing = next((figure for figure in figures if not figure.known), None)
    if missing is not None:
        return replace(missing, unit=unit)
    values, lows, highs = zip(*(figure.bounds() for figure in figures), strict=True)
    value = math.prod(values)
    label: Label = "estimated" if any(f.label == "estimated" for f in figures) else "modelled"
    if any(low <= 0 for low in lows):
        low, high = _widest(lows, highs)
        return Figure(value, unit, min(low, value), max(high, value), label, source)
    up = math.sqrt(sum(math.log(h / v) ** 2 for v, h in zip(values, highs, strict=True)))
    down = math.sqrt(sum(math.log(v / low) ** 2 for v, low in zip(values, lows, strict=True)))
    return Figure(value, unit, value * math.exp(-down), value * math.exp(up), label, source)


def _widest(lows: Iterable[float], highs: Iterable[float]) -> tuple[float, float]:
    """The least and the most of a product whose factors lie in these intervals."""
    low = high = 1.0
    for least, most in zip(lows, highs, strict=True):
        corners = (low * least, low * most, high * least, high * most)
        low, high = min(corners), max(corners)
    return low, high
