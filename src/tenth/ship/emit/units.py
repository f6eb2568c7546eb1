"""Writing a program as C: the header, the steps with the kernels they call, the weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenth.kernels import sources
from tenth.kernels.weights import WeightsFile, write_weights
from tenth.ship.emit.frame import frame_of
from tenth.ship.emit.functions import functions
from tenth.ship.emit.header import write_header
from tenth.ship.emit.lower import Lowered
from tenth.ship.emit.memory import Plan, plan
from tenth.ship.interface import Interface, interface_of

_EMBEDDED_BYTES = 2**18
"""Up to so many bytes, the weights are built into the program."""
_BYTES_A_LINE = 24
# a freestanding compiler has no C library, but what it makes of these is code of its own
_INCLUDES = """\
#if __STDC_HOSTED__
#include <math.h>
#include <string.h>
#else
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
#define INFINITY __builtin_inff()
#define sqrtf __builtin_sqrtf
#define fmax __builtin_fmax
#endif"""
_ALWAYS = frozenset(
    (
        "load_weights",
        "are_loaded",
        "pool_size",
        "open_pool",
        "opened_pool",
        "close_pool",
        "parallel",
        "PROFILE_STEP",
    )
)
"""The kernels that every program calls."""


@dataclass(frozen=True)
class Unit:
    """One program in C: its interface, its header, the kernels it calls, its own functions.

    `embedded` says whether its weights are built in, as weights.c, or stand beside it.
    """

    interface: Interface
    variables: Mapping[str, str]
    header: str
    kernels: frozenset[str]
    body: str
    weights: WeightsFile
    embedded: bool
    plan: Plan


def emit(lowered: Lowered, sizes: Mapping[str, int]) -> Unit:
    """Write a program; `sizes` are free sizes as they may be, which guide the memory plan."""
    interface = interface_of(lowered.graph, lowered.prefix)
    arena = plan(
        lowered.steps,
        {step.writes: lowered.size_bytes(step.writes) for step in lowered.steps},
        elsewhere=[*(value.name for value in lowered.graph.inputs), *lowered.outputs],
        sizes=sizes,
    )
    variables = {**lowered.variables, **lowered.symbols}
    for output, home in zip(lowered.graph.outputs, lowered.outputs, strict=True):
        variables[output] = lowered.variables[home]
    weights = write_weights(lowered.records, interface.signature(), lowered.values)
    embedded = len(weights.data) <= _EMBEDDED_BYTES
    kernels = frozenset(kernel for step in lowered.steps for kernel in step.call.kernels)
    return Unit(
        interface=interface,
        variables=variables,
        header=write_header(
            interface,
            variables,
            steps=len(lowered.steps),
            embedded_bytes=len(weights.data) if embedded else None,
        ),
        kernels=_ALWAYS | kernels | {record.unpack for record in lowered.records.values()},
        body="\n\n".join(functions(frame_of(lowered, interface, arena, weights, variables))),
        weights=weights,
        embedded=embedded,
        plan=arena,
    )


def model_source(units: Sequence[Unit], header: str = '#include "model.h"') -> str:
    """The text of model.c; several programs may share one, and its kernels."""
    kernels = frozenset[str]().union(*(unit.kernels for unit in units))
    parts = [
        "/* Written by tenth; see model.h. First the kernels, then the steps of the program. */",
        header,
        _INCLUDES,
        sources.source(kernels).strip(),
        *(unit.body for unit in units),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def weights_source(unit: Unit) -> str:
    """The text of weights.c: the bytes of weights.bin as an array."""
    data, name = unit.weights.data, unit.interface.name
    rows = [
        ",".join(map(str, data[i : i + _BYTES_A_LINE])) for i in range(0, len(data), _BYTES_A_LINE)
    ]
    body = ",\n    ".join(rows)
    return (
        "/* Written by tenth: the bytes of weights.bin. */\n"
        '#include "model.h"\n\n'
        f"const unsigned char {name}_file[{name.upper()}_FILE_BYTES] = {{\n    {body}}};\n"
    )
