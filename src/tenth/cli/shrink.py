"""`tenth shrink`: a trained model at a tenth of its weights."""

import gc
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json, Out, Place, Seed
from tenth.cli.show import print_result, progress
from tenth.errors import InputError, must


class Form(StrEnum):
    """How the weights are written."""

    small = "small"
    small_float16 = "small-float16"
    dense = "dense"


def shrink(
    task: Annotated[
        Path | None,
        typer.Argument(metavar="[TASK.py]", help="The task that the model was trained for."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Trained weights: a .safetensors file."),
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="Fraction kept; without it, the smallest that holds.")
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="How much of the score on val may be lost.")
    ] = 0.005,
    steps: Annotated[
        int | None,
        typer.Option(help="Longest fine-tuning, in steps; default: what the task says."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            help="Threads of torch; default: one for each 100 MFLOP of a step, at most one a "
            "processor."
        ),
    ] = None,
    place: Place = None,
    seed: Seed = 0,
    out: Out = Path("shrunk"),
    export: Annotated[
        Form, typer.Option(help="small: kept values and a mask. dense: an ordinary state dict.")
    ] = Form.small,
    as_json: Json = False,
) -> None:
    """Take a trained model to a tenth, or say it cannot be.

        tenth shrink examples/digits.py --model digits/model.safetensors --density 0.1

        tenth shrink --export dense --model shrunk/model.safetensors --out dense.safetensors

    The second form trains nothing: it rewrites a shrunk file as the ordinary state dict that any
    program loads. Exit code 1: the density was not reached within the drop; it says what was.
    """
    if model is None:
        raise InputError(must("--model", "a file of trained weights", "none"))
    if task is None:
        _rewrite(model, export, out, as_json)
        return
    from tenth.fit import Settings
    from tenth.fit.seeds import checked
    from tenth.fit.threads import threads_for, threads_of_torch
    from tenth.shrink import to
    from tenth.sparsity import load_into
    from tenth.task import load

    checked(seed)
    settings = Settings(steps=steps, place=place, threads="auto" if threads is None else threads)
    loaded = load(task)
    network = loaded.model()
    load_into(network, model)
    busy = threads_of_torch(threads_for(settings.threads, loaded, network))
    with busy, progress(f"shrink {loaded.name}") as on_step:
        result = to(
            network,
            loaded,
            density,
            max_drop,
            seed=seed,
            out=out,
            settings=settings,
            on_step=on_step,
        )
    if export is not Form.small:
        _write(out / "model.safetensors", out / f"model-{export}.safetensors", export)
    print_result(result.receipt, result.receipt.to_json, as_json)
    gc.freeze()  # as in `tenth train`


def _rewrite(model: Path, export: Form, out: Path, as_json: bool) -> None:
    size_bytes = _write(model, out, export)
    message = {"path": str(out), "form": str(export), "size_bytes": size_bytes}
    print_result(f"{out}: {size_bytes:,} bytes, {export}", lambda: message, as_json)


def _write(source: Path, target: Path, form: Form) -> int:
    """Rewrite a file of weights in another form; its bytes."""
    from tenth.sparsity import checkpoint

    arrays = checkpoint.load_stored(source)
    if form is Form.dense:
        return checkpoint.write_safetensors(target, arrays, {"format": "pt"})
    values = "float16" if form is Form.small_float16 else "float32"
    return checkpoint.save_stored(target, arrays, values=values)
