"""Writing the functions of one program, the run itself among them."""

from tenth.ship.emit.frame import Frame, function
from tenth.ship.emit.loading import load, sections, weights_file
from tenth.ship.emit.memory import ALIGNMENT
from tenth.ship.emit.parts import members, memory_lines, part, run_parts
from tenth.ship.emit.sizes import (
    arena_bytes,
    largest,
    layout,
    shape,
    sizes_fit,
)


def functions(frame: Frame) -> list[str]:
    """All functions, in the order in which they use each other."""
    shapes, graph = frame.lowered.shapes, frame.lowered.graph
    return [
        *([sections(frame)] if frame.file.sections else []),
        weights_file(frame),
        _profile(frame),
        *([largest(frame)] if frame.sizes else []),
        sizes_fit(frame),
        layout(frame),
        function(frame.heads["signature"], [f'return "{frame.signature}";']),
        shape(frame, "input", [value.shape for value in graph.inputs]),
        shape(frame, "output", [shapes[name] for name in graph.outputs]),
        function(frame.heads["weights_bytes"], [f"return {frame.file.loaded_bytes};"]),
        load(frame),
        function(frame.heads["pool_bytes"], ["return pool_size(threads);"]),
        function(
            frame.heads["pool_open"],
            [
                "if (!open_pool(pool, pool_bytes, threads))",
                frame.status("BAD_POOL"),
                frame.status("OK").strip(),
            ],
        ),
        function(frame.heads["pool_close"], ["if (opened_pool(pool))", "    close_pool(pool);"]),
        *([part(frame)] if frame.batch else []),
        arena_bytes(frame),
        _steps(frame),
        *([members(frame)] if frame.batch else []),
        _run(frame),
    ]


def _profile(frame: Frame) -> str:
    prefix = frame.lowered.prefix
    names = [f'    "{step.node}",' for step in frame.lowered.steps]
    return "\n".join(
        [
            "#ifdef TENTH_PROFILE",
            f"double {prefix}_profile[{prefix.upper()}_STEPS];",
            f"const char *const {prefix}_profile_steps[{prefix.upper()}_STEPS + 1] = {{",
            *names,
            "    NULL};",
            "#endif",
        ]
    )


def _steps(frame: Frame) -> str:
    """The function that does the work, once all it is given has been checked."""
    prefix = frame.lowered.prefix
    parameters = [
        "const void *weights",
        *frame.ports,
        *frame.size_parameters,
        "void *arena",
        "struct pool *pool",
        "int64_t workers",
    ]
    lines = [
        f"int64_t at[{len(frame.plan.slots) or 1}];",
        f"(void){frame.own('layout', 'workers', 'at')};",
        *(f"(void){name};" for name in ("weights", *frame.pointers, "arena", "pool")),
    ]
    for name, section in frame.file.sections.items():
        place = f"(const char *)weights + {section.loaded_start}"
        lines.append(f"const {frame.lowered.types[name]} *const {name} = (const void *)({place});")
    for name, slot in frame.plan.slot_of.items():
        variable = frame.lowered.variables.get(name, name)
        lines.append(f"float *const {variable} = (void *)((char *)arena + at[{slot}]);")
    lines.append("PROFILE_START;")
    for i, step in enumerate(frame.lowered.steps):
        lines += ["", f"/* {step.writes} */", *step.call.lines]
        lines.append(f"PROFILE_STEP({prefix}_profile[{i}]);")
    return function(
        f"static int {prefix}_steps({', '.join(parameters)})",
        [*lines, frame.status("OK").strip()],
        "Runs all steps on memory that is as it must be.",
    )


def _run(frame: Frame) -> str:
    missing = " || ".join(f"!{name}" for name in ["weights", *frame.pointers, "arena"])
    prefix = frame.lowered.prefix
    lines = [
        f"int64_t at[{len(frame.plan.slots) or 1}];",
        f"if (!{frame.own('sizes_fit')})",
        frame.status("BAD_SIZE"),
        f"if ({missing})",
        frame.status("BAD_POINTER"),
        f"if ((uintptr_t)weights % {ALIGNMENT} || "
        f"!are_loaded(weights, {prefix}_weights_file.fingerprint))",
        frame.status("BAD_WEIGHTS"),
        "if (given_pool && !opened_pool(given_pool))",
        frame.status("BAD_POOL"),
        "struct pool *const pool = given_pool;",
        "const int64_t workers = pool ? pool->workers : 1;",
        *memory_lines(frame, "workers"),
        f"if ((uintptr_t)arena % {ALIGNMENT} || (uint64_t)needed > arena_bytes)",
        frame.status("BAD_ARENA"),
        *(run_parts(frame) if frame.batch else [f"return {_all_steps(frame)};"]),
    ]
    head = frame.heads["run"].replace("void *pool)", "void *given_pool)")
    return function(head, lines)


def _all_steps(frame: Frame) -> str:
    passed = ["weights", *frame.pointers, *frame.sizes, "arena", "pool", "workers"]
    return f"{frame.lowered.prefix}_steps({', '.join(passed)})"
