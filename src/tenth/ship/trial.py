"""Programs that live only in memory: many in one library, which holds none of their weights."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenth.kernels import compile_library
from tenth.ship.binding import Library
from tenth.ship.emit.units import Unit, model_source


def build_units(units: Sequence[Unit], more: str = "") -> Library:
    """Compile programs of different names, and more C, as one library.

    Cost: one run of the compiler, whatever the number and the sizes of the programs.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    headers = "\n".join(unit.header for unit in units)
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        model, path = folder / "model.c", folder / "trial.so"
        model.write_text(f"{model_source(units, headers)}\n{more}", encoding="utf-8")
        compile_library([model], path)
        return Library(path.read_bytes())
