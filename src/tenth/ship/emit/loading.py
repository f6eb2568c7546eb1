"""Writing what one program knows of its weights: the parts of weights.bin, and how it is loaded."""

from tenth.kernels.records import VALUES
from tenth.ship.emit.frame import Frame, function
from tenth.ship.emit.memory import ALIGNMENT


def sections(frame: Frame) -> str:
    """The table of the parts of weights.bin."""
    rows = [
        f"    {{{s.start}, {s.size_bytes}, {s.loaded_start}, {s.loaded_bytes}, "
        f"{record.unpack}, {', '.join(map(str, record.numbers))}}}, /* {name} */"
        for (name, s), record in zip(
            frame.file.sections.items(), frame.lowered.records.values(), strict=True
        )
    ]
    head = f"static const struct section {frame.lowered.prefix}_sections[] = {{"
    return "\n".join(["/* The parts of weights.bin. */", head, *rows, "};"])


def weights_file(frame: Frame) -> str:
    """What weights.bin must be."""
    prefix, file = frame.lowered.prefix, frame.file
    values = VALUES.index(frame.lowered.values)
    fields = [
        f".bytes = {len(file.data)}",
        f".fingerprint = {file.fingerprint:#x}u",
        f".values = {values}",
        f".count = {len(file.sections)}",
        f".sections = {f'{prefix}_sections' if file.sections else 'NULL'}",
    ]
    return "\n".join(
        [
            "/* What weights.bin must be. */",
            f"static const struct weights_file {prefix}_weights_file = {{",
            *(f"    {field}," for field in fields),
            "};",
        ]
    )


def load(frame: Frame) -> str:
    """The function that checks and unpacks weights.bin."""
    prefix = frame.lowered.prefix
    return function(
        frame.heads["load"],
        [
            "if (!file || !weights)",
            frame.status("BAD_POINTER"),
            f"if ((uintptr_t)weights % {ALIGNMENT} || weights_bytes < {frame.file.loaded_bytes} ||",
            f"    !load_weights(&{prefix}_weights_file, file, file_bytes, weights))",
            frame.status("BAD_WEIGHTS"),
            frame.status("OK").strip(),
        ],
    )
