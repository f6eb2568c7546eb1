"""A plan from a captured model: counted, not guessed from a size."""

from collections.abc import Mapping

from tenth.catalogue import Device, devices
from tenth.errors import InputError, must
from tenth.figures import Figure, counted, human, product
from tenth.graph.program import Graph
from tenth.layouts import check_density
from tenth.plan import formulas, memory, rates
from tenth.plan.assumptions import Assumptions, of_device, of_place
from tenth.plan.bill import Bill
from tenth.plan.calibrate import calibrate
from tenth.plan.checks import whole
from tenth.plan.result import Plan
from tenth.plan.steps import StepWork, seconds, training_step

# the rest of a run against its steps: evaluation, data, neighbours on the machine
_WHOLE_RUN = Figure(1.0, "", 0.8, 1.5, "estimated", "whole run ×1 (0.8 to 1.5)")
# what a receipt of the same steps counts besides, or counts smaller
TRAINING_ALONE = "every batch full, no scoring"
ONE_RUN = (
    "One run: search, restarts and other seeds are not in it. A receipt counts the scoring on "
    "validation data too, and the last batch of an epoch as small as it is."
)
_ADAM_BYTES, _ADAM_WITH_TEMPORARIES = 16, 28


def of_graph(  # noqa: PLR0913 - each is one thing that a user says of a run
    graph: Graph,
    *,
    examples_per_step: int,
    steps: int,
    density: float = 1.0,
    step_seconds: Figure | None = None,
    device: str | Device | None = None,
    place: str | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Plan:
    """What training a captured model costs; nothing of it is run.

    Args:
        graph: from `tenth.graph.capture` or `Task.graph`.
        examples_per_step: the batch.
        steps: of the whole run.
        density: fraction of linear and conv weights kept at the end; it earns no time, since masked
            work runs dense.
        step_seconds: one step as measured on `device`. Without it, this machine is timed for half a
            second, and any other device takes the default MFU.
        device: of the catalogue; this machine if not said.
        place: country of the electricity, such as FRA; no carbon figure if not said.
        sizes: the graph's free sizes by name, such as {"h": 32, "w": 32}; the batch is known.

    Raises:
        InputError: a number that makes no sense, a size missing, an unknown device or place.
    """
    examples = whole("examples_per_step", examples_per_step, "It is the batch.")
    steps = whole("steps", steps, "It is the length of the run.")
    density = check_density(density)
    machine = of_device(device)
    bill = Bill(machine, 1, of_place(place), Assumptions())

    step = training_step(graph, examples, sizes, density)
    hours = run_hours(step, steps, machine, step_seconds)
    figures = _counted(step, steps, density)
    figures["memory_bytes"] = _memory(step)
    figures["device_hours"] = hours
    figures |= bill.figures(hours)
    explained = {
        "training_flops": f"{step.executed:g} FLOP a step × {steps} steps",
        "memory_bytes": f"{_ADAM_BYTES} × {step.parameters} + {step.activation_bytes:g} + "
        f"2 × {step.largest_bytes:g}",
        "device_hours": f"{steps} steps: {hours.source}",
        **bill.steps(figures),
    }
    inputs = {"examples_per_step": examples, "steps": steps, "density": density}
    inputs |= {
        "device": machine.name,
        "place": place,
        "sizes": {name: int(size) for name, size in (sizes or {}).items()},
    }
    title = (
        f"plan: {human(step.parameters, 'parameters')} parameters, {steps} steps of "
        f"{examples} examples on {machine.called}, {bill.words}"
    )
    verdict = memory.verdict(figures["memory_bytes"], machine.memory_bytes)
    return Plan(title, figures, explained, inputs, (verdict, *bill.notes(), ONE_RUN))


def _counted(step: StepWork, steps: int, density: float) -> dict[str, Figure]:
    figures = {"parameters": counted(step.parameters, "parameters", "graph, batch norms folded")}
    if step.kept < step.parameters:
        source = f"graph at density {density:g} of linear and conv weights"
        figures["parameters_kept"] = counted(step.kept, "parameters", source)
    products = f"products and convolutions, forward and backward; {TRAINING_ALONE}"
    executed = counted(step.executed * steps, "FLOP", f"graph: {products}")
    useful = counted(step.useful * steps, "FLOP", f"graph: {products}, kept weights only")
    return figures | {
        "training_flops": executed,
        "training_flops_useful": useful,
        "training_flops_dense_equivalent": executed,
    }


def _memory(step: StepWork) -> Figure:
    """Weights, gradients, Adam's state, what the backward pass reads again; not the interpreter.

    The upper bound has Adam's temporaries, and each activation with its gradient and workspace.

    Source: arXiv:1910.02054 for 16 bytes a parameter; the activations are counted.
    """
    low = _ADAM_BYTES * step.parameters + 0.5 * step.activation_bytes
    value = _ADAM_BYTES * step.parameters + step.activation_bytes + 2 * step.largest_bytes
    high = _ADAM_WITH_TEMPORARIES * step.parameters + 3 * step.activation_bytes
    source = f"fp32-adam, {_ADAM_BYTES} bytes a parameter, and activations; not the interpreter"
    return Figure(value, "bytes", min(low, value), max(high, value), "estimated", source)


def run_hours(step: StepWork, steps: int, device: Device, measured: Figure | None) -> Figure:
    """Hours of so many steps: a measured step, else two rates of this machine, else the MFU.

    Raises:
        InputError: `measured` is no known time.
    """
    if measured is None and device.name != devices.HERE:
        mfu = rates.effective_mfu(device, parameters=step.parameters)
        flops = counted(step.executed * steps, "FLOP", "graph")
        return formulas.device_hours(flops, device.peak_flops, mfu)
    one = seconds(step, calibrate()) if measured is None else _checked(measured)
    times = Figure(steps / 3600, "h/s", label="given", source="user")
    shown = human(one.bounds()[0], "s")
    source = f"steps × {shown} a step ({one.source}) × {_WHOLE_RUN.source}"
    return product([times, one, _WHOLE_RUN], "h", source)


def _checked(measured: Figure) -> Figure:
    if not isinstance(measured, Figure) or measured.unit != "s" or not (measured.value or 0) > 0:
        raise InputError(must("step_seconds", "a known figure above 0 in s", measured))
    return measured
