"""`tenth ship`: a model as plain C."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenth.cli.options import Json, TaskFile
from tenth.cli.shipping import progress
from tenth.cli.show import print_result
from tenth.errors import InputError, must
from tenth.figures import human

if TYPE_CHECKING:
    from tenth.figures import Figure
    from tenth.ship import Program


class Values(StrEnum):
    """The forms in which weights are written."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


def ship(
    task: TaskFile,
    model: Annotated[
        Path, typer.Option("--model", "-m", help="Weights: a .safetensors file, small or ordinary.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Default: the folder program, or the file model.onnx."),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            help="Where it will run: host (this machine), x86_64-linux, aarch64-linux, "
            "aarch64-macos, x86_64-windows or wasm (with a page for the browser)."
        ),
    ] = "host",
    values: Annotated[
        Values, typer.Option(help="How the weights of layers are written; all runs in float32.")
    ] = Values.float32,
    threads: Annotated[
        int, typer.Option(help="How many threads it is checked on; each run says its own.")
    ] = 1,
    name: Annotated[
        str, typer.Option(help="What every name of the C interface starts with.")
    ] = "model",
    to: Annotated[
        str, typer.Option(help="c, or onnx: a file for other runtimes, which skip no zeros.")
    ] = "c",
    as_json: Json = False,
) -> None:
    """Compile a model to C11 without dependencies.

    The result is checked against the original before it is called done.

        tenth ship examples/digits.py --model digits/model.safetensors --out program

    The folder holds model.c, model.h, the weights (weights.bin, or weights.c if they are small),
    an example main.c, a compiled library, a receipt, and a README.md that says how to call it:

        cd program && cc -O3 -march=native -ffp-contract=fast -std=c11 -pthread *.c -lm && ./a.out

        python -c "import tenth; print(tenth.ship.load('program'))"

    With --to onnx it is a file instead, model.onnx, for a runtime of another project.
    """
    from tenth import ship as room
    from tenth.files import output_file
    from tenth.ship.onnx import NOTE
    from tenth.ship.program import check_place

    if to not in ("c", "onnx"):
        raise InputError(must("--to", "c or onnx", to))
    if to == "onnx":
        _only_for_c(target=target, values=values.value, threads=threads, name=name)
        file = output_file(out or Path("model.onnx"))
        with progress("read the task"):
            network, example = _trained(task, model)
            room.to_onnx(network, example, file)
        note = {"file": str(file), "note": NOTE}
        print_result(f"{file}\n{NOTE}", lambda: note, as_json)
        return
    out = out or Path("program")
    check_place(out)
    with progress("read the task") as on_step:
        network, example = _trained(task, model)
        program = room.compile(
            network,
            example,
            target=target,
            name=name,
            values=values.value,
            threads=threads,
            on_step=on_step,
        )
    program.save(out)
    print_result(_table(program, out), lambda: _form(program, out), as_json)


def _trained(task: Path, weights: Path) -> tuple[Any, Any]:
    """The model of a task with its weights, and its example."""
    from tenth.sparsity import load_into
    from tenth.task import load

    loaded = load(task)
    network = loaded.model()
    load_into(network, weights)
    return network, loaded.example


def _only_for_c(**given: str | int) -> None:
    """Refuse options that an ONNX file would not heed.

    Raises:
        InputError: one differs from its default.
    """
    plain = {"target": "host", "values": "float32", "threads": 1, "name": "model"}
    for option, value in given.items():
        if value != plain[option]:
            raise InputError(
                must(f"--{option}", "left out with --to onnx", value, "It is for C alone.")
            )


def _table(program: Program, out: Path) -> str:
    from tenth.ship.interface import labels

    rows: list[tuple[str, ...]] = [("layer", "shape", "density", "kernel", "dense", "sparse")]
    for label, layer in zip(labels(program.layers), program.layers, strict=True):
        times = (layer.dense_seconds, layer.sparse_seconds)
        told = ["" if seconds is None else human(seconds, "s") for seconds in times]
        shape = "×".join(map(str, layer.shape))
        rows.append((label, shape, f"{layer.density:.3f}", layer.kernel, *told))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)) for row in rows]
    sizes = [
        f"{size.name}: {_told(size.before)} dense, {_told(size.after)} now"
        f" ({(size.after.value or 0) / (size.before.value or 1):.1%})"
        for size in program.receipt.sizes
    ]
    manifest = program.manifest
    error = (
        f"{manifest.checked_on} was compared with the original: "
        f"relative error {manifest.relative_error:.1e}"
    )
    if manifest.target != "host":
        error += "; kernels were chosen by density, not by time"
    page = [f"open {out / 'index.html'} in a browser"] if "index.html" in program.files else []
    return "\n".join([*map(str.rstrip, lines), "", *sizes, "", f"{out}: {error}", *page])


def _told(figure: Figure) -> str:
    return "unknown" if figure.value is None else human(figure.value, figure.unit)


def _form(program: Program, out: Path) -> dict[str, Any]:
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    sizes = [size.to_json() for size in program.receipt.sizes]
    return {**manifest, "folder": str(out), "sizes": sizes}
