"""Writing main.c: a program of a few lines that runs a network once, to start from."""

from collections.abc import Mapping

from tenth.graph.program import Graph
from tenth.ship.emit.text import wrap
from tenth.ship.interface import C_TYPES, Interface

_TOP = """\
/* Runs the network of model.c once on a fixed pattern.

   Build: cc -O2 -std=c11 *.c -lm       (faster: -O3 -march=native -ffp-contract=fast)
   Run:   ./a.out@USAGE@ */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
@FILLS@
static int64_t elements(const int64_t *shape, int rank)
{
    int64_t count = 1;
    for (int axis = 0; axis < rank; axis++)
        count *= shape[axis];
    return count;
}

static void *reserve(int64_t count, size_t size)
{
    void *memory = malloc((size_t)count * size);
    if (!memory) {
        fprintf(stderr, "out of memory\\n");
        exit(1);
    }
    return memory;
}

static void show(const char *name, const float *y, int64_t count)
{
    double sum = 0;
    printf("%s:", name);
    for (int64_t i = 0; i < count; i++) {
        if (i < 8)
            printf(" %.6g", (double)y[i]);
        sum += (double)y[i];
    }
    printf("%s\\n%s sum: %.6g\\n", count > 8 ? " ..." : "", name, sum);
}
"""

_FILL_FLOATS = """
/* Numbers in [-1, 1), the same on every machine. */
static void fill_floats(float *x, int64_t count)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
}
"""

_FILL_IDS = """
/* 0, 1, 2, ... and round again. */
static void fill_ids(int64_t *x, int64_t count, int64_t entries)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = i % entries;
}
"""


def write_example(
    graph: Graph, interface: Interface, variables: Mapping[str, str], sizes: Mapping[str, int]
) -> str:
    """The text of main.c; `sizes` are the free sizes it takes when none are given."""
    usage = "".join(f" [{size}]" for size in interface.sizes)
    lines = [
        *([] if interface.sizes else ["(void)argc;", "(void)argv;"]),
        *_sizes(interface, variables, sizes),
        *_reserved(interface, variables, "input"),
        *_reserved(interface, variables, "output"),
        *_filled(graph, interface, variables),
        *_call(interface, variables),
        *(
            f'show("{port.name}", {variables[port.name]}, output_counts[{i}]);'
            for i, port in enumerate(interface.outputs)
        ),
        *(f"free({variables[port.name]});" for port in (*interface.inputs, *interface.outputs)),
        "free(arena);",
        "return 0;",
    ]
    body = "\n".join(wrap(line, 4) if line else "" for line in lines)
    return f"{_top(interface, usage)}\nint main(int argc, char **argv)\n{{\n{body}\n}}\n"


def id_bounds(graph: Graph) -> dict[str, int]:
    """For each input of ids, how many entries the smallest table has that it looks into."""
    bounds: dict[str, int] = {}
    for node in graph.nodes:
        if node.op == "embedding":
            ids, table = node.inputs
            entries = len(graph.constants[table])
            bounds[ids] = min(entries, bounds.get(ids, entries))
    return bounds


def _top(interface: Interface, usage: str) -> str:
    types = {port.dtype for port in interface.inputs}
    fills = (_FILL_FLOATS if "float32" in types else "") + (_FILL_IDS if "int64" in types else "")
    return _TOP.replace("@USAGE@", usage).replace("@FILLS@", fills)


def _sizes(
    interface: Interface, variables: Mapping[str, str], sizes: Mapping[str, int]
) -> list[str]:
    lines = [
        f"const int64_t {variables[size]} = argc > {i} ? strtoll(argv[{i}], NULL, 10) : "
        f"{sizes[size]};"
        for i, size in enumerate(interface.sizes, start=1)
    ]
    passed = ", ".join(variables[size] for size in interface.sizes)
    return [
        *lines,
        f"const size_t arena_bytes = {interface.name}_arena_bytes({passed});",
        "if (arena_bytes == 0) {",
        '    fprintf(stderr, "these sizes do not fit the network\\n");',
        "    return 1;",
        "}",
        "void *arena = aligned_alloc(64, arena_bytes);",
    ]


def _reserved(interface: Interface, variables: Mapping[str, str], side: str) -> list[str]:
    """Statements that reserve the memory of the inputs or outputs."""
    ports = interface.inputs if side == "input" else interface.outputs
    rank = max(1, *(len(port.shape) for port in ports), 1)
    lines = ["", f"int64_t {side}_shape[{rank}], {side}_counts[{len(ports)}];"]
    for i, port in enumerate(ports):
        variable = variables[port.name]
        sizes = (variables[size] for size in interface.sizes)
        passed = ", ".join([str(i), *sizes, f"{side}_shape"])
        lines += [
            f"{interface.name}_{side}_shape({passed});",
            f"{side}_counts[{i}] = elements({side}_shape, {len(port.shape)});",
            f"{C_TYPES[port.dtype]} *{variable} = "
            f"reserve({side}_counts[{i}], sizeof(*{variable}));",
        ]
    return lines


def _filled(graph: Graph, interface: Interface, variables: Mapping[str, str]) -> list[str]:
    entries = id_bounds(graph)
    lines = [""]
    for i, port in enumerate(interface.inputs):
        to = f"{variables[port.name]}, input_counts[{i}]"
        if port.dtype == "int64":
            lines.append(f"fill_ids({to}, {entries.get(port.name, 1)});")
        else:
            lines.append(f"fill_floats({to});")
    return lines


def _call(interface: Interface, variables: Mapping[str, str]) -> list[str]:
    ports = (*interface.inputs, *interface.outputs)
    passed = [variables[port.name] for port in ports]
    passed += [*(variables[size] for size in interface.sizes), "arena", "arena_bytes"]
    return [
        f"const int status = {interface.name}_run({', '.join(passed)});",
        f"if (status != {interface.name.upper()}_OK) {{",
        '    fprintf(stderr, "the network failed with status %d\\n", status);',
        "    return 1;",
        "}",
    ]
