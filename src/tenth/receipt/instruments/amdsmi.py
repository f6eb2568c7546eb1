"""AMD's own counters (AMD SMI), through the package amdsmi that comes with ROCm.

Source: AMD SMI Python API, amdsmi_get_energy_count (accumulator × resolution in µJ),
amdsmi_get_power_info (W). The two dies of an MI250X share the counter of the first one.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenth.receipt.instruments.boards import Board, Boards

# the names that versions of the library give the same reading
_ACCUMULATORS = ("energy_accumulator", "power")
_POWERS = ("current_socket_power", "average_socket_power", "socket_power")
_NO_READING = 0xFFFF  # the largest number of its kind stands for none


class AmdSmi(Boards):
    """The joules of the AMD boards that this process may use."""

    name = "AMD SMI"
    variables = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")

    def _load(self, devices: Path) -> tuple[Any, str]:
        if sys.platform == "linux" and not (devices / "kfd").exists():
            return None, "no AMD accelerator here"
        try:
            import amdsmi  # pyright: ignore[reportMissingImports]
        except (ImportError, OSError, KeyError):  # it looks for its library where ROCm should be
            return None, "the package amdsmi is not installed: it comes with ROCm"
        return amdsmi, ""

    def _open(self) -> None:
        self._library.amdsmi_init()

    def _all(self) -> list[Board]:
        library = self._library
        return [
            Board(
                str(library.amdsmi_get_gpu_device_uuid(handle)),
                _offered(_joules(library, handle)),
                _offered(_watts(library, handle)),
            )
            for handle in library.amdsmi_get_processor_handles()
        ]

    def _may_use(self, boards: list[Board]) -> list[Board]:
        """Without second dies of a package: the counter of the first one holds their energy."""
        return [board for board in boards if board.joules is None or board.joules() > 0]


def _joules(library: Any, handle: Any) -> Callable[[], float]:
    def read() -> float:
        told = library.amdsmi_get_energy_count(handle)
        count = next(told[name] for name in _ACCUMULATORS if name in told)
        return count * told["counter_resolution"] / 1e6

    return read


def _watts(library: Any, handle: Any) -> Callable[[], float]:
    def read() -> float:
        told = library.amdsmi_get_power_info(handle)
        numbers = (told.get(name) for name in _POWERS)
        # a reading that a board lacks is the text N/A, or no number of watts
        return next(
            float(n) for n in numbers if isinstance(n, int | float) and 0 <= n < _NO_READING
        )

    return read


def _offered(read: Callable[[], float]) -> Callable[[], float] | None:
    try:
        read()
    except Exception:  # AmdSmiException: not supported on this board
        return None
    return read
