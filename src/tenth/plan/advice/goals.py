"""What is left open in a question, and how a plan is made once it is settled.

A goal is a route with one number open: parameters of a model to be made from nothing, or samples to
train a known one on. Or none, where size and samples are both said.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.figures import human, product
from tenth.plan import formulas
from tenth.plan.advice.routes import FROM_NOTHING, TUNING, Route
from tenth.plan.ask import INFERENCE, Ask, plan_of, sequence_of
from tenth.plan.assumptions import Assumptions, of_place
from tenth.plan.bill import Bill
from tenth.plan.estimate import estimate
from tenth.plan.models import PRESETS, preset
from tenth.plan.rates import SMALL_MODEL
from tenth.plan.result import Plan

# sizes at which costs are read off: one below and one above where published rates change
_SMALL, _LARGE = SMALL_MODEL / 10, SMALL_MODEL * 10
_FINE_TUNING = ("full", "lora", "qlora")


@dataclass(frozen=True)
class Setting:
    """What a plan takes for granted besides device and count."""

    place: str | None
    assume: Assumptions


@dataclass(frozen=True)
class Goal:
    """A route with at most one number open.

    Attributes:
        name, words: of the route.
        setting: what was taken for granted.
        make: the plan for an amount, a device and a count.
        unit: of the amount: parameters, tokens or images; empty if nothing is open.
        references: amounts at which costs are read off.
        power: costs grow as the amount to this power between references.
        samples_each: training tokens for a parameter, where parameters are open.
        density: fraction of the weights that is trained.
        runs_on: whether the route has a row on a device.
    """

    name: str
    words: str
    setting: Setting
    make: Callable[[float, Device, int], Plan]
    unit: str = ""
    references: tuple[float, ...] = (1.0,)
    power: float = 1.0
    samples_each: float | None = None
    density: float = 1.0
    runs_on: Callable[[Device], bool] = lambda device: True

    @property
    def open(self) -> bool:
        """Whether an amount is to be found."""
        return bool(self.unit)


def of(ask: Ask, setting: Setting) -> tuple[Goal, ...]:
    """The goals of a question.

    Raises:
        InputError: inference, tokens without a size, or adapters without a model.
    """
    if ask.work == INFERENCE:
        remedy = "Plan it: `tenth plan MODEL --work inference --requests 1e6 --device l4`."
        raise InputError(must("work under a budget", "training", INFERENCE, remedy))
    if ask.what is not None:
        return tuple(_of_model(ask, setting))
    if ask.params is not None:
        return (_of_size(ask, setting),)
    if ask.tokens is not None or ask.work not in (None, "pretrain"):
        got = ask.work or f"--tokens {ask.tokens:g} alone"
        remedy = "Such as `tenth plan llama3-8b --work lora --budget 20usd`."
        raise InputError(must("the model", "named", got, remedy))
    if setting.assume.active_parameters is not None or setting.assume.density != 1:
        remedy = "A size that is looked for is dense; the sparse route is listed beside it."
        rule = "given with a size"
        raise InputError(must("active parameters and density", rule, "without one", remedy))
    return tuple(_from_nothing(route, setting) for route in FROM_NOTHING)


def _from_nothing(route: Route, setting: Setting) -> Goal:
    return Goal(
        route.name,
        route.words,
        setting,
        partial(_pretrained, route, setting),
        "parameters",
        (_SMALL, _LARGE),
        2.0,
        route.tokens_each,
        route.density,
        route.runs_on,
    )


def _pretrained(route: Route, setting: Setting, params: float, device: Device, count: int) -> Plan:
    where = {"device": device, "count": count, "place": setting.place, "assume": setting.assume}
    plan = estimate(params=params, tokens=params * route.tokens_each, **where)
    if route.faster is None:
        return plan
    hours = plan.figures["device_hours"]
    source = f"{hours.source}; ÷ {route.faster.source}"
    fewer = product([hours, formulas.inverse(route.faster)], "h", source)
    bill = Bill(device, count, of_place(setting.place), setting.assume)
    figures = {**plan.figures, "device_hours": fewer, **bill.figures(fewer)}
    return replace(plan, figures=figures)


def _of_size(ask: Ask, setting: Setting) -> Goal:
    kind = ask.work or "pretrain"
    words = f"{TUNING.get(kind, kind)}, of {_human(ask.params or 0.0)}"
    if ask.tokens is not None:
        words = f"{words}, {_human(ask.tokens)} tokens"
        return Goal(kind, words, setting, partial(_asked, ask, setting, ""))
    start = 20 * (ask.params or 1.0)
    make = partial(_asked, ask, setting, "tokens")
    return Goal(kind, words, setting, make, "tokens", (start,))


def _of_model(ask: Ask, setting: Setting) -> Iterator[Goal]:
    samples = _samples(ask)
    kinds = (ask.work,) if ask.work is not None else _kinds(ask, samples)
    known, length = getattr(ask, samples) is not None, sequence_of(ask)
    for kind in kinds:
        mine = replace(ask, work=kind)
        words = f"{TUNING.get(kind, kind)}, of {ask.what}"
        if known:
            words = f"{words}, {_human(getattr(ask, samples))} {samples}"
        if length is not None:
            words = f"{words} in sequences of {length}"
        if known:
            yield Goal(kind, words, setting, partial(_asked, mine, setting, ""))
        else:
            make = partial(_asked, mine, setting, samples)
            yield Goal(kind, words, setting, make, samples, (1e9,))


def _kinds(ask: Ask, samples: str) -> tuple[str, ...]:
    """Adapters stand beside the projections of a language model whose shape is known."""
    path = Path(str(ask.what))
    shapeless = path.suffix == ".safetensors" or (
        path.is_dir() and not (path / "config.json").is_file()
    )
    return ("full",) if samples == "images" or shapeless else _FINE_TUNING


def _human(number: float) -> str:
    return human(number, "parameters")


def _samples(ask: Ask) -> str:
    images = ask.what in PRESETS and preset(ask.what).sample == "image"
    return "images" if images or ask.images is not None else "tokens"


def _asked(
    ask: Ask, setting: Setting, samples: str, amount: float, device: Device, count: int
) -> Plan:
    mine = replace(ask, **{samples: amount}) if samples else ask
    place, assume = setting.place, setting.assume
    return plan_of(mine, device=device, count=count, place=place, assume=assume)
