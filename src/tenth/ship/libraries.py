"""From the C of a program to its library, for this machine or for another."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tenth.kernels import compile_library
from tenth.kernels.cross import cross_compile
from tenth.kernels.targets import TARGETS, Target
from tenth.ship.emit.dispatch import entry_points
from tenth.ship.interface import Interface


def build(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The library of some C sources for this machine, and the compiler that made it.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    with _written(files) as folder:
        out = folder / TARGETS["host"].library
        sources = [folder / name for name in ("model.c", "weights.c") if name in files]
        compiler = compile_library(sources, out)
        return out.read_bytes(), compiler.origin


def build_for(target: Target, files: Mapping[str, bytes], interface: Interface) -> bytes:
    """The library of some C sources for a target that is not this machine.

    Raises:
        CompileError: ziglang is not installed, or it failed.
    """
    with _written(files) as folder:
        out = folder / target.library
        cross_compile(
            target,
            folder / "model.c",
            others=[folder / name for name in ("weights.c", "dispatch.c") if name in files],
            functions=entry_points(interface),
            out_path=out,
        )
        return out.read_bytes()


@contextmanager
def _written(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder of the C, as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        for file, data in files.items():
            if file.endswith((".c", ".h")):
                (folder / file).write_bytes(data)
        yield folder
