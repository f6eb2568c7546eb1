"""From a model to a program: verify, choose, write C, build, check."""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tenth import __version__
from tenth.errors import InputError, must
from tenth.graph.program import Graph
from tenth.graph.shapes import bind
from tenth.graph.verify import verify
from tenth.kernels.records import Values
from tenth.kernels.targets import Target, target_named
from tenth.receipt import Meter
from tenth.ship.account import account
from tenth.ship.binding import Binding, Library
from tenth.ship.check import Outputs, check, runner
from tenth.ship.choose import Choice, choose, choose_by_density, density
from tenth.ship.emit.dispatch import write_dispatch
from tenth.ship.emit.example import write_example
from tenth.ship.emit.fuse import WEIGHTED
from tenth.ship.emit.lower import Lowered, lower, rounded_graph
from tenth.ship.emit.steps import Kernel
from tenth.ship.emit.text import check_name
from tenth.ship.emit.units import Unit, emit, model_source, weights_source
from tenth.ship.libraries import build, build_for
from tenth.ship.machine import Machine, this_machine
from tenth.ship.manifest import Layer, Manifest
from tenth.ship.program import RECEIPT, Program
from tenth.ship.progress import OnStep, Step, silent
from tenth.ship.readme import write_readme
from tenth.ship.web import write_module, write_page
from tenth.ship.work import work

_ITSELF, _HOST = "this library", "the host's build of the same C"
"""What was run and compared with the original."""


def compile(  # noqa: PLR0913  what a program is, by keyword
    model: Any,
    example: Any,
    *,
    target: str = "host",
    name: str = "model",
    values: Values = "float32",
    threads: int = 1,
    on_step: OnStep = silent,
) -> Program:
    """Compile a model to C, build it, and check what it computes.

    A program for another target is checked as built for this machine from the same C, and where
    the target's own library runs here, that is checked too.

    Args:
        model: a torch module or a graph.
        example: the arguments of the model, as tensors or numpy arrays. Their sizes are those at
            which dense and sparse kernels are timed.
        target: where it will run: "host", this machine, or another (see `tenth.kernels.targets`),
            for which dense or sparse is chosen by density.
        name: what every name of the C interface starts with.
        values: the form in which the weights of layers are written: float32, float16 or bfloat16.
            They are rounded to it, and all is computed in float32.
        threads: how many threads the program given back runs on (see `load`).
        on_step: told of each step as it begins, for progress bars.

    Raises:
        InputError: the call is wrong, or a weight is not finite in this form.
        UnsupportedError: the model does something that tenth cannot express.
        CompileError: there is no C compiler, it failed, or the program is not within 1e-4 of the
            interpreter and of the model.
    """
    wish = _Wish(check_name(name), target_named(target), values, threads, on_step)
    parts = tuple(example) if isinstance(example, tuple | list) else (example,)
    with Meter("compile") as meter:
        on_step(Step("follow the model"))
        graph, reference = (model, None) if isinstance(model, Graph) else captured(model, parts)
        verify(graph)
        sizes = bind(graph, [tuple(np.shape(x)) for x in parts])
        program = _compiled(graph, sizes, reference, wish)
    library = program.files[wish.target.library]
    receipt = account(graph, program.manifest, len(library), meter.stage)
    text = json.dumps(receipt.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    return replace(program, files={**program.files, RECEIPT: f"{text}\n".encode()})


@dataclass(frozen=True)
class _Wish:
    """What `compile` is asked for, apart from the model."""

    name: str
    target: Target
    values: Values
    threads: int
    on_step: OnStep


def _compiled(
    graph: Graph,
    sizes: Mapping[str, int],
    reference: Callable[[Outputs], Outputs] | None,
    wish: _Wish,
) -> Program:
    """The program of a verified graph, without its receipt."""
    written, target = rounded_graph(graph, wish.values), wish.target
    is_host = target.name == "host"
    choices = (
        choose(written, sizes, wish.on_step) if is_host else choose_by_density(written, target)
    )
    kernels: dict[str, Kernel] = {node: choice.kernel for node, choice in choices.items()}
    lowered = lower(written, wish.name, kernels, wish.values)
    unit = emit(lowered, sizes)
    files = _sources(lowered, unit, sizes, target)

    def error_of(binding: Binding) -> float:
        wish.on_step(Step("compare with the original"))
        return check(binding, graph, sizes, reference, values=wish.values)

    built = _built(files, unit, wish, error_of)
    manifest = Manifest(
        interface=unit.interface,
        example_sizes=sizes,
        layers=_layers(lowered, choices),
        work=work(written, sizes, (step.node or step.writes for step in lowered.steps)),
        values=wish.values,
        weights_bytes=len(unit.weights.data),
        target=target.name,
        machine=built.machine,
        compiler=built.compiler,
        checked_on=built.checked_on,
        relative_error=built.relative_error,
        made_by=f"tenth {__version__}",
    )
    files |= {"README.md": write_readme(manifest).encode(), target.library: built.library}
    if target.name == "wasm":
        page = write_page(manifest, built.library, files.get("weights.bin", b""))
        files |= {"index.html": page.encode(), "model.js": write_module(manifest).encode()}
    return Program(manifest, files, built.binding)


@dataclass(frozen=True)
class _Built:
    """A library, what it runs on, and what was checked; a binding where it runs here."""

    library: bytes
    compiler: str
    machine: Machine
    checked_on: str
    relative_error: float
    binding: Binding | None


def _built(
    files: Mapping[str, bytes], unit: Unit, wish: _Wish, error_of: Callable[[Binding], float]
) -> _Built:
    """The library of the target, after the host's library of the same C was checked."""

    def bound(library: bytes) -> Binding:
        return Binding(Library(library), unit.interface, unit.weights.data, wish.threads)

    wish.on_step(Step("build the C"))
    library, compiler = build(files)
    binding = bound(library)
    host = _Built(library, compiler, this_machine(), _ITSELF, error_of(binding), binding)
    if wish.target.name == "host":
        return host
    wish.on_step(Step(f"build the C for {wish.target.name}"))
    library = build_for(wish.target, files, unit.interface)
    there = _Built(
        library, "ziglang", Machine(*wish.target.machine, ()), _HOST, host.relative_error, None
    )
    if not this_machine().runs(there.machine):
        return there
    binding = bound(library)
    error = max(host.relative_error, error_of(binding))
    return replace(there, checked_on=_ITSELF, relative_error=error, binding=binding)


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


def _sources(
    lowered: Lowered, unit: Unit, sizes: Mapping[str, int], target: Target
) -> dict[str, bytes]:
    texts = {
        "model.h": unit.header,
        "model.c": model_source([unit]),
        **({"weights.c": weights_source(unit)} if unit.embedded else {}),
        **(
            {"dispatch.c": write_dispatch(unit.interface, unit.variables, target)}
            if target.variants
            else {}
        ),
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
