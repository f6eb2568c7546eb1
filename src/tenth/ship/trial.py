"""Programs that live only in memory: many in one library, their weights filled in after loading."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenth.kernels import compile_library
from tenth.ship.binding import Library
from tenth.ship.emit.units import Unit, model_source, writable_source


def build_units(units: Sequence[Unit], more: str = "") -> Library:
    """Compile programs of different names, and more C, as one library.

    Cost: one run of the compiler, whatever the number and the sizes of the programs.

    Raises:
        CompileError: there is no compiler, or it failed.
    """
    arrays = {name: array for unit in units for name, array in unit.arrays.items()}
    headers = "\n".join(unit.header for unit in units)
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        model, weights, path = (folder / file for file in ("model.c", "weights.c", "trial.so"))
        model.write_text(f"{model_source(units, headers)}\n{more}", encoding="utf-8")
        weights.write_text(writable_source(arrays), encoding="utf-8")
        compile_library([model, weights], path)
        library = Library(path.read_bytes())
    for symbol, array in arrays.items():
        if array.size:
            library.fill(symbol, array)
    return library
