"""How much of a device's peak a training run gets: the effective MFU, when nobody has measured it.

Effective is the MFU of the bill: restarts, evaluation and stragglers are inside. The rows of A100,
H100 and TPU v2 to v4 are fitted on published runs; the others are judgement and say so.
"""

import math
from dataclasses import dataclass

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.figures import Figure
from tenth.plan.checks import above_zero

PRECISIONS = ("16-bit", "fp8")

# standard deviation of published runs, as half of a 90 % interval: 1.645 σ of a lognormal
_FITTED, _FITTED_HOPPER = 1.70, 1.80
# the ranges of the table are bands of about 80 %; this exponent takes them to 90 %
_WIDEN = 1.645 / 1.282
# a mixture of experts reaches 0.8 of what a dense model does, on its active parameters
_MIXTURE = 0.8
# whole-run over step MFU of five published runs: 0.66 to 0.84
_GOODPUT = Figure(0.85, "", 0.65, 0.95, "estimated", "goodput 0.85")
SMALL_MODEL = 100e6


@dataclass(frozen=True)
class Rate:
    """One row: value and range of effective MFU for devices of a family at a scale."""

    value: float
    low: float
    high: float
    words: str
    spread: float | None = None

    def figure(self, mixture: bool) -> Figure:
        """The row as a figure with a 90 % interval."""
        value = self.value * (_MIXTURE if mixture else 1)
        if self.spread is not None:
            down = up = self.spread
        else:
            down = max(_FITTED, (self.value / self.low) ** _WIDEN)
            up = max(_FITTED, (self.high / self.value) ** _WIDEN)
        words = f"MFU {value:.2g} ({self.words}{', mixture' if mixture else ''})"
        return Figure(value, "", value / down, value * up, "estimated", words)


_HOPPER = ("h100", "h800", "h200")
_NODE, _HUGE, _A100_SMALL = 8, 8000, 16

_FAMILIES: tuple[tuple[tuple[str, ...], Rate], ...] = (
    (("a100",), Rate(0.33, 0.24, 0.46, "A100 over 16, published runs", _FITTED)),
    (_HOPPER, Rate(0.28, 0.20, 0.38, "H100, 9 to 7,999, published runs", _FITTED_HOPPER)),
    (("v100",), Rate(0.22, 0.15, 0.32, "V100, few published runs", _FITTED)),
    (("tpu-v2", "tpu-v3", "tpu-v4"), Rate(0.32, 0.28, 0.45, "TPU v2-v4, published runs", _FITTED)),
    (("tpu",), Rate(0.40, 0.30, 0.55, "recent TPU, judgement")),
    (("rtx", "l4", "a10g"), Rate(0.35, 0.20, 0.50, "board of one, judgement")),
    (("b200",), Rate(0.25, 0.125, 0.40, "B200, judgement")),
    (("mi250",), Rate(0.20, 0.10, 0.32, "MI250X, judgement")),
    (("mi300",), Rate(0.22, 0.11, 0.35, "MI300X, judgement")),
)
_A100_FEW = Rate(0.45, 0.30, 0.55, "A100 up to 16, tuned, published runs", _FITTED)
_HOPPER_NODE = Rate(0.40, 0.28, 0.50, "H100, one node, published runs", _FITTED_HOPPER)
_HOPPER_HUGE = Rate(0.30, 0.22, 0.38, "H100, 8,000 and more, published runs", _FITTED_HOPPER)
_HOPPER_FP8 = Rate(0.35, 0.25, 0.45, "FP8, of the 16-bit peak, DeepSeek-V3", _FITTED_HOPPER)
_SMALL = Rate(0.15, 0.05, 0.25, "under 100M parameters, judgement: measure a step")
_PROCESSOR = Rate(0.30, 0.05, 0.60, "processor, judgement: measure a step")
_OTHER = Rate(0.25, 0.10, 0.45, "no published run, judgement")


def effective_mfu(
    device: Device,
    *,
    count: int | None = 1,
    parameters: float = math.inf,
    mixture: bool = False,
    precision: str = "16-bit",
) -> Figure:
    """The default MFU of a whole training run, with a 90 % interval.

    Args:
        device: where it runs.
        count: how many of them; None if unknown, which takes the row of many.
        parameters: active parameters of the model; few of them keep no accelerator busy.
        mixture: whether it is a mixture of experts.
        precision: "16-bit", or "fp8" on H100, H800 and H200.

    Raises:
        InputError: a precision that the table does not know for this device.
    Source: 48 published runs, of which 27 are in the tests of this room.
    """
    hopper = device.name.startswith(_HOPPER)
    if precision not in PRECISIONS or (precision == "fp8" and not hopper):
        rule = '"16-bit", or "fp8" on H100, H800 and H200'
        raise InputError(must("precision", rule, f"{precision!r} on {device.name}"))
    if device.threads is not None:
        return _PROCESSOR.figure(mixture)
    if parameters < SMALL_MODEL:
        return _SMALL.figure(mixture)
    if precision == "fp8":
        return _HOPPER_FP8.figure(mixture)
    return _of_family(device, count).figure(mixture)


def _of_family(device: Device, count: int | None) -> Rate:
    if count is not None and device.name.startswith("a100") and count <= _A100_SMALL:
        return _A100_FEW
    if count is not None and device.name.startswith(_HOPPER):
        if count <= _NODE:
            return _HOPPER_NODE
        if count >= _HUGE:
            return _HOPPER_HUGE
    found = (rate for prefixes, rate in _FAMILIES if device.name.startswith(prefixes))
    return next(found, _OTHER)


def of_step(mfu: float) -> Figure:
    """The MFU of a whole run, from that of its steps: × 0.85 (0.65 to 0.95).

    Raises:
        InputError: not in (0, 1].
    Source: PaLM 0.66, GLM-130B 0.77, GPT-J 0.78, Llama 3.1 405B 0.84, each whole-run over step.
    """
    if above_zero("mfu", mfu) > 1:
        raise InputError(must("mfu", "in (0, 1]", mfu, "It is a fraction of the dense peak: 0.4."))
    value, low, high = (mfu * bound for bound in _GOODPUT.bounds())
    words = f"MFU {mfu:g} of a step, given × {_GOODPUT.source}"
    return Figure(value, "", low, high, "estimated", words)
