"""`tenth ship bench`: how fast a saved program is, and why."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json
from tenth.cli.shipping import progress
from tenth.cli.show import print_result
from tenth.errors import InputError, must


def bench(
    program: Annotated[
        Path, typer.Argument(metavar="DIR", help="A program that `tenth ship` wrote.")
    ],
    threads: Annotated[
        str, typer.Option(metavar="N,…", help="Numbers of threads to time the whole program on.")
    ] = "1",
    against: Annotated[
        str,
        typer.Option(
            metavar="NAME,…", help="Engines that run the ONNX file: onnxruntime, openvino."
        ),
    ] = "",
    onnx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The same network for them, dense or pruned."),
    ] = None,
    runs: Annotated[int, typer.Option(help="How many runs the medians are of.")] = 15,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the table and the picture.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Time a program layer by layer, and against other engines.

    Each layer says its kernel, its time, and its share of the most that one core computes, which is
    measured in the same run. Others take turns with the program on the same processors.

        tenth ship bench program --out bench

        tenth ship bench program --against onnxruntime --onnx dense.onnx --threads 1,2
    """
    from tenth.ship.bench import measure

    names = [name for name in against.split(",") if name]
    if onnx is not None and not names:
        names = ["onnxruntime"]
    with progress("load the program", alive=False) as on_step:
        report = measure(
            program,
            threads=_numbers(threads),
            against=names,
            onnx=onnx,
            runs=runs,
            on_step=on_step,
        )
    if out is not None:
        report.save(out)
    print_result(report, report.to_json, as_json)


def _numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError as error:
        raise InputError(must("--threads", "whole numbers, such as 1,2", text)) from error
