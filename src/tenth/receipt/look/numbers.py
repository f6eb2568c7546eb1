"""Figures as people of a language read them: number, unit, interval."""

import math

from tenth.figures import Figure, Way, human, rounded
from tenth.receipt.look.language import Language, Said

# where a larger unit is easier to read: from which value on, by what to divide, its sign
_LARGER = {
    "J": (3600.0, 3600.0, "Wh"),
    "kWh": (1e4, 1e3, "MWh"),
    "gCO2e": (1e3, 1e3, "kgCO2e"),
    "kgCO2e": (1e3, 1e3, "tCO2e"),
}
_SMALLER = {"h": (3600.0, "s"), "days": (86400.0, "s"), "kgCO2e": (1e3, "gCO2e")}
_COUNTED = ("parameters", "weights")  # told in full below a million
_HUGE = 1e18  # FLOPs from here on are told as a power of ten
_LEAST_SUM = 1e-4  # USD below are told as a power of ten
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def value(speak: Language, figure: Figure, digits: int | None = None) -> Said:
    """The value with its unit; the word for unknown where there is none.

    Args:
        digits: significant digits to round to, where the interval is wider than they tell.
    """
    if figure.value is None:
        return speak.say("label.unknown")
    return _amount(speak, *_suited(figure.value, figure.unit), digits)


def interval(speak: Language, figure: Figure, digits: int | None = None) -> Said:
    """The 90 % interval; empty for an exact or unknown figure."""
    if figure.value is None or figure.low == figure.high:
        return Said("")
    low, high = _ends(figure, digits)
    number, _, unit = low.partition(" ")
    if number == "0" or unit == high.partition(" ")[2]:
        return speak.say(
            "interval.ends", low=speak.number(_raised(number)), high=_worded(speak, high)
        )
    return speak.say("interval.ends", low=_worded(speak, low), high=_worded(speak, high))


def percent(speak: Language, bounds: tuple[float, float]) -> Said:
    """An interval of a rate in percent."""
    # 100 × 0.57 is no whole number of a float
    least, most = (float(f"{100 * bound:.12g}") for bound in bounds)
    low, high = speak.number(f"{math.floor(least)}"), speak.number(f"{math.ceil(most)} %")
    return speak.say("interval.ends", low=low, high=high)


def times(speak: Language, before: Figure, after: Figure) -> Said:
    """How much smaller or larger: `÷ 10.1`, `× 1.5`, `same`; empty where that cannot be said."""
    if not before.value or not after.value or before.value < 0 or after.value < 0:
        return Said("")
    ratio = before.value / after.value
    if ratio == 0 or math.isinf(ratio):
        return Said("")
    if abs(ratio - 1) < 0.005:
        return speak.say("bars.same")
    return speak.number(f"÷ {ratio:.3g}" if ratio > 1 else f"× {1 / ratio:.3g}")


def _ends(figure: Figure, digits: int | None) -> tuple[str, str]:
    """Low and high in the unit that suits the value."""
    found, low, high = figure.bounds()
    suited, unit = _suited(found, figure.unit)
    scale = suited / found if found else 1.0
    # outwards: an upper bound that is rounded down bounds nothing
    return _plain(low * scale, unit, digits, "down"), _plain(high * scale, unit, digits, "up")


def _suited(number: float, unit: str) -> tuple[float, str]:
    size = abs(number)
    if unit in _SMALLER and 0 < size < 1:
        factor, smaller = _SMALLER[unit]
        return number * factor, smaller
    while unit in _LARGER and size >= _LARGER[unit][0]:
        _, factor, unit = _LARGER[unit]
        number, size = number / factor, size / factor
    return number, unit


def _amount(speak: Language, number: float, unit: str, digits: int | None) -> Said:
    return _worded(speak, _plain(number, unit, digits))


def _plain(number: float, unit: str, digits: int | None, way: Way = "nearest") -> str:
    """Number and unit's sign, as all languages write them; rounded once, in the unit shown."""
    if unit == "FLOP" and abs(number) >= _HUGE:
        mantissa, _, power = f"{rounded(number, digits or 3, way):.2e}".partition("e")
        return f"{float(mantissa):.3g}e{power} FLOP"
    if unit == "uses":
        digits = digits or 3  # a quotient of estimates, and nobody uses a model half a time
        number = {"nearest": round, "down": math.floor, "up": math.ceil}[way](number)
    if unit in _COUNTED and abs(number) < 1e6 and number == int(number):
        return f"{number if digits is None else rounded(number, digits, way):,.0f}"
    if unit == "USD" and 0 < abs(number) < 1:
        plain = _small_sum(rounded(number, 2, way))
    else:
        plain = human(number, unit, digits, way)
    # a hyphen beside the dash of an interval is no minus
    return f"−{plain[1:]}" if plain.startswith("-") else plain


def _small_sum(usd: float) -> str:
    """Two digits of less than a dollar; so many zeros that nobody counts them are a power of ten.

    >>> _small_sum(0.05), _small_sum(0.00012), _small_sum(0.000012)
    ('0.050 USD', '0.00012 USD', '1.2e-05 USD')
    """
    if abs(usd) < _LEAST_SUM:
        return f"{usd:.1e} USD"
    places = 1 - math.floor(math.log10(abs(usd)))
    return f"{usd:.{places}f} USD"


def _raised(digits: str) -> str:
    """Digits with their power of ten as people write it.

    >>> _raised("1.2e-05").replace("\u202f", " "), _raised("1,037")
    ('1.2 × 10⁻⁵', '1,037')
    """
    mantissa, _, power = digits.partition("e")
    if not power:
        return digits
    return f"{mantissa}\u202f×\u202f10{str(int(power)).translate(_RAISED)}"


def _is_word(speak: Language, sign: str) -> bool:
    return speak.has(f"unit.{sign}")


def _worded(speak: Language, plain: str) -> Said:
    """The amount with its unit as a word of the language, or as a sign of the SI."""
    digits, _, sign = plain.partition(" ")
    if not _is_word(speak, sign):
        told = f"{_raised(digits)} {sign.replace('CO2e', ' CO₂e')}"
        return speak.number(told.strip())
    shown = float(digits.replace(",", "").replace("−", "-"))
    return speak.say(f"unit.{sign}", plural=shown, count=speak.number(_raised(digits)))
