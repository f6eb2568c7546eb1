"""From a budget to advice: which size, route and device fit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tenth.catalogue import Device
from tenth.catalogue import devices as catalogue
from tenth.errors import InputError, must
from tenth.plan import rates
from tenth.plan.advice.advice import Advice, Group
from tenth.plan.advice.budget import Limit, read_all
from tenth.plan.advice.choices import MEMORY, NO, VERDICTS, Choice, choice
from tenth.plan.advice.goals import Goal, Setting, of
from tenth.plan.ask import Ask, sequence_of
from tenth.plan.assumptions import Assumptions, of_device
from tenth.plan.checks import whole
from tenth.plan.train import SHORTER

# nobody said how long it may take: a run of more than this is not advised
_PATIENCE = Limit("time", 30.0, "30 days")
_COUNTS = (1, 8, 64, 512, 4096)
# boards without fast links between them; and what a question of time alone is asked of
_FEW = (1, 8)
_BOARDS = ("rtx", "l4", "a10g", "t4")
_TRAINS = ("gpu", "tpu", "soc", "laptop", "cpu", "edge")
# amounts within this share of each other are taken for equal: the fewer devices win
_EQUAL = 0.98


def advise(
    budget: Sequence[str],
    ask: Ask | None = None,
    *,
    devices: Sequence[str | Device] = (),
    count: int | None = None,
    place: str | None = None,
    assume: Assumptions | None = None,
) -> Advice:
    """Which size, route and device a budget pays for; nothing is run.

    Args:
        budget: limits that must all hold, such as ["500usd", "3days"]; units in `budget.UNITS`.
        ask: what is to be trained; from nothing, by several routes, if not said. Without tokens
            the most that the budget pays for are found.
        devices: to choose from; those of the catalogue that can train if not said.
        count: how many of a device; 1, 8, 64, 512 or 4,096, whichever does most, if not said.
        place: country of the electricity, such as FRA.
        assume: what is known better than the defaults.

    Raises:
        InputError: a budget, a size, a device or a place that makes no sense.
    """
    limits = read_all(budget)
    if place is None and any(limit.kind == "carbon" for limit in limits):
        remedy = "Add --place, such as --place FRA: carbon is that of its electricity."
        raise InputError(must("a budget of carbon", "given with a place", "none", remedy))
    setting = Setting(place, assume or Assumptions())
    goals = of(ask or Ask(), setting)
    if count is not None:
        whole("count", count, "It is how many devices.")
    machines = [of_device(device) for device in devices] or [
        device for device in candidates() if _has(device, setting.assume.precision)
    ]
    patient = all(limit.kind != "time" for limit in limits)
    held = (*limits, _PATIENCE) if patient else limits
    groups = [_group(goal, machines, count, held) for goal in goals]
    for at, group in enumerate(groups):
        if not group.choices and MEMORY in group.left_out:
            tried = _Tried(at, machines, count, held)
            groups[at] = replace(group, hints=_hints(ask or Ask(), setting, tried))
    return Advice(limits, tuple(groups), _PATIENCE if patient else None)


def candidates() -> tuple[Device, ...]:
    """The devices of the catalogue on which anybody trains: all but microcontrollers."""
    return tuple(device for device in catalogue.all() if device.kind in _TRAINS)


def _has(device: Device, precision: str) -> bool:
    """Whether rates are known at this precision; one that is no precision is refused later."""
    if precision not in rates.PRECISIONS:
        return True
    try:
        rates.effective_mfu(device, precision=precision)
    except InputError:
        return False
    return True


def _group(
    goal: Goal, machines: Sequence[Device], count: int | None, limits: Sequence[Limit]
) -> Group:
    rows: list[Choice] = []
    left_out: Counter[str] = Counter()
    able = [device for device in machines if goal.runs_on(device)]
    for device in able:
        found = [choice(goal, device, n, limits) for n in _counts(device, count, limits)]
        choices = [one for one in found if not isinstance(one, str)]
        rows += _worth(choices, limits)
        if not choices:
            left_out[_reason(found)] += 1
    paid = any(limit.kind == "money" for limit in limits)
    rows.sort(key=lambda one: (paid and bool(one.doubtful), *_rank(one)))
    return Group(goal, tuple(rows), dict(left_out), len(machines) - len(able))


@dataclass(frozen=True)
class _Tried:
    """What was tried without success: the place of the goal among its question's, and on what."""

    at: int
    machines: Sequence[Device]
    count: int | None
    limits: Sequence[Limit]

    def fits(self, ask: Ask, setting: Setting) -> bool:
        """Whether the same goal of another question has a row that may be within the budget."""
        goal = of(ask, setting)[self.at]
        group = _group(goal, self.machines, self.count, self.limits)
        return any(one.verdict != NO for one in group.choices)


def _hints(ask: Ask, setting: Setting, tried: _Tried) -> tuple[str, ...]:
    """Options with which less is kept, and something fits; the least of a change first."""
    again = replace(setting, assume=replace(setting.assume, recompute=True))
    length = sequence_of(ask)
    ways = [("--recompute", ask, again)] if not setting.assume.recompute and ask.what else []
    if length is not None and length > SHORTER:
        shorter = replace(ask, sequence=SHORTER)
        ways.append((f"--sequence {SHORTER}", shorter, setting))
        ways.append((f"--recompute --sequence {SHORTER}", shorter, again))
    found = [words for words, asked, within in ways if tried.fits(asked, within)]
    return tuple(found[:2])


def _reason(found: Sequence[Choice | str]) -> str:
    """Why even the most devices do not do, without the name of the device."""
    last = str(found[-1])
    if "price" in last:
        return "no price"
    return "power not published" if "tdp_w" in last or "rated power" in last else last


def _counts(device: Device, asked: int | None, limits: Sequence[Limit]) -> Sequence[int]:
    if asked is not None:
        return (asked,)
    if device.kind not in ("gpu", "tpu"):
        return (1,)
    endless = all(limit.kind == "time" for limit in limits)
    return _FEW if endless or device.name.startswith(_BOARDS) else _COUNTS


def _worth(choices: Sequence[Choice], limits: Sequence[Limit]) -> Iterator[Choice]:
    """Of several counts of a device the one that does most; all where only time is short."""
    if all(limit.kind == "time" for limit in limits):
        yield from choices
    elif choices:
        yield min(choices, key=lambda one: _least(one, choices))


def _least(one: Choice, choices: Sequence[Choice]) -> tuple[float, ...]:
    """Sort key: the most for the money first, then the fewest devices."""
    if one.amount is None:
        return (VERDICTS.index(one.verdict), one.count)
    most = max(_value(other) for other in choices)
    return (0 if _value(one) >= _EQUAL * most else 1, one.count)


def _value(one: Choice) -> float:
    return 0.0 if one.amount is None else one.amount.bounds()[0]


def _rank(one: Choice) -> tuple[float, ...]:
    """Most first; of what is settled the surest, then the cheapest in money, energy and days."""
    costs = (one.plan.figures[name] for name in ("price_usd", "energy_kwh", "days"))
    told = [figure.value if figure.value is not None else float("inf") for figure in costs]
    return (-_value(one), VERDICTS.index(one.verdict), *told, one.count)
