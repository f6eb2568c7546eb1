"""What runs in a race: routes with their densities, lengths and learning rates to try."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from tenth.errors import InputError, must
from tenth.fit.checkpoint import digest
from tenth.layouts import check_density
from tenth.task import Task
from tenth.train.routes import ROUTES

A_TENTH = 0.1
_SCALES = (1.0, 3.0, 2.0, 10.0, 5.0, 0.5, 20.0, 0.2)  # in the order of use
_DEFAULT = ("dense", "small", "static", "gradual", "rigl", "granet")


@dataclass(frozen=True)
class Arm:
    """A route in a race.

    Attributes:
        route: a name of `ROUTES`.
        density: fraction of the weights kept; None for "dense".
        name: what the tables call it; empty: the route, then density and length where they are
            not a tenth and 1.
        length: factor on the steps of a run. Of no effect where a budget sets the length.
        scales: factors on the optimizer's own learning rate to choose from; empty: those that all
            arms without a choice of their own share.
        teacher, parent: as in `train.run`; what they cost to make is charged to the arm, once.

    Raises:
        InputError: no such route, or a density, length or scale that cannot be.
    """

    route: str
    density: float | None = None
    name: str = ""
    length: float = 1.0
    scales: tuple[float, ...] = ()
    teacher: Any = None
    parent: Any = None

    def __post_init__(self) -> None:
        if self.route not in ROUTES:
            raise InputError(must("route of an arm", f"one of {', '.join(ROUTES)}", self.route))
        if ROUTES[self.route].dense and self.density is not None:
            raise InputError(must("density of the arm 'dense'", "left out", self.density))
        if not ROUTES[self.route].dense:
            density = A_TENTH if self.density is None else self.density
            check_density(density)
            object.__setattr__(self, "density", density)
        for name, values in (("length", (self.length,)), ("scales", self.scales)):
            if not all(0 < value < float("inf") for value in values):
                raise InputError(must(f"{name} of an arm", "positive", values))
        object.__setattr__(self, "scales", tuple(float(scale) for scale in self.scales))
        object.__setattr__(self, "name", self.name or self._own_name())

    def _own_name(self) -> str:
        density = "" if self.density in (None, A_TENTH) else f" {self.density:g}"
        length = "" if self.length == 1 else f" {self.length:g}x"
        return f"{self.route}{density}{length}"

    @property
    def slug(self) -> str:
        """Its name as a folder's."""
        return re.sub(r"[^\w.-]+", "-", self.name)

    @property
    def dense(self) -> bool:
        """Whether it keeps all weights of the task's own model."""
        return ROUTES[self.route].dense

    def form(self) -> dict[str, Any]:
        """What tells it from other arms, as JSON."""
        form: dict[str, Any] = {"name": self.name, "route": self.route, "length": self.length}
        form |= {"density": self.density, "scales": list(self.scales)}
        return form | {role: _told(net) for role, net in self._made_earlier().items()}

    def options(self) -> dict[str, Any]:
        """What it adds to a call of `train.run`."""
        kept = {} if self.density is None else {"density": self.density}
        return kept | self._made_earlier()

    def _made_earlier(self) -> dict[str, Any]:
        nets = {"teacher": self.teacher, "parent": self.parent}
        return {role: net for role, net in nets.items() if net is not None}


def default_arms(task: Task, density: float = A_TENTH) -> list[Arm]:
    """Dense, its small rival where the task has one, a mask that rests, and masks that move."""
    names = [name for name in _DEFAULT if name != "small" or task.small is not None]
    return named(names, density)


def named(routes: Sequence[str], density: float = A_TENTH) -> list[Arm]:
    """One arm for each route, at this density.

    Raises:
        InputError: no such route.
    """
    dense = {name for name in routes if name in ROUTES and ROUTES[name].dense}
    return [Arm(name, None if name in dense else density) for name in routes]


def line_up(arms: Sequence[Arm], trials: int) -> list[Arm]:
    """The arms as they start: dense first, each with the same number of scales to try.

    Raises:
        InputError: two arms of one name, or scales of an arm that are not as many as `trials`.
    """
    if trials < 1:
        raise InputError(must("trials", "at least 1", trials))
    dense = [arm for arm in arms if arm.dense] or [Arm("dense")]
    lined = [
        arm if arm.scales else replace(arm, scales=grid(trials))
        for arm in [*dense, *(arm for arm in arms if not arm.dense)]
    ]
    names = [arm.slug for arm in lined]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        remedy = "Give each arm a name of its own: Arm(..., name=...)."
        raise InputError(must("arms", "of different names", f"{twice!r} twice", remedy))
    unequal = next((arm for arm in lined if len(arm.scales) != trials), None)
    if unequal is not None:
        remedy = "All arms are tuned alike; set trials to match."
        got = f"{len(unequal.scales)} scales for {unequal.name!r} and {trials} trials"
        raise InputError(must("scales of an arm", "as many as the trials", got, remedy))
    return lined


def grid(trials: int) -> tuple[float, ...]:
    """The learning-rate scales that all arms try, from small to large.

    Up to eight are from a list of ours, which begins with 1, 3, 2 and 10 since sparse nets often
    want larger rates than their dense twins; more are spaced evenly in their logarithm.

    >>> grid(1), grid(4)
    ((1.0,), (1.0, 2.0, 3.0, 10.0))
    """
    if trials <= len(_SCALES):
        return tuple(sorted(_SCALES[:trials]))
    ratio = (30 / 0.1) ** (1 / (trials - 1))
    return tuple(0.1 * ratio**place for place in range(trials))


def _told(net: Any) -> str:
    """What tells one net from another: its weights, or the place where they are."""
    model = getattr(net, "model", net)
    return digest(model) if isinstance(model, nn.Module) else str(net)
