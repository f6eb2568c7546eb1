"""Writing main.c: a program of a few lines that runs a network once, to start from."""

from collections.abc import Mapping

from tenth.graph.program import Graph
from tenth.ship.emit.text import wrap
from tenth.ship.interface import C_TYPES, Interface

_TOP = """\
/* Runs the network of model.c once on a fixed pattern.

   Build: cc -O2 -std=c11 -pthread *.c -lm       (faster: -O3 -march=native -ffp-contract=fast)
   Run:   ./a.out@USAGE@ */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
@READ@@FILLS@
static int64_t elements(const int64_t *shape, int rank)
{
    int64_t count = 1;
    for (int axis = 0; axis < rank; axis++)
        count *= shape[axis];
    return count;
}

/* Memory that starts at a multiple of 64; what malloc gave stands before it. */
static void *reserve(size_t size)
{
    char *memory = size > SIZE_MAX - 128 ? NULL : (char *)malloc(size + 128);
    if (!memory) {
        fprintf(stderr, "out of memory\\n");
        exit(1);
    }
    char *start = memory + 128 - (uintptr_t)memory % 64;
    ((void **)(void *)start)[-1] = memory;
    return start;
}

static void release(void *start)
{
    free(((void **)start)[-1]);
}

static void check(const char *what, int status)
{
    if (status != 0) {
        fprintf(stderr, "%s failed with status %d\\n", what, status);
        exit(1);
    }
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

_READ = """
/* All bytes of a file; they are the caller's to free. */
static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long end = -1;
    if (file && fseek(file, 0, SEEK_END) == 0)
        end = ftell(file);
    unsigned char *data = end < 0 ? NULL : (unsigned char *)malloc((size_t)end + 1);
    if (!data || fseek(file, 0, SEEK_SET) || fread(data, 1, (size_t)end, file) != (size_t)end) {
        fprintf(stderr, "%s cannot be read\\n", path);
        exit(1);
    }
    fclose(file);
    *size = (size_t)end;
    return data;
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
    graph: Graph,
    interface: Interface,
    variables: Mapping[str, str],
    sizes: Mapping[str, int],
    *,
    embedded: bool,
) -> str:
    """The text of main.c; `sizes` are the free sizes it takes when none are given."""
    ports = [variables[port.name] for port in (*interface.inputs, *interface.outputs)]
    lines = [
        *_sizes(interface, variables, sizes),
        *_loaded(interface.name, embedded),
        *_reserved(interface, variables, "input"),
        *_reserved(interface, variables, "output"),
        *_filled(graph, interface, variables),
        *_call(interface, variables),
        *(
            f'show("{port.name}", {variables[port.name]}, output_counts[{i}]);'
            for i, port in enumerate(interface.outputs)
        ),
        f"{interface.name}_pool_close(pool);",
        *(f"release({memory});" for memory in (*ports, "arena", "pool", "weights")),
        "return 0;",
    ]
    body = "\n".join(wrap(line, 4) if line else "" for line in lines)
    top = _top(interface, embedded)
    return f"{top}\nint main(int argc, char **argv)\n{{\n{body}\n}}\n"


def id_bounds(graph: Graph) -> dict[str, int]:
    """For each input of ids, how many entries the smallest table has that it looks into."""
    bounds: dict[str, int] = {}
    for node in graph.nodes:
        if node.op == "embedding":
            ids, table = node.inputs
            entries = len(graph.constants[table])
            bounds[ids] = min(entries, bounds.get(ids, entries))
    # what is not looked up is most often a mask, of zeros and ones
    masks = {node.inputs[0]: 2 for node in graph.nodes if node.op == "cast"}
    return {**masks, **bounds}


def _top(interface: Interface, embedded: bool) -> str:
    types = {port.dtype for port in interface.inputs}
    fills = (_FILL_FLOATS if "float32" in types else "") + (_FILL_IDS if "int64" in types else "")
    usage = "".join(f" [{name}]" for name in (*interface.sizes, "threads"))
    top = _TOP.replace("@USAGE@", usage).replace("@READ@", "" if embedded else _READ)
    return top.replace("@FILLS@", fills)


def _sizes(
    interface: Interface, variables: Mapping[str, str], sizes: Mapping[str, int]
) -> list[str]:
    count = len(interface.sizes)
    lines = [
        f"const int64_t {variables[size]} = argc > {i} ? strtoll(argv[{i}], NULL, 10) : "
        f"{sizes[size]};"
        for i, size in enumerate(interface.sizes, start=1)
    ]
    passed = ", ".join([*(variables[size] for size in interface.sizes), "threads"])
    return [
        *lines,
        f"const int threads = argc > {count + 1} ? atoi(argv[{count + 1}]) : 1;",
        f"const size_t arena_bytes = {interface.name}_arena_bytes({passed});",
        "if (arena_bytes == 0) {",
        f'    fprintf(stderr, "%s cannot run at these sizes, or on so many threads\\n", '
        f"{interface.name}_signature());",
        "    return 1;",
        "}",
        "void *arena = reserve(arena_bytes);",
    ]


def _loaded(name: str, embedded: bool) -> list[str]:
    """Statements that load the weights and open a pool."""
    reserved = ["", f"void *weights = reserve({name}_weights_bytes());"]
    if embedded:
        file = f"{name}_file, {name.upper()}_FILE_BYTES"
        before, after = [], []
    else:
        file = "file, file_bytes"
        before = [
            "size_t file_bytes;",
            'unsigned char *file = read_file("weights.bin", &file_bytes);',
        ]
        after = ["free(file);"]
    return [
        *reserved,
        *before,
        f'check("loading", {name}_load({file}, weights, {name}_weights_bytes()));',
        *after,
        f"void *pool = reserve({name}_pool_bytes(threads));",
        f'check("opening the pool", {name}_pool_open(pool, {name}_pool_bytes(threads), threads));',
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
            f"({C_TYPES[port.dtype]} *)reserve((size_t){side}_counts[{i}] * sizeof(*{variable}));",
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
    passed = ["weights", *(variables[port.name] for port in ports)]
    passed += [*(variables[size] for size in interface.sizes), "arena", "arena_bytes", "pool"]
    return [f'check("the network", {interface.name}_run({", ".join(passed)}));']
