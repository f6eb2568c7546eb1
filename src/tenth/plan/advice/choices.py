"""One way to spend a budget on one kind of device: how much of it fits, and how surely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenth.catalogue import Device
from tenth.figures import Figure, human
from tenth.plan import fits, memory
from tenth.plan.advice.budget import Limit
from tenth.plan.advice.goals import Goal
from tenth.plan.advice.sides import Side
from tenth.plan.rates import SMALL_MODEL
from tenth.plan.result import Plan

SURELY, PROBABLY, LUCK, NO = "surely", "probably", "only with luck", "no"
VERDICTS = (SURELY, PROBABLY, LUCK, NO)
MEMORY = "too little memory"
DOUBTS = ("over a year old", "unverified")

# states of a model may take this much of a device; activations have the rest
_STATES = 0.80
# below this no model of language is worth the name, and 6·N·D says nothing
_LEAST_PARAMETERS = 1e6
_LEAST_SAMPLES = 1e4


@dataclass(frozen=True)
class Choice:
    """A row of advice.

    `amount` is what fits: its value probably, its low surely, its high only with luck; None where
    nothing was open. `bound` says which limit, or the memory, it runs into first. `plan` is that
    of the amount which probably fits.
    """

    goal: Goal
    device: Device
    count: int
    amount: Figure | None
    verdict: str
    bound: str
    plan: Plan

    @property
    def samples(self) -> float | None:
        """Training tokens or images of the amount; None where nothing was open."""
        if self.amount is None:
            return None
        return self.amount.bounds()[0] * (self.goal.samples_each or 1.0)

    def side(self) -> Side:
        """Its money, to be held against another's."""
        price = self.plan.figures["price_usd"]
        quality = self.goal.words
        if self.amount is not None:
            size = human(self.amount.bounds()[0], "parameters", 2)
            quality = f"{size} {self.goal.unit}"
        hardware = self.device.many(self.count)
        name = f"{self.goal.name} on {hardware}"
        return Side(name, price, hardware, self.price_row, quality)

    @property
    def price_row(self) -> str:
        """Where the price of an hour is from; "none" if there is no price."""
        return self.goal.setting.assume.price(self.device).source or "none"

    @property
    def guessed(self) -> bool:
        """Whether no published run stands behind the rate of the device."""
        return "judgement" in self.plan.figures["device_hours"].source

    @property
    def unchecked(self) -> bool:
        """Whether the memory was not held against the device's, as that is not published."""
        return not self.device.memory_bytes.known

    @property
    def doubtful(self) -> tuple[str, ...]:
        """What speaks against its price: "over a year old", "unverified"."""
        return tuple(word for word in DOUBTS if word in self.price_row)

    def to_json(self) -> dict[str, Any]:
        """The row as plain values."""
        return {
            "route": self.goal.name,
            "device": self.device.name,
            "count": self.count,
            "density": self.goal.density,
            "amount": None if self.amount is None else self.amount.to_json(),
            "samples": self.samples,
            "verdict": self.verdict,
            "bound": self.bound,
            "rate_is_judgement": self.guessed,
            "memory_unchecked": self.unchecked,
            "figures": {name: figure.to_json() for name, figure in self.plan.figures.items()},
        }


def choice(goal: Goal, device: Device, count: int, limits: Sequence[Limit]) -> Choice | str:
    """The row of a goal on so many of a device, or why there is none."""
    if goal.open:
        return _sized(goal, device, count, limits)
    plan = goal.make(1.0, device, count)
    missing = _missing(plan, limits)
    if missing:
        return missing
    if not _held(plan, device):
        return MEMORY
    word, bound = _verdict(plan, limits)
    return Choice(goal, device, count, None, word, bound, plan)


def _verdict(plan: Plan, limits: Sequence[Limit]) -> tuple[str, str]:
    """The worst of the verdicts on each limit, and the limit that it is of."""
    words = []
    for limit in limits:
        value, low, high = plan.figures[limit.figure].bounds()
        word = (
            SURELY
            if high <= limit.most
            else PROBABLY
            if value <= limit.most
            else LUCK
            if low <= limit.most
            else NO
        )
        words.append((VERDICTS.index(word), value / limit.most, word, limit.kind))
    worst = max(words)
    return worst[2], worst[3]


def _sized(goal: Goal, device: Device, count: int, limits: Sequence[Limit]) -> Choice | str:
    plans = [(amount, goal.make(amount, device, count)) for amount in goal.references]
    for _, plan in plans:
        missing = _missing(plan, limits)
        if missing:
            return missing
    bounds, bound = _affordable(goal, plans, limits)
    if goal.samples_each is not None:
        most = _most_parameters(goal, device, count)
        if bounds[0] > most:
            bound = "memory"
        bounds = [min(one, most) for one in bounds]
    elif not _held(plans[0][1], device):
        return MEMORY
    least = _LEAST_PARAMETERS if goal.samples_each is not None else _LEAST_SAMPLES
    if bounds[0] < least:
        return f"too little for {human(least, 'parameters')} {goal.unit}"
    source = "largest within the budget; from surely to only with luck"
    amount = Figure(bounds[0], goal.unit, bounds[1], bounds[2], "estimated", source)
    plan = goal.make(bounds[0], device, count)
    if "parameters" in plan.figures and goal.samples_each is not None:
        # nobody gave this size: it was found
        plan = replace(plan, figures={**plan.figures, "parameters": amount})
    # what was sized to the limit fits probably, however the last digit falls
    word = SURELY if _verdict(plan, limits)[0] == SURELY else PROBABLY
    return Choice(goal, device, count, amount, word, bound, plan)


def _held(plan: Plan, device: Device) -> bool:
    """Whether it fits; where nobody says how much memory there is, nothing speaks against it."""
    need = plan.figures["memory_bytes"]
    return not device.memory_bytes.known or fits.holds(need, device.memory_bytes)


def _affordable(
    goal: Goal, plans: Sequence[tuple[float, Plan]], limits: Sequence[Limit]
) -> tuple[list[float], str]:
    """The amounts whose middle, upper and lower costs are what the limits allow."""
    found = []
    for amount, plan in plans:
        middles, surely, luck = [], [], []
        for limit in limits:
            value, low, high = plan.figures[limit.figure].bounds()
            reach = [
                amount * (limit.most / cost) ** (1 / goal.power) for cost in (value, high, low)
            ]
            middles.append((reach[0], limit.kind))
            surely.append(reach[1])
            luck.append(reach[2])
        found.append(([min(middles)[0], min(surely), min(luck)], min(middles)[1]))
    if len(found) == 1:
        return found[0]
    (small, small_kind), (large, large_kind) = found
    # small models are rated lower: what a large one's rate allows counts only if it is large
    below = SMALL_MODEL * (1 - 1e-9)
    bounds = [
        of_large if of_large >= SMALL_MODEL else min(of_small, below)
        for of_small, of_large in zip(small, large, strict=True)
    ]
    return bounds, large_kind if large[0] >= SMALL_MODEL else small_kind


def _missing(plan: Plan, limits: Sequence[Limit]) -> str:
    for limit in limits:
        figure = plan.figures[limit.figure]
        if not figure.known:
            return figure.reason
    if not plan.figures["memory_bytes"].known:
        return plan.figures["memory_bytes"].reason
    return ""


def _most_parameters(goal: Goal, device: Device, count: int) -> float:
    """The most parameters whose states leave a fifth of each device to activations."""
    if not device.memory_bytes.known:
        return math.inf
    space = _STATES * device.memory_bytes.bounds()[0]
    if goal.setting.assume.strategy is not None:
        names = (goal.setting.assume.strategy,)
    elif device.threads is not None:
        names = ("fp32-adam",)
    else:
        names = memory.SHARDED if count > 1 else ("mixed-adam",)
    low, high = 1.0, 1e14
    for _ in range(60):
        middle = (low * high) ** 0.5
        needs = (memory.state_bytes(middle, name, count).bounds()[2] for name in names)
        low, high = (middle, high) if min(needs) <= space else (low, middle)
    return low
