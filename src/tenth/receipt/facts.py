"""What a receipt says of the machine and its software."""

import platform
import sys
from pathlib import Path
from typing import Any

from tenth.catalogue import machine

_NVIDIA = Path("/proc/driver/nvidia/gpus")
_AMD = Path("/sys/class/kfd/kfd/topology/nodes")
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


def accelerators(
    devices: Path = Path("/dev"), nvidia: Path = _NVIDIA, amd: Path = _AMD
) -> list[str]:
    """Accelerators of NVIDIA and AMD that this process can see: each its model, else its file."""
    if sys.platform != "linux":
        return []
    models = _nvidia_models(nvidia)
    found = [
        models.get(path.name.removeprefix("nvidia"), path.name)
        for path in sorted(devices.glob("nvidia[0-9]*"))
    ]
    return found + ((_amd_models(amd) or ["kfd"]) if (devices / "kfd").exists() else [])


def _nvidia_models(root: Path) -> dict[str, str]:
    """Models by the number in the name of the device file, as the driver lists them."""
    found = {}
    for path in root.glob("*/information"):
        told = _fields(path, ":")
        if "Device Minor" in told and "Model" in told:
            found[told["Device Minor"]] = told["Model"]
    return found


def _amd_models(root: Path) -> list[str]:
    """Models by their instruction set, such as gfx942 of an MI300X, as the driver lists them."""
    found = []
    for path in sorted(root.glob("*/properties")):
        version = _fields(path, " ").get("gfx_target_version", "0")
        if version.isdigit() and int(version):
            major, minor, step = (
                int(version) // 10000,
                int(version) // 100 % 100,
                int(version) % 100,
            )
            found.append(f"AMD gfx{major}{minor:x}{step:x}")
    return found


def _fields(path: Path, mark: str) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(mark) for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
