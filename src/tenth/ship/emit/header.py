"""Writing model.h: the documented interface of a program in C."""

from collections.abc import Mapping

from tenth.ship.emit.text import wrap
from tenth.ship.interface import C_TYPES, INTERFACE_VERSION, STATUS, Interface, Port

_MEANING = {
    "OK": "the outputs are written",
    "BAD_SIZE": "a size is below 1, does not fit the program, or does not fit in memory",
    "BAD_ARENA": "the arena is too small, or does not start at a multiple of 64 bytes",
    "BAD_POINTER": "an input, an output, the weights or the arena is NULL",
    "BAD_ID": "an id is negative, or as large as its table or larger",
    "BAD_WEIGHTS": "the weights are damaged, of another program, or not loaded",
    "BAD_POOL": "the threads are too many, or the pool is not open",
}


def write_header(
    interface: Interface, variables: Mapping[str, str], *, steps: int, embedded_bytes: int | None
) -> str:
    """The text of model.h; `variables` are the C names of sizes, inputs and outputs.

    `embedded_bytes` is the length of the weights that are built in, or None.
    """
    name, upper = interface.name, interface.name.upper()
    guard = f"{upper}_MODEL_H"
    parts = [
        _about(interface),
        f"#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n#include <stdint.h>",
        f"#define {upper}_VERSION {INTERFACE_VERSION} /* of this interface */",
        _numbers(interface),
        _statuses(upper),
        _VISIBLE,
        '#ifdef __cplusplus\nextern "C" {\n#endif',
        _functions(interface, variables),
        *([] if embedded_bytes is None else [_EMBEDDED.replace("$", str(embedded_bytes))]),
        _PROFILE.replace("$", str(steps)),
        "#ifdef __cplusplus\n}\n#endif",
        "#endif",
    ]
    return "\n\n".join(parts).replace("@@", upper).replace("@", name) + "\n"


def _about(interface: Interface) -> str:
    ports = [f"   input {i}, {port.name}: {port}" for i, port in enumerate(interface.inputs)]
    ports += [f"   output {i}, {port.name}: {port}" for i, port in enumerate(interface.outputs)]
    free = (
        f"   Free sizes, known when it runs: {', '.join(interface.sizes)}."
        if interface.sizes
        else "   All sizes are fixed."
    )
    return "\n".join(
        [
            "/* @: a neural network in plain C11, written by tenth.",
            "",
            *ports,
            free,
            "",
            "   Arrays are contiguous, the last axis first. Inputs and outputs must not overlap.",
            "   Nothing is allocated, and nothing that a run computes is global: all memory is the",
            "   caller's and starts at multiples of 64 bytes. Calls may run at the same time: the",
            "   weights are shared, an arena and a pool serve one call at a time. Built with",
            "   -DTENTH_SINGLE_THREAD there is one thread only, and no header of threads is",
            "   needed. */",
        ]
    )


def _numbers(interface: Interface) -> str:
    upper = interface.name.upper()
    lines = [f"#define {upper}_INPUTS {len(interface.inputs)}"]
    lines += _ranks(f"{upper}_INPUT", interface.inputs)
    lines += [f"#define {upper}_OUTPUTS {len(interface.outputs)}"]
    lines += _ranks(f"{upper}_OUTPUT", interface.outputs)
    return "\n".join(lines)


def _ranks(prefix: str, ports: tuple[Port, ...]) -> list[str]:
    return [f"#define {prefix}_{i}_RANK {len(port.shape)}" for i, port in enumerate(ports)]


def _statuses(upper: str) -> str:
    lines = [
        f"    {upper}_{status} = {i}, /* {_MEANING[status]} */" for i, status in enumerate(STATUS)
    ]
    return "\n".join(
        ["/* What a call returns. */", f"enum {upper.lower()}_status {{", *lines, "};"]
    )


def size_parameters(interface: Interface, variables: Mapping[str, str]) -> list[str]:
    """The free sizes as parameters of a C function."""
    return [f"int64_t {variables[size]}" for size in interface.sizes]


def port_parameters(interface: Interface, variables: Mapping[str, str]) -> list[str]:
    """The inputs and outputs as parameters of a C function."""
    inputs = [f"const {C_TYPES[p.dtype]} *{variables[p.name]}" for p in interface.inputs]
    return [*inputs, *(f"{C_TYPES[p.dtype]} *{variables[p.name]}" for p in interface.outputs)]


def prototypes(interface: Interface, variables: Mapping[str, str]) -> dict[str, str]:
    """The C functions of a program by what they do."""
    name, sizes = interface.name, size_parameters(interface, variables)
    ports = port_parameters(interface, variables)
    shape = ", ".join(["int which", *sizes, "int64_t *shape"])
    load = "const void *file, size_t file_bytes, void *weights, size_t weights_bytes"
    arena = ", ".join([*sizes, "int threads"])
    given = ["const void *weights", *ports, *sizes, "void *arena", "size_t arena_bytes"]
    run = ", ".join([*given, "void *pool"])
    return {
        "signature": f"const char *{name}_signature(void)",
        "input_shape": f"int {name}_input_shape({shape})",
        "output_shape": f"int {name}_output_shape({shape})",
        "weights_bytes": f"size_t {name}_weights_bytes(void)",
        "load": f"int {name}_load({load})",
        "pool_bytes": f"size_t {name}_pool_bytes(int threads)",
        "pool_open": f"int {name}_pool_open(void *pool, size_t pool_bytes, int threads)",
        "pool_close": f"void {name}_pool_close(void *pool)",
        "arena_bytes": f"size_t {name}_arena_bytes({arena})",
        "run": f"int {name}_run({run})",
    }


_COMMENTS = {
    "signature": "The types and shapes of the inputs and outputs in one line.",
    "input_shape": "Writes the shape of an input, counted from 0. Returns a status.",
    "output_shape": "Writes the shape of an output, counted from 0. Returns a status.",
    "weights_bytes": "The bytes of the loaded weights.",
    "load": "Checks the bytes of weights.bin, whole, and unpacks them into memory for weights.\n"
    "   The file is not needed afterwards. Returns a status.",
    "pool_bytes": "The bytes of a pool of threads; 0 if there cannot be so many.",
    "pool_open": "Starts threads - 1 threads, which sleep when they have nothing to do. Returns a\n"
    "   status.",
    "pool_close": "Ends the threads of a pool.",
    "arena_bytes": "The bytes that a run on so many threads needs; 0 if the sizes are bad.",
    "run": "Runs the network with loaded weights, on the threads of a pool, or on this one alone\n"
    "   if it is NULL: the outputs are the same to the bit. What the arena holds before and\n"
    "   after means nothing. Returns a status.",
}


_VISIBLE = """\
#if defined(TENTH_VARIANT) /* one build of several in a library, which dispatch.c alone calls */
#define @@_API __attribute__((visibility("hidden")))
#elif defined(__GNUC__)
#define @@_API __attribute__((visibility("default")))
#else
#define @@_API
#endif"""

_EMBEDDED = """\
/* The bytes of weights.bin, built in with weights.c. */
#define @@_FILE_BYTES $
extern @@_API const unsigned char @_file[@@_FILE_BYTES];"""

_PROFILE = """\
/* Built with -DTENTH_PROFILE, every run adds the nanoseconds of each step; one run at a time. */
#ifdef TENTH_PROFILE
#define @@_STEPS $
extern @@_API double @_profile[@@_STEPS];
extern @@_API const char *const @_profile_steps[@@_STEPS + 1]; /* the last is NULL */
#endif"""


def _functions(interface: Interface, variables: Mapping[str, str]) -> str:
    upper = interface.name.upper()
    return "\n\n".join(
        f"/* {_COMMENTS[key]} */\n" + wrap(f"{upper}_API {prototype};")
        for key, prototype in prototypes(interface, variables).items()
    )
