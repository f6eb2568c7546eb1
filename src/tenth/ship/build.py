"""From a model to a program: verify, choose, write C, build, check."""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tenth import __version__
from tenth.errors import InputError, must
from tenth.graph.program import Graph
from tenth.graph.shapes import bind
from tenth.graph.verify import verify
from tenth.kernels.records import Values
from tenth.receipt import Meter
from tenth.ship.account import account
from tenth.ship.binding import Binding, Library
from tenth.ship.check import Outputs, check, runner
from tenth.ship.choose import Choice, choose, density
from tenth.ship.emit.example import write_example
from tenth.ship.emit.fuse import WEIGHTED
from tenth.ship.emit.lower import Lowered, lower, rounded_graph
from tenth.ship.emit.text import check_name
from tenth.ship.emit.units import Unit, emit, model_source, weights_source
from tenth.ship.machine import this_machine
from tenth.ship.manifest import Layer, Manifest
from tenth.ship.program import LIBRARY, RECEIPT, Program, build
from tenth.ship.readme import write_readme
from tenth.ship.work import work


def compile(
    model: Any,
    example: Any,
    *,
    target: str = "host",
    name: str = "model",
    values: Values = "float32",
    threads: int = 1,
) -> Program:
    """Compile a model to C for this machine, build it, and check what it computes.

    Args:
        model: a torch module or a graph.
        example: the arguments of the model, as tensors or numpy arrays. Their sizes are those at
            which dense and sparse kernels are timed.
        target: "host", the only one there is.
        name: what every name of the C interface starts with.
        values: the form in which the weights of layers are written: float32, float16 or bfloat16.
            They are rounded to it, and all is computed in float32.
        threads: how many threads the program given back runs on (see `load`).

    Raises:
        InputError: the call is wrong, or a weight is not finite in this form.
        UnsupportedError: the model does something that tenth cannot express.
        CompileError: there is no C compiler, it failed, or the program is not within 1e-4 of the
            interpreter and of the model.
    """
    if target != "host":
        raise InputError(must("target", "'host', the only one there is", repr(target)))
    check_name(name)
    parts = tuple(example) if isinstance(example, tuple | list) else (example,)
    with Meter("compile") as meter:
        graph, reference = (model, None) if isinstance(model, Graph) else captured(model, parts)
        verify(graph)
        sizes = bind(graph, [tuple(np.shape(x)) for x in parts])
        program = _compiled(graph, sizes, reference, name=name, values=values, threads=threads)
    receipt = account(graph, program.manifest, len(program.files[LIBRARY]), meter.stage)
    text = json.dumps(receipt.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    return replace(program, files={**program.files, RECEIPT: f"{text}\n".encode()})


def _compiled(
    graph: Graph,
    sizes: Mapping[str, int],
    reference: Callable[[Outputs], Outputs] | None,
    *,
    name: str,
    values: Values,
    threads: int,
) -> Program:
    """The program of a verified graph, without its receipt."""
    written = rounded_graph(graph, values)
    choices = choose(written, sizes)
    lowered = lower(
        written, name, {node: choice.kernel for node, choice in choices.items()}, values
    )
    unit = emit(lowered, sizes)
    files = _sources(lowered, unit, sizes)
    library, compiler = build(files)
    binding = Binding(Library(library), unit.interface, unit.weights.data, threads)
    error = check(binding, graph, sizes, reference, values=values)
    manifest = Manifest(
        interface=unit.interface,
        example_sizes=sizes,
        layers=_layers(lowered, choices),
        work=work(written, sizes, (step.node or step.writes for step in lowered.steps)),
        values=values,
        weights_bytes=len(unit.weights.data),
        machine=this_machine(),
        compiler=compiler,
        relative_error=error,
        made_by=f"tenth {__version__}",
    )
    readme = write_readme(manifest).encode()
    return Program(manifest, {**files, "README.md": readme, LIBRARY: library}, binding)


def captured(
    module: Any, example: Sequence[Any]
) -> tuple[Graph, Callable[[Outputs], Outputs] | None]:
    """The graph of a torch module, and the module as a function to compare with.

    Raises:
        InputError: it is no module, or a weight is not finite.
        UnsupportedError: the module does something that tenth cannot express.
    """
    if not all(hasattr(module, name) for name in ("state_dict", "modules", "eval")):
        raise InputError(must("model", "a torch module or a graph", type(module).__name__))
    # only a module needs torch: a graph is compiled, and a program loaded, without
    torch: Any = importlib.import_module("torch")
    capture = importlib.import_module("tenth.graph.capture").capture
    tensors = tuple(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in example)
    return capture(module, tensors), runner(module, tensors)


def _sources(lowered: Lowered, unit: Unit, sizes: Mapping[str, int]) -> dict[str, bytes]:
    texts = {
        "model.h": unit.header,
        "model.c": model_source([unit]),
        **({"weights.c": weights_source(unit)} if unit.embedded else {}),
        "main.c": write_example(
            lowered.graph, unit.interface, unit.variables, sizes, embedded=unit.embedded
        ),
    }
    weights = {} if unit.embedded else {"weights.bin": unit.weights.data}
    return {name: text.encode() for name, text in texts.items()} | weights


def _layers(lowered: Lowered, choices: Mapping[str, Choice]) -> tuple[Layer, ...]:
    graph = lowered.graph
    return tuple(
        Layer(
            path=node.path,
            name=node.name,
            op=node.op,
            shape=graph.constants[node.inputs[1]].shape,
            density=density(graph, node),
            kernel=choices[node.name].kernel,
            weight_bytes=sum(
                len(lowered.records[r].data) for r in lowered.layer_records[node.name]
            ),
            dense_seconds=choices[node.name].dense_seconds,
            sparse_seconds=choices[node.name].sparse_seconds,
        )
        for node in graph.nodes
        if node.op in WEIGHTED
    )
