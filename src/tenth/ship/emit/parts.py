"""Writing the functions of a program about a batch that runs in parts.

Each part runs on one thread, as many at once as there are threads, and nobody waits for anybody in
between. The parts that would leave some threads idle run on all of them, one after another.
"""

from collections.abc import Sequence

from tenth.ship.emit.batch import independent_batch
from tenth.ship.emit.forms import count
from tenth.ship.emit.frame import Frame, function

_PART_BYTES = 2**23  # of the values of a part of a batch: a share of the last cache


def part(frame: Frame) -> str:
    """The function that says how much of a batch runs at once."""
    prefix, batch = frame.lowered.prefix, frame.batch
    rest = [size for size in frame.sizes if size != batch]
    return function(
        f"static int64_t {prefix}_part({', '.join(frame.size_parameters)})",
        [
            f"int64_t at[{len(frame.plan.slots) or 1}];",
            f"const int64_t whole = {batch};",
            *(f"(void){name};" for name in rest),
            f"while ({batch} > 1 && {frame.own('layout', '1', 'at')} > {_PART_BYTES})",
            f"    {batch} = ({batch} + 1) / 2;",
            f"const int64_t parts = (whole + {batch} - 1) / {batch};",
            "return (whole + parts - 1) / parts;",
        ],
        "How many members of the batch run at once, so that their values stay in a cache.",
    )


def memory_lines(frame: Frame, workers: str) -> list[str]:
    """Statements that say how many bytes of arena are `needed`, and how a batch is cut.

    So many parts as run `together` have memory of their own, `each`.
    """
    batch = frame.batch
    if batch is None:
        return [f"const int64_t needed = {frame.own('layout', workers, 'at')};"]
    return [
        f"const int64_t part = {frame.own('part')}, parts = ({batch} + part - 1) / part;",
        f"const int64_t together = parts < {workers} ? 1 : {workers};",
        f"const int64_t each = {frame.in_parts('layout', f'together > 1 ? 1 : {workers}', 'at')};",
        "const int64_t needed = together * each;",
    ]


def members(frame: Frame) -> str:
    """What the threads share, and the function with which each runs some parts of the batch."""
    prefix, batch = frame.lowered.prefix, frame.batch
    names = ["weights", *frame.pointers, *frame.sizes]
    fields = ["const void *weights", *frame.ports, *frame.size_parameters]
    shared = "\n".join(
        [
            "/* A batch that runs in parts, each in memory of its own. */",
            f"struct {prefix}_batch {{",
            *(f"    {field};" for field in [*fields, "char *arena", "int64_t part, each"]),
            "    int *status;",
            "};",
        ]
    )
    taken = [f"{field} = batch->{name};" for field, name in zip(fields, names, strict=True)]
    run = _steps(frame, "batch->arena + worker * batch->each", "NULL", "1")
    loop = [
        "for (int64_t unit = first; unit < last; unit++) {",
        f"    const int64_t done = unit * batch->part, rest = {batch} - done;",
        "    const int64_t now = rest < batch->part ? rest : batch->part;",
        f"    const int status = {run};",
        f"    if (status != {prefix.upper()}_OK)",
        "        __atomic_store_n(batch->status, status, __ATOMIC_RELAXED);",
        "}",
    ]
    parameters = "const void *given, int64_t first, int64_t last, int worker"
    body = function(
        f"static void {prefix}_parts({parameters})",
        [f"const struct {prefix}_batch *const batch = given;", *taken, *loop],
        "Some parts of a batch, on one thread.",
    )
    return f"{shared}\n\n{body}"


def run_parts(frame: Frame) -> list[str]:
    """Statements that run the batch part by part."""
    prefix, batch = frame.lowered.prefix, frame.batch
    ok = f"{prefix.upper()}_OK"
    given = ["weights", *frame.pointers, *frame.sizes, "arena", "part", "each", "&status"]
    return [
        f"int status = {ok};",
        f"const struct {prefix}_batch shared = {{{', '.join(given)}}};",
        "const int64_t full = together > 1 ? parts / workers * workers : 0;",
        f"parallel(pool, {prefix}_parts, &shared, full);",
        f"for (int64_t done = full * part; done < {batch} && status == {ok}; done += part) {{",
        f"    const int64_t now = {batch} - done < part ? {batch} - done : part;",
        f"    status = {_steps(frame, 'arena', 'pool', 'workers')};",
        "}",
        "return status;",
    ]


def _steps(frame: Frame, arena: str, pool: str, workers: str) -> str:
    """A call that runs all steps on `now` members of the batch, after those that are done."""
    sizes = ["now" if size == frame.batch else size for size in frame.sizes]
    passed = ["weights", *_from_here(frame), *sizes, arena, pool, workers]
    return f"{frame.lowered.prefix}_steps({', '.join(passed)})"


def _from_here(frame: Frame) -> Sequence[str]:
    """Inputs and outputs from the first member on that is not done."""
    graph, shapes = frame.lowered.graph, frame.lowered.shapes
    ports = [*(value.shape for value in graph.inputs), *(shapes[n] for n in graph.outputs)]
    batch = independent_batch(graph, shapes)
    return [
        f"{name} + done * ({frame.text(count(shape[1:]))})"
        if shape and str(shape[0]) == batch
        else name
        for name, shape in zip(frame.pointers, ports, strict=True)
    ]
