"""What the 12 million were made of: published figures, and what follows from them."""

from collections.abc import Mapping

from tenth.catalogue import devices
from tenth.figures import Figure
from tenth.plan import formulas

PARAMETERS, TOKENS = 175e9, 300e9
OLD_DEVICE = "v100-sxm2"
# the chips were counted by a press release, the days follow; arXiv:2104.10350, table 4
CHIPS, PUE = 10_000, 1.10
_DAYS, _CHIP_WATTS = 14.8, 330
PRESS_USD = 12e6
_OTHER_USD, _PUBLISHED_MWH = 4.6e6, 1287


def parts() -> Mapping[str, Figure]:
    """The figures of 2020, each with where it is from.

    Source: VentureBeat, 2020-06-01; arXiv:2005.14165; arXiv:2104.10350; arXiv:2204.02311.
    """
    flops, hours = 6 * PARAMETERS * TOKENS, CHIPS * _DAYS * 24
    peak = devices.find(OLD_DEVICE).peak_flops.bounds()[0]
    watts = _published(_CHIP_WATTS, "W", "a chip with its host, arXiv:2104.10350")
    energy = formulas.energy(
        _published(hours, "h", ""), watts, _published(PUE, "", f"PUE {PUE:.2f}")
    )
    return {
        "price_usd": _published(PRESS_USD, "USD", "a press estimate, VentureBeat, 2020-06-01"),
        "price_usd_other": _published(
            _OTHER_USD, "USD", "another estimate, Lambda, 355 V100-years at 1.50 USD/h (unverified)"
        ),
        "training_flops": _follows(
            flops, "FLOP", "6·N·D, N 175 G, D 300 G; the paper says 3.14e23, arXiv:2005.14165"
        ),
        "device_hours": _follows(
            hours, "h", f"{CHIPS:,} V100 × {_DAYS} days; the number of chips is an assumption of "
            "arXiv:2104.10350"
        ),
        "mfu": _follows(
            flops / (hours * 3600 * peak), "", "FLOPs ÷ (hours × 125 TFLOP/s), so circular; "
            "arXiv:2204.02311 says 0.213"
        ),
        "price_per_hour": _follows(
            PRESS_USD / hours, "USD/h", "12 million ÷ hours: a list price on demand of 2020"
        ),
        "energy_published_kwh": _published(_PUBLISHED_MWH * 1e3, "kWh", "arXiv:2104.10350"),
        "energy_kwh": energy,
    }  # fmt: skip


def _published(value: float, unit: str, source: str) -> Figure:
    return Figure(value, unit, label="given", source=source)


def _follows(value: float, unit: str, source: str) -> Figure:
    return Figure(value, unit, label="modelled", source=source)
