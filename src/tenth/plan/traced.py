"""A plan from one training step that was traced without memory: counted, and its peak foretold."""

from dataclasses import dataclass

from tenth.catalogue import Device, devices
from tenth.errors import InputError, must
from tenth.figures import Figure, counted, human
from tenth.layouts import check_density, kept_count
from tenth.plan import fits, memory
from tenth.plan.assumptions import Assumptions, of_device, of_place
from tenth.plan.bill import Bill
from tenth.plan.checks import whole
from tenth.plan.of_graph import ONE_RUN, TRAINING_ALONE, run_hours
from tenth.plan.result import Plan
from tenth.plan.steps import StepWork

# resident memory over what is alive: 0.78 (scratch never touched) to 1.41 (freed blocks that the C
# library keeps) on five nets, docs/results/memory.json
_LESS, _MORE = 0.75, 1.45


@dataclass(frozen=True)
class TracedStep:
    """One step: forward, backward and update, as torch runs it on a processor.

    Attributes:
        examples: in the step.
        parameters, trained: numbers in the model, and those that owe a gradient.
        multiplied: numbers in the weights of products, which pruning may remove.
        flops: of products and convolutions, forward and backward.
        weight_share: of the forward products, the share that multiplies a weight.
        peak_bytes: most alive at once: weights, gradients, state, activations, temporaries.
        state_bytes: what stays between steps.
        written_bytes, operations: of the forward pass.
        uncounted: products for which there is no formula.
    """

    examples: int
    parameters: int
    trained: int
    multiplied: int
    flops: float
    weight_share: float
    peak_bytes: int
    state_bytes: int
    written_bytes: int
    operations: int
    uncounted: tuple[str, ...] = ()


def of_step(
    step: TracedStep,
    *,
    steps: int,
    step_seconds: Figure | None = None,
    device: str | Device | None = None,
    place: str | None = None,
    assume: Assumptions | None = None,
) -> Plan:
    """What training costs, from one traced step; nothing of it is run.

    Args:
        step: from `tenth.adapters.trace.traced_step`.
        steps: of the whole run.
        step_seconds: one step as measured on `device`. Without it, this machine is timed for half a
            second, and any other device takes the default MFU.
        device: of the catalogue; this machine if not said.
        place: country of the electricity, such as FRA; no carbon figure if not said.
        assume: density and prices; it earns no time, since masked work runs dense.

    Raises:
        InputError: a number that makes no sense, an unknown device or place.
    """
    steps = whole("steps", steps, "It is the length of the run.")
    assume = assume or Assumptions()
    density = check_density(assume.density)
    machine = of_device(device)
    bill = Bill(machine, 1, of_place(place), assume)
    kept = 1 - step.weight_share * (1 - density)
    removed = step.multiplied - kept_count(step.multiplied, density)
    work = StepWork(
        step.flops,
        step.flops * kept,
        activation_bytes=step.written_bytes,
        largest_bytes=0,
        operations=step.operations,
        parameters=step.trained,
        kept=step.trained,
    )
    hours = run_hours(work, steps, machine, step_seconds)
    need = peak(step)
    figures = _figures(step, steps, kept)
    if removed:
        source = f"density {density:g} of the weights of products"
        left = counted(step.parameters - removed, "parameters", source)
        figures = {"parameters": figures["parameters"], "parameters_kept": left} | figures
    figures |= {"memory_bytes": need, "device_hours": hours}
    figures |= bill.figures(hours)
    explained = {
        "training_flops": f"{step.flops:g} FLOP a step × {steps} steps",
        "memory_bytes": f"{step.state_bytes} kept between steps + "
        f"{step.peak_bytes - step.state_bytes} more at the peak of a step",
        "device_hours": f"{steps} steps: {hours.source}",
        **bill.steps(figures),
    }
    inputs = {"examples_per_step": step.examples, "steps": steps, "density": density}
    inputs |= {"device": machine.name, "place": place}
    title = (
        f"plan: {human(step.parameters, 'parameters')} parameters, {steps} steps of "
        f"{step.examples} examples on {machine.called}, {bill.words}"
    )
    return Plan(title, figures, explained, inputs, tuple(filter(None, _notes(step, bill))))


def peak(step: TracedStep) -> Figure:
    """Most bytes alive at once in a step, without interpreter and libraries."""
    value = float(step.peak_bytes)
    source = "all tensors alive at the peak of a step, traced without memory; not the interpreter"
    return Figure(value, "bytes", value * _LESS, value * _MORE, "estimated", source)


def fits_here(step: TracedStep) -> bool:
    """Whether this machine has room to run a step."""
    return fits.holds(peak(step), devices.here().memory_bytes)


def _figures(step: TracedStep, steps: int, kept: float) -> dict[str, Figure]:
    if step.flops <= 0:
        raise InputError(must("a step", "one with products to count", "none"))
    figures = {"parameters": counted(step.parameters, "parameters", "the model, shared ones once")}
    if step.trained < step.parameters:
        source = "those that owe a gradient"
        figures["parameters_trained"] = counted(step.trained, "parameters", source)
    products = f"products and convolutions of a traced step, forward and backward; {TRAINING_ALONE}"
    total = step.flops * steps
    return figures | {
        "training_flops": counted(total, "FLOP", products),
        "training_flops_useful": counted(total * kept, "FLOP", f"{products}, kept weights only"),
        "training_flops_dense_equivalent": counted(total, "FLOP", products),
    }


def _notes(step: TracedStep, bill: Bill) -> list[str]:
    need, device = peak(step), bill.device
    advice = ""
    if not fits.holds(need, device.memory_bytes):
        alone = fits.smallest_device(need)
        advice = "" if alone is None else f"It would fit on one {alone.name}."
    missing = ", ".join(step.uncounted)
    return [
        f"{memory.verdict(need, device.memory_bytes)} {advice}".strip(),
        f"No formula counts {missing}: FLOPs are too low." if missing else "",
        *bill.notes(),
        ONE_RUN,
    ]
