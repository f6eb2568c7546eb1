"""Writing a program as C: the header, the steps with the kernels they call, the weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tenth.kernels import sources
from tenth.ship.emit.functions import Body
from tenth.ship.emit.header import write_header
from tenth.ship.emit.lower import Lowered
from tenth.ship.emit.memory import ALIGNMENT, Plan, plan
from tenth.ship.emit.steps import count
from tenth.ship.emit.text import float_texts
from tenth.ship.interface import Interface, interface_of

_FLOAT_BYTES = 4
_C_TYPES = {"float32": "float", "int32": "int32_t"}
_NUMBERS_A_LINE = {"float32": 6, "int32": 12}


@dataclass(frozen=True)
class Unit:
    """One program in C: its interface, its header, the kernels it calls, its own functions."""

    interface: Interface
    variables: Mapping[str, str]
    header: str
    kernels: frozenset[str]
    body: str
    arrays: Mapping[str, np.ndarray]
    plan: Plan


def emit(lowered: Lowered, sizes: Mapping[str, int]) -> Unit:
    """Write a program; `sizes` are free sizes as they may be, which guide the memory plan."""
    interface = interface_of(lowered.graph, lowered.prefix)
    arena = plan(
        lowered.steps,
        {s.writes: _FLOAT_BYTES * count(lowered.shapes[s.writes]) for s in lowered.steps},
        elsewhere=[*(value.name for value in lowered.graph.inputs), *lowered.outputs],
        sizes=sizes,
    )
    variables = {**lowered.variables, **lowered.symbols}
    for output, home in zip(lowered.graph.outputs, lowered.outputs, strict=True):
        variables[output] = lowered.variables[home]
    declarations = "\n".join(f"{_declared(name, array)};" for name, array in lowered.arrays.items())
    functions = Body(lowered, interface, arena, variables).functions()
    return Unit(
        interface=interface,
        variables=variables,
        header=write_header(interface, variables),
        kernels=frozenset(kernel for step in lowered.steps for kernel in step.call.kernels),
        body="\n\n".join(part for part in (declarations, *functions) if part),
        arrays=lowered.arrays,
        plan=arena,
    )


def model_source(units: Sequence[Unit], header: str = '#include "model.h"') -> str:
    """The text of model.c; several programs may share one, and its kernels."""
    kernels = frozenset[str]().union(*(unit.kernels for unit in units))
    parts = [
        "/* Written by tenth; see model.h. First the kernels, then the steps of the program. */",
        f"{header}\n\n#include <math.h>\n#include <string.h>",
        sources.source(kernels).strip(),
        *(unit.body for unit in units),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def weights_source(arrays: Mapping[str, np.ndarray]) -> str:
    """The text of weights.c: every number exactly as it is."""
    parts = ["/* Written by tenth: the weights of model.c, exactly. */", "#include <stdint.h>"]
    for name, array in arrays.items():
        dtype = str(array.dtype)
        numbers = array.ravel() if array.size else np.zeros(1, array.dtype)
        texts = float_texts(numbers) if dtype == "float32" else list(map(str, numbers.tolist()))
        step = _NUMBERS_A_LINE[dtype]
        rows = [", ".join(texts[i : i + step]) for i in range(0, len(texts), step)]
        body = ",\n    ".join(rows)
        declared = _declared(name, array)
        parts.append(
            f"{declared};\n_Alignas({ALIGNMENT}) "
            f"{declared.removeprefix('extern ')} = {{\n    {body}}};"
        )
    return "\n\n".join(parts) + "\n"


def writable_source(arrays: Mapping[str, np.ndarray]) -> str:
    """The weights as empty arrays that are filled after loading: quick to compile, for trials."""
    lines = [
        f'_Alignas({ALIGNMENT}) __attribute__((visibility("default"))) '
        f"{_C_TYPES[str(array.dtype)]} {name}[{array.size or 1}];"
        for name, array in arrays.items()
    ]
    return "\n".join(["#include <stdint.h>", *lines, ""])


def _declared(name: str, array: np.ndarray) -> str:
    return f"extern const {_C_TYPES[str(array.dtype)]} {name}[{array.size or 1}]"
