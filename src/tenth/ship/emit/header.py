"""Writing model.h: the documented interface of a program in C."""

from tenth.ship.emit.text import wrap
from tenth.ship.interface import C_TYPES, INTERFACE_VERSION, STATUS, Interface, Port

_MEANING = {
    "OK": "the outputs are written",
    "BAD_SIZE": "a size is below 1, does not fit the program, or does not fit in memory",
    "BAD_ARENA": "the arena is too small, or does not start at a multiple of 64 bytes",
    "BAD_POINTER": "an input, an output or the arena is NULL",
    "BAD_ID": "an id is negative, or as large as its table or larger",
}


def write_header(interface: Interface, variables: dict[str, str]) -> str:
    """The text of model.h; `variables` are the C names of sizes, inputs and outputs."""
    name, upper = interface.name, interface.name.upper()
    guard = f"{upper}_MODEL_H"
    parts = [
        _about(interface),
        f"#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n#include <stdint.h>",
        f"#define {upper}_VERSION {INTERFACE_VERSION} /* of this interface */",
        _numbers(interface),
        _statuses(upper),
        f'#if defined(__GNUC__)\n#define {upper}_API __attribute__((visibility("default")))\n'
        f"#else\n#define {upper}_API\n#endif",
        '#ifdef __cplusplus\nextern "C" {\n#endif',
        _functions(interface, variables),
        "#ifdef __cplusplus\n}\n#endif",
        "#endif",
    ]
    return "\n\n".join(parts).replace("@", name) + "\n"


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
            "   Nothing is allocated and nothing is global: calls with an arena each may run at",
            "   the same time. */",
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


def size_parameters(interface: Interface, variables: dict[str, str]) -> list[str]:
    """The free sizes as parameters of a C function."""
    return [f"int64_t {variables[size]}" for size in interface.sizes]


def port_parameters(interface: Interface, variables: dict[str, str]) -> list[str]:
    """The inputs and outputs as parameters of a C function."""
    inputs = [f"const {C_TYPES[p.dtype]} *{variables[p.name]}" for p in interface.inputs]
    return [*inputs, *(f"{C_TYPES[p.dtype]} *{variables[p.name]}" for p in interface.outputs)]


def prototypes(interface: Interface, variables: dict[str, str]) -> dict[str, str]:
    """The C functions of a program by what they do."""
    name, sizes = interface.name, size_parameters(interface, variables)
    ports = port_parameters(interface, variables)
    listed = ", ".join(sizes) or "void"
    shape = ", ".join(["int which", *sizes, "int64_t *shape"])
    run = ", ".join([*ports, *sizes, "void *arena", "size_t arena_bytes"])
    return {
        "signature": f"const char *{name}_signature(void)",
        "input_shape": f"int {name}_input_shape({shape})",
        "output_shape": f"int {name}_output_shape({shape})",
        "arena_bytes": f"size_t {name}_arena_bytes({listed})",
        "run": f"int {name}_run({run})",
    }


_COMMENTS = {
    "signature": "The types and shapes of the inputs and outputs in one line.",
    "input_shape": "Writes the shape of an input, counted from 0. Returns a status.",
    "output_shape": "Writes the shape of an output, counted from 0. Returns a status.",
    "arena_bytes": "The bytes that a run needs; 0 if the sizes are bad.",
    "run": "Runs the network. The arena is any memory that starts at a multiple of 64 bytes;\n"
    "   what it holds before and after means nothing. Returns a status.",
}


def _functions(interface: Interface, variables: dict[str, str]) -> str:
    upper = interface.name.upper()
    return "\n\n".join(
        f"/* {_COMMENTS[key]} */\n" + wrap(f"{upper}_API {prototype};")
        for key, prototype in prototypes(interface, variables).items()
    )
