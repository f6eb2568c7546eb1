"""NVIDIA's own counters (NVML), through the package nvidia-ml-py.

Source: NVIDIA Management Library reference, nvmlDeviceGetTotalEnergyConsumption (mJ since the
driver was loaded, Volta and later), nvmlDeviceGetPowerUsage (mW).
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenth.receipt.instruments.boards import Board, Boards


class Nvml(Boards):
    """The joules of the NVIDIA boards that this process may use."""

    name = "NVML"
    variables = ("CUDA_VISIBLE_DEVICES",)

    def _load(self, devices: Path) -> tuple[Any, str]:
        if sys.platform == "linux" and not any(devices.glob("nvidia[0-9]*")):
            return None, "no NVIDIA accelerator here"
        try:
            import pynvml
        except ImportError:
            return None, "nvidia-ml-py is not installed: pip install 'tenth[gpu]'"
        return pynvml, ""

    def _open(self) -> None:
        self._library.nvmlInit()

    def _all(self) -> list[Board]:
        library, boards = self._library, []
        for index in range(library.nvmlDeviceGetCount()):
            handle = library.nvmlDeviceGetHandleByIndex(index)
            name = library.nvmlDeviceGetUUID(handle)
            name = name.decode() if isinstance(name, bytes) else name
            joules = _scaled(library.nvmlDeviceGetTotalEnergyConsumption, handle)
            watts = _scaled(library.nvmlDeviceGetPowerUsage, handle)
            boards.append(Board(name, joules, watts))
        return boards


def _scaled(call: Callable[[Any], float], handle: Any) -> Callable[[], float] | None:
    """Thousandths of what `call` says; None where this board does not offer it."""
    try:
        call(handle)
    except Exception:  # NVMLError_NotSupported on boards before Volta, on MIG, on virtual ones
        return None
    return lambda: call(handle) / 1e3
