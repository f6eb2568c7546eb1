"""A meter of the user's own: a file or a command that says watts or joules.

It reads the whole machine, as a meter between the machine and its socket does. What the counters
inside do not see (the power supply, fans, disks) is the rest of it.

The last number of the last line counts, so a log that grows works too. A reading of power older
than a minute is no reading.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tenth.errors import InputError, must
from tenth.figures import Figure
from tenth.receipt.instruments.counter import Counter, Point, Power, Scale, advance
from tenth.receipt.instruments.face import NOT_OURS_ALONE, Burn, missing, spread

# units of a reading, and the joules of one; None: it is power
UNITS: dict[str, float | None] = {"W": None, "J": 1.0, "Wh": 3600.0, "kWh": 3.6e6}
FILE, COMMAND, UNIT = "TENTH_METER_FILE", "TENTH_METER_COMMAND", "TENTH_METER_UNIT"

_ERROR = 0.05
_MOST_WATTS = 1e6
_STEP_JOULES = 3.6e6  # a meter may count in whole kWh
_STALE_SECONDS = 60.0
_COMMAND_SECONDS = 5.0
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class UserMeter:
    """Where a reading comes from, and what it is: W, or a total of J, Wh or kWh.

    Raises:
        InputError: neither a file nor a command, or both; an unknown unit.
    """

    file: str | Path | None = None
    command: str | None = None
    unit: str = "W"

    def __post_init__(self) -> None:
        if (self.file is None) == (self.command is None):
            got = "both" if self.file is not None else "neither"
            raise InputError(must("meter", "a file or a command", got))
        if self.unit not in UNITS:
            raise InputError(must("unit of a meter", "one of " + ", ".join(UNITS), repr(self.unit)))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "UserMeter | None":
        """The meter that TENTH_METER_FILE or TENTH_METER_COMMAND name; None where neither does.

        Raises:
            InputError: both do, or TENTH_METER_UNIT is no unit.
        """
        file, command = environment.get(FILE) or None, environment.get(COMMAND) or None
        if file is None and command is None:
            return None
        return cls(file, command, environment.get(UNIT) or "W")

    def read(self) -> float:
        """The reading now, in its unit.

        Raises:
            OSError, ValueError, subprocess.SubprocessError: there is none.
        """
        return float(self.word())

    def word(self) -> str:
        """The reading as it is written.

        Raises:
            OSError, ValueError, subprocess.SubprocessError: there is none.
        """
        if self.command is not None:
            words = shlex.split(self.command)
            done = subprocess.run(
                words, capture_output=True, text=True, check=True, timeout=_COMMAND_SECONDS
            )
            return _last_word(done.stdout)
        path = Path(str(self.file))
        if UNITS[self.unit] is None:
            age = time.time() - path.stat().st_mtime
            if age > _STALE_SECONDS:
                raise ValueError(f"its last reading is {age:.0f} s old")
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _TAIL_BYTES))
            return _last_word(stream.read().decode("utf-8", "replace"))

    def __str__(self) -> str:
        return f"the meter {self.command or self.file}"


class External:
    """The joules that the user's meter reads of the whole machine."""

    name = "external meter"

    def __init__(self, meter: UserMeter | None, now: float | None = None) -> None:
        now = time.monotonic() if now is None else now
        self.missing = "" if meter else f"none was given: see {FILE} and {COMMAND}"
        self.period: float | None = None
        self.kept: dict[str, str] = {}
        self._sensor: Counter | Power | None = None
        self._step = 0.0  # joules between two readings that it can tell apart
        if meter is None:
            return
        self._name = str(meter)
        joules = UNITS[meter.unit]
        self.period = 1.0 if meter.command else 0.5
        if joules is None:
            self._sensor = Power(self._name, meter.read, now)
        else:
            scale = Scale(joules, _MOST_WATTS, step_joules=_STEP_JOULES)
            self._sensor = Counter(self._name, meter.read, scale, now)
            self._step = joules * _last_digit(meter)
            self.period = 10.0
        if self._sensor.missing:
            self.missing = self._sensor.missing

    def sample(self, now: float) -> None:
        """Take a reading."""
        if self._sensor is not None:
            self._sensor.sample(now)

    def mark(self) -> Point:
        """Where it stands."""
        return self._sensor.point if self._sensor is not None else Point(0.0, 0.0)

    def since(self, mark: Point, burn: Burn) -> dict[str, Figure]:
        """Joules of the whole machine; a share of them where the share of its work is known."""
        if self._sensor is None or self.missing:
            return {}
        joules, reason = advance(self._sensor, mark)
        if reason:
            return {"whole": missing(reason)}
        error = _ERROR + self._step / joules
        return {"whole": spread(joules, error, "measured", f"{self._name}, {NOT_OURS_ALONE}")}


def _last_word(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("it says nothing")
    return lines[-1].replace(",", " ").replace(";", " ").split()[-1]


def _last_digit(meter: UserMeter) -> float:
    """What one more in its last digit would be: a counter cannot tell less apart."""
    try:
        exponent = Decimal(meter.word()).as_tuple().exponent
    except Exception:  # the sensor itself will say that there is no reading
        return 0.0
    return 10.0**exponent if isinstance(exponent, int) else 0.0
