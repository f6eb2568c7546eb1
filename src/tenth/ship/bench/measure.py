"""One bench of one saved program: the roof, its steps, and its rivals."""

from collections.abc import Sequence
from pathlib import Path

from tenth.errors import InputError, must
from tenth.receipt import facts
from tenth.ship.bench.race import Contestant, processors_for, race
from tenth.ship.bench.report import Report
from tenth.ship.bench.roof import measure as measure_roof
from tenth.ship.bench.steps import example_inputs, time_steps
from tenth.ship.machine import this_machine
from tenth.ship.program import load
from tenth.ship.progress import OnStep, Step, silent

RIVALS = ("onnxruntime", "openvino", "deepsparse")


def measure(
    folder: str | Path,
    *,
    threads: Sequence[int] = (1,),
    against: Sequence[str] = (),
    onnx: str | Path | None = None,
    runs: int = 15,
    on_step: OnStep = silent,
) -> Report:
    """Time a saved program at the sizes it was compiled for.

    Args:
        folder: what `save` wrote.
        threads: for each number of threads the whole program is timed, and its rivals.
        against: rivals among RIVALS that run the ONNX file by turns with the program; one that is
            not installed is told so.
        onnx: the file they run: the same network, dense or pruned, as `to_onnx` writes it.
        runs: how many runs, and how many rounds by turns, medians are of.
        on_step: told of each part before it begins, for progress bars.

    Raises:
        InputError: the call is wrong, or the folder is no program.
        UnsupportedError: a rival that is installed cannot run the file.
        CompileError: there is no compiler, or it failed.
    """
    unknown = sorted(set(against) - set(RIVALS))
    if unknown:
        raise InputError(must("against", f"some of {', '.join(RIVALS)}", ", ".join(unknown)))
    if against and onnx is None:
        remedy = "Write it with `tenth ship … --to onnx`, and name it with --onnx FILE."
        raise InputError(must("a bench against others", "given an ONNX file", "none", remedy))
    if onnx is not None and not Path(onnx).is_file():
        raise InputError(must("the ONNX file", "there", f"no {onnx}"))
    if runs < 1:
        raise InputError(must("runs", "1 or more", runs))
    for number in threads:
        processors_for(number)
    on_step(Step("load the program"))
    program = load(folder)
    inputs = example_inputs(program)
    contestants = [Contestant("tenth", "tenth", Path(folder))]
    contestants += [Contestant(name, name, Path(onnx)) for name in against if onnx is not None]
    on_step(Step("measure what the machine can do"))
    roof = measure_roof()
    on_step(Step("time each step of the program"))
    steps = time_steps(program, inputs, runs=runs)
    return Report(
        name=program.manifest.interface.name,
        sizes=program.manifest.example_sizes,
        hardware={**facts.hardware(), "features": list(this_machine().features)},
        roof=roof,
        steps=steps,
        races=tuple(
            race(contestants, inputs, threads=n, rounds=runs, on_step=on_step) for n in threads
        ),
    )
