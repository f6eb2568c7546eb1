"""What a receipt says of the machine and its software."""

import platform
import sys
from pathlib import Path
from typing import Any

from tenth.catalogue import machine

_PACKAGES = ("tenth", "numpy", "torch", "ziglang")


def hardware() -> dict[str, Any]:
    """The machine as this process sees it; limits of a container are taken into account."""
    return {
        "cpu": machine.cpu_name(),
        "machine": platform.machine(),
        "threads": machine.threads(),
        "memory_bytes": machine.memory_bytes(),
        "accelerators": accelerators(),
    }


def software() -> dict[str, Any]:
    """Versions of what did the work."""
    # it loads half the library of e-mail, and a receipt alone needs it
    from importlib.metadata import PackageNotFoundError, version

    versions: dict[str, Any] = {
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def accelerators(devices: Path = Path("/dev")) -> list[str]:
    """Device files of NVIDIA and AMD accelerators that this process can see."""
    if sys.platform != "linux":
        return []
    nvidia = sorted(path.name for path in devices.glob("nvidia[0-9]*"))
    return nvidia + (["kfd"] if (devices / "kfd").exists() else [])
