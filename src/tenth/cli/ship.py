"""`tenth ship`: a model as plain C."""

from pathlib import Path
from typing import Annotated

import typer

from tenth.cli.options import Json, Out, Seed, TaskFile
from tenth.cli.show import print_result


def ship(
    task: TaskFile,
    model: Annotated[
        Path, typer.Option("--model", "-m", help="Weights: a .safetensors file, small or ordinary.")
    ],
    out: Out = Path("program"),
    target: Annotated[str, typer.Option(help="Where it will run: host is this machine.")] = "host",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Compile a model to C11 without dependencies, checked against the original.

        tenth ship examples/digits.py --model digits/model.safetensors --out program

    The folder holds model.c, model.h, weights.c, an example main.c and a compiled library:

        cc -O2 -std=c11 program/*.c -lm && ./a.out

        python -c "import tenth; print(tenth.ship.load('program'))"
    """
    from tenth import ship as room
    from tenth.sparsity import load_into
    from tenth.task import load

    loaded = load(task)
    network = loaded.model()
    load_into(network, model)
    program = room.compile(network, loaded.example, target=target, name=loaded.name)
    program.save(out)
    print_result(program, program.manifest.to_json, as_json)
