"""The meter: a `with` block whose costs end up in a receipt.

    with Meter("train", place="FRA") as meter:
        for epoch in range(3):
            with meter.part(f"epoch {epoch}"):
                ...
                meter.add_work(work)
    receipt.stages.append(meter.stage)

A meter opened inside another one is a part of it, in the same thread, and shares its instruments.
They are read when a meter begins and ends, and in between where they must be (see panel.py).
"""

import math
import os
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from functools import wraps
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from tenth.errors import InputError, must
from tenth.figures import Figure, counted
from tenth.receipt import energy, partial, probes, readings
from tenth.receipt.panel import Mark, Metering, Panel
from tenth.receipt.place import Place
from tenth.receipt.price import hourly_price
from tenth.receipt.stage import Note, Stage, bounded
from tenth.receipt.work import Work

P = ParamSpec("P")
R = TypeVar("R")


class Meter:
    """Meters one stretch of work; `stage` is what it found.

    As a decorator it meters each call: `@Meter("load")`.

    Args:
        name: the stage's name in the receipt.
        place: ISO 3166-1 alpha-3 code of the country whose electricity is used.
        device: a device of the catalogue, for its price of an hour.
        price_usd_per_hour: what an hour of this machine costs.
        into: a list that gets the stage when the work ends, well or not.
        metering: whose work is metered, and by which instruments; a part takes those of the whole.

    Raises:
        InputError: the catalogue knows no such place or device; a price that is no price; on
            entry, a scope or a meter that is none.
    """

    def __init__(
        self,
        name: str,
        *,
        place: str | None = None,
        device: str | None = None,
        price_usd_per_hour: float | Figure | None = None,
        into: list[Stage] | None = None,
        metering: Metering | None = None,
    ) -> None:
        self.name = name
        self._asked = (place, device, price_usd_per_hour)
        self._metering = metering
        self._into = into
        self._place = None if place is None else Place.find(place)
        priced = not (device is None and price_usd_per_hour is None)
        self._price = hourly_price(price_usd_per_hour, device) if priced else None
        self._work: Work | None = None
        self._bytes = 0
        self._notes: dict[str, Note] = {}
        self._figures: dict[str, Figure] = {}
        self._parts: list[Stage] = []
        self._outer: Meter | None = None
        self._panel: Panel | None = None
        self._keeper: partial.Keeper | None = None
        self._token: Token[Meter | None] | None = None
        self._done: Stage | None = None

    def __enter__(self) -> Self:
        if self._token is not None or self._done is not None:
            raise InputError(f"the meter {self.name!r} can be entered once; make another one.")
        self._outer = _around()
        # looked up before the work begins; a part takes place, price and instruments of the whole
        self._place = self._place or (self._outer and self._outer._place) or Place.find()
        self._price = self._price or (self._outer and self._outer._price) or hourly_price()
        if self._outer is not None:
            self._panel = self._outer._panel
        else:
            self._keeper = partial.keeper(self.name, self._place)
            self._panel = Panel.open(self._metering or Metering())
        assert self._panel is not None
        self._notes["started"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._memory = probes.PeakMemory()
        self._memory.start()
        self._start = self._panel.mark()
        self._token = _OPEN.set(self)
        self._wall = time.perf_counter()
        if self._keeper is not None:
            self._announce(self._keeper)
        return self

    def _announce(self, keeper: partial.Keeper) -> None:
        try:
            keeper.begin(self)
        except BaseException as error:
            self._keeper = None
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._panel is not None
        wall, end = time.perf_counter() - self._wall, self._panel.mark()
        self._memory.stop()
        if kind is not None:
            self._notes["interrupted"] = kind.__name__
        if self._token is not None:
            _OPEN.reset(self._token)
        done = self._done = self._read(wall, end)
        if self._outer is not None:
            self._outer._take(done, self._work, self._bytes)
        else:
            self._panel.close()
        if self._into is not None:
            self._into.append(done)
        if self._keeper is not None:
            self._keeper.end(self)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Meter each call of a function, with a fresh meter like this one."""
        place, device, price = self._asked

        @wraps(function)
        def metered_function(*args: P.args, **kwargs: P.kwargs) -> R:
            with Meter(
                self.name,
                place=place,
                device=device,
                price_usd_per_hour=price,
                into=self._into,
                metering=self._metering,
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

    def add_figure(self, name: str, figure: Figure) -> None:
        """Keep a figure that something else made, beside the meter's own: it changes none of them.

        Raises:
            InputError: the meter has such a figure itself, or does not run.
        """
        self._must_run()
        if name in readings.OWN:
            raise InputError(
                must(f"figure {name!r}", "one that the meter does not make", "its own")
            )
        self._figures[name] = figure

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
        assert self._panel is not None
        return self._read(time.perf_counter() - self._wall, self._panel.mark())

    def _must_run(self) -> None:
        if self._token is None:
            raise InputError(f"the meter {self.name!r} does not run: use it in a with statement.")
        if self._done is not None:
            raise InputError(f"the meter {self.name!r} has ended: its stage is complete.")

    def _take(self, part: Stage, work: Work | None, size_bytes: int) -> None:
        self._parts = bounded([*self._parts, part])
        self._bytes += size_bytes
        if work is not None:
            self._work = work if self._work is None else self._work + work

    def _read(self, wall: float, end: Mark) -> Stage:
        assert self._place is not None
        assert self._price is not None
        assert self._panel is not None
        peak = self._memory.figure()
        burn, account = self._panel.between(self._start, end, peak.value)
        joules = account.figures["energy_joules"]
        figures = {
            "wall_seconds": Figure(wall, "s", label="measured", source="monotonic clock"),
            "cpu_seconds": readings.cpu(burn.cpu_seconds, self._panel.scope.clock),
            "peak_rss_bytes": peak,
            "written_bytes": counted(self._bytes, "bytes", "files written"),
            **readings.flops(self._work),
            **account.figures,
            "carbon_gco2e": energy.grams(joules, self._place),
            "price_usd": energy.dollars(wall, self._price),
            **self._figures,
        }
        return Stage(self.name, figures, list(self._parts), self._told(account), self._own_price())

    def _told(self, account: energy.Account) -> dict[str, Note]:
        """The notes; on the outermost stage with what became of each instrument."""
        notes = dict(self._notes)
        if self._outer is None and self._panel is not None:
            fates = (f"{name}: {fate}" for name, fate in account.instruments.items())
            notes |= {"scope": self._panel.scope.name, "instruments": "; ".join(fates)}
            notes |= self._panel.words()
        return notes

    def _own_price(self) -> Figure | None:
        """The price that it is billed at, where that is not said by the stage around it."""
        told = self._outer is not None and self._outer._price == self._price
        return None if told else self._price


_OPEN: ContextVar[Meter | None] = ContextVar("tenth_meter", default=None)


def _around() -> Meter | None:
    """The meter that is open here; one that was open where this process was forked is not."""
    outer = _OPEN.get()
    alive = outer is not None and outer._panel is not None and outer._panel.pid == os.getpid()
    return outer if alive else None


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
