"""The instruments of a meter and of all meters inside it: opened once, sampled together."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tenth.receipt import facts, scopes
from tenth.receipt.energy import Account, Told, account
from tenth.receipt.instruments import INSTRUMENTS, Burn, Instrument, Table, UserMeter
from tenth.receipt.instruments.handles import computes
from tenth.receipt.ticker import Ticker

_NOT_OPENED = "accelerators are here, and this process opened none"


@dataclass(frozen=True)
class Metering:
    """How to meter: whose work, and with which instruments.

    Args:
        scope: `process`, `cgroup` or `machine`; else as TENTH_SCOPE says, else the process.
        meter: a meter of the user's; else as TENTH_METER_FILE or TENTH_METER_COMMAND say.
        table: the instruments to try, in order.
    """

    scope: str | None = None
    meter: UserMeter | None = None
    table: Table = field(default_factory=lambda: INSTRUMENTS)


@dataclass(frozen=True)
class Mark:
    """Where everything stood at one moment."""

    seconds: float
    cpu_seconds: float | None
    busy_seconds: float | None
    byte_seconds: float
    instruments: tuple[Any, ...]


class Panel:
    """All that is read while a meter runs.

    A thread samples it only where an instrument must be read in between: ten times a second where
    boards tell their power, every ten seconds where counters may run round.

    Args:
        scope: whose work.
        instruments: in the order in which they are believed.
    """

    def __init__(self, scope: scopes.Scope, instruments: Sequence[Instrument]) -> None:
        self.scope = scope
        self.pid = os.getpid()
        self._instruments = tuple(instruments)
        self._lock = threading.Lock()
        self._accelerated = bool(facts.accelerators())
        self._computes: bool | None = False
        self._memory = scope.memory_bytes()
        self._byte_seconds, self._when = 0.0, time.monotonic()
        periods = [one.period for one in instruments if one.period is not None and not one.missing]
        if self._memory is not None:
            periods.append(1.0)
        self._ticker = Ticker(min(periods), self.sample, "tenth meter") if periods else None

    @classmethod
    def open(cls, metering: Metering) -> "Panel":
        """The panel of these choices.

        Raises:
            InputError: no such scope, or a meter that is none.
        """
        scope = scopes.scope(metering.scope)
        meter = metering.meter or UserMeter.of_environment(os.environ)
        return cls(scope, [make(meter) for make in metering.table.values()])

    def close(self) -> None:
        """Stop sampling."""
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def sample(self) -> None:
        """Read every instrument."""
        with self._lock:
            self._sample()

    def mark(self) -> Mark:
        """Read every instrument, and say where all stands."""
        with self._lock:
            self._sample()
            return Mark(
                self._when,
                self.scope.cpu_seconds(),
                scopes.busy_seconds() if self.scope.is_part else None,
                self._byte_seconds,
                tuple(one.mark() for one in self._instruments),
            )

    def between(self, start: Mark, end: Mark, peak_bytes: float | None) -> tuple[Burn, Account]:
        """What was used up from one mark to another, and its energy.

        Args:
            start: the earlier mark.
            end: the one just made.
            peak_bytes: peak memory of the process, taken where the scope tells no memory.
        """
        seconds = end.seconds - start.seconds
        cpu = _less(end.cpu_seconds, start.cpu_seconds)
        share = _share(cpu, _less(end.busy_seconds, start.busy_seconds))
        memory = peak_bytes
        if self._memory is not None and seconds > 0:
            memory = (end.byte_seconds - start.byte_seconds) / seconds
        burn = Burn(cpu, seconds, memory, share)
        with self._lock:
            told = [
                Told(one.name, {} if one.missing else one.since(mark, burn), one.missing)
                for one, mark in zip(self._instruments, start.instruments, strict=True)
            ]
        return burn, account(told, self._absent(), self._accelerated)

    def words(self) -> dict[str, str]:
        """What instruments want to be kept on the receipt, such as the boards that they read."""
        kept: dict[str, str] = {}
        for one in self._instruments:
            kept |= one.kept
        return kept

    def _absent(self) -> str:
        """Why accelerators are not of this work; empty if they are or may be."""
        alone = self.scope.name == "process" and self._accelerated
        return _NOT_OPENED if alone and self._computes is False else ""

    def _sample(self) -> None:
        now = time.monotonic()
        for one in self._instruments:
            if not one.missing:
                one.sample(now)
        if self._accelerated and not self._computes:
            self._computes = computes()
        if self._memory is not None:
            memory = self.scope.memory_bytes()
            if memory is not None:
                self._byte_seconds += (now - self._when) * (memory + self._memory) / 2
                self._memory = memory
        self._when = now


def _less(end: float | None, start: float | None) -> float | None:
    return None if end is None or start is None else max(0.0, end - start)


def _share(cpu: float | None, busy: float | None) -> float | None:
    """The part of the machine's work that was ours; its ticks are coarser than our clock."""
    if cpu is None or busy is None:
        return None
    return min(1.0, cpu / max(cpu, busy)) if cpu > 0 else 0.0
