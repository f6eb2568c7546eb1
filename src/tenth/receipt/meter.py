"""The meter: a `with` block whose costs end up in a receipt.

    with Meter("train", place="FRA") as meter:
        for epoch in range(3):
            with meter.part(f"epoch {epoch}"):
                ...
                meter.add_work(work)
    receipt.stages.append(meter.stage)

A meter opened inside another one is a part of it, in the same thread. It reads instruments when it
begins and ends, and needs no thread of its own.
"""

import math
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from functools import wraps
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from tenth.catalogue import devices
from tenth.errors import InputError, must
from tenth.figures import Figure, counted, unknown
from tenth.receipt import energy, probes
from tenth.receipt.place import Place
from tenth.receipt.price import hourly_price
from tenth.receipt.rapl import Rapl
from tenth.receipt.stage import Note, Stage
from tenth.receipt.work import Flops, Work

P = ParamSpec("P")
R = TypeVar("R")

_COUNTED_BY = "arithmetic on the program, one multiply-add is 2 FLOPs"


class Meter:
    """Meters one stretch of work; `stage` is what it found.

    As a decorator it meters each call: `@Meter("load")`.

    Args:
        name: the stage's name in the receipt.
        place: ISO 3166-1 alpha-3 code of the country whose electricity is used.
        device: a device of the catalogue, for its price of an hour.
        price_usd_per_hour: what an hour of this machine costs.
        into: a list that gets the stage when the work ends, well or not.

    Raises:
        InputError: the catalogue knows no such place or device; a price that is no price.
    """

    def __init__(
        self,
        name: str,
        *,
        place: str | None = None,
        device: str | None = None,
        price_usd_per_hour: float | Figure | None = None,
        into: list[Stage] | None = None,
    ) -> None:
        self.name = name
        self._asked = (place, device, price_usd_per_hour)
        self._into = into
        self._place = None if place is None else Place.find(place)
        priced = not (device is None and price_usd_per_hour is None)
        self._price = hourly_price(price_usd_per_hour, device) if priced else None
        self._work: Work | None = None
        self._bytes = 0
        self._notes: dict[str, Note] = {}
        self._parts: list[Stage] = []
        self._outer: Meter | None = None
        self._token: Token[Meter | None] | None = None
        self._done: Stage | None = None

    def __enter__(self) -> Self:
        if self._token is not None or self._done is not None:
            raise InputError(f"the meter {self.name!r} can be entered once; make another one.")
        self._outer = _OPEN.get()
        # looked up before the work begins; a part takes place and price of the whole
        self._place = self._place or (self._outer and self._outer._place) or Place.find()
        self._price = self._price or (self._outer and self._outer._price) or hourly_price()
        self._thread_watts = devices.here().watts_per_thread
        self._notes["started"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._token = _OPEN.set(self)
        self._memory = probes.PeakMemory()
        self._memory.start()
        self._rapl = Rapl()
        self._cpu = probes.cpu_seconds()
        self._wall = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        wall, cpu = self._clocks()
        self._rapl.sample()
        self._memory.stop()
        if kind is not None:
            self._notes["interrupted"] = kind.__name__
        if self._token is not None:
            _OPEN.reset(self._token)
        self._done = self._read(wall, cpu)
        if self._outer is not None:
            self._outer._take(self._done, self._work, self._bytes)
        if self._into is not None:
            self._into.append(self._done)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Meter each call of a function, with a fresh meter like this one."""
        place, device, price = self._asked

        @wraps(function)
        def metered_function(*args: P.args, **kwargs: P.kwargs) -> R:
            with Meter(
                self.name, place=place, device=device, price_usd_per_hour=price, into=self._into
            ):
                return function(*args, **kwargs)

        return metered_function

    def part(self, name: str) -> "Meter":
        """A meter for a part of this work; what is added to it is added here too."""
        return Meter(name)

    def add_work(self, work: Work) -> None:
        """Add counted arithmetic."""
        self._must_run()
        self._work = work if self._work is None else self._work + work
        if self._rapl.due:
            self._rapl.sample()

    def add_bytes(self, size_bytes: int) -> None:
        """Add bytes written to files."""
        self._must_run()
        if size_bytes < 0:
            raise InputError(must("bytes written", "at least 0", size_bytes))
        self._bytes += size_bytes

    def note(self, key: str, value: Note) -> None:
        """Keep a word or a number beside the figures.

        Raises:
            InputError: the value is something else, or the meter is not running.
        """
        self._must_run()
        if not isinstance(value, str | int | float | bool | None):
            raise InputError(must(f"note {key!r}", "text, a number, a bool or None", repr(value)))
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        self._notes[key] = value

    @property
    def stage(self) -> Stage:
        """What was metered: the final stage after the block, the costs so far within it.

        Raises:
            InputError: the meter never ran.
        """
        if self._done is not None:
            return self._done
        self._must_run()
        self._rapl.sample()
        return self._read(*self._clocks())

    def _must_run(self) -> None:
        if self._token is None:
            raise InputError(f"the meter {self.name!r} does not run: use it in a with statement.")
        if self._done is not None:
            raise InputError(f"the meter {self.name!r} has ended: its stage is complete.")

    def _take(self, part: Stage, work: Work | None, size_bytes: int) -> None:
        self._parts.append(part)
        self._bytes += size_bytes
        if work is not None:
            self._work = work if self._work is None else self._work + work
        self._rapl.sample()

    def _clocks(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, probes.cpu_seconds() - self._cpu

    def _read(self, wall: float, cpu: float) -> Stage:
        assert self._place is not None
        assert self._price is not None
        peak = self._memory.figure()
        burn = energy.Burn(cpu, wall, peak.value)
        joules = energy.joules(burn, self._rapl, self._thread_watts)
        clock = "clock of the process and of its ended children"
        figures = {
            "wall_seconds": Figure(wall, "s", label="measured", source="monotonic clock"),
            "cpu_seconds": Figure(cpu, "s", label="measured", source=clock),
            "peak_rss_bytes": peak,
            "written_bytes": counted(self._bytes, "bytes", "files written"),
            **_flops(self._work),
            "energy_joules": joules,
            "carbon_gco2e": energy.grams(joules, self._place),
            "price_usd": energy.dollars(wall, self._price),
        }
        return Stage(self.name, figures, list(self._parts), dict(self._notes))


_OPEN: ContextVar[Meter | None] = ContextVar("tenth_meter", default=None)


def metered(
    name: str,
    *,
    place: str | None = None,
    device: str | None = None,
    price_usd_per_hour: float | Figure | None = None,
    into: list[Stage] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Meter each call of the decorated function; its stages go to `into` and to a meter around it.

    >>> stages = []
    >>> @metered("double", into=stages)
    ... def double(x): return 2 * x
    >>> double(2), stages[0].name
    (4, 'double')
    """
    return Meter(name, place=place, device=device, price_usd_per_hour=price_usd_per_hour, into=into)


def _flops(work: Work | None) -> dict[str, Figure]:
    names = ("flops_useful", "flops_executed", "flops_dense_equivalent")
    details = ("forward", "backward", "growth")
    if work is None:
        reason = "nothing counted the arithmetic of this stage"
        keys = (*names, *(f"flops_executed_{detail}" for detail in details))
        return {key: unknown("FLOP", reason) for key in keys}
    counts: tuple[Flops, ...] = (work.useful, work.executed, work.dense_equivalent)
    figures = {
        name: counted(count.total, "FLOP", _COUNTED_BY)
        for name, count in zip(names, counts, strict=True)
    }
    for detail in details:
        value = getattr(work.executed, detail)
        figures[f"flops_executed_{detail}"] = counted(value, "FLOP", _COUNTED_BY)
    return figures
