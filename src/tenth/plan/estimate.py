"""A plan from a size: parameters and tokens."""

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.figures import Figure, human, product
from tenth.plan import fits, formulas, memory, rates
from tenth.plan.assumptions import Assumptions, of_device, of_place
from tenth.plan.bill import Bill, times
from tenth.plan.checks import MOST_PARAMETERS, MOST_SAMPLES, above_zero, at_most, whole
from tenth.plan.result import Plan
from tenth.plan.zeros import credit

_WHOLE_PROJECT = (
    "One final run: whole projects took 1.5 to 3.5 times as much, with search and failures "
    "(arXiv:2302.13971, arXiv:2503.05804)."
)


def estimate(
    *,
    params: float,
    tokens: float,
    device: str | Device | None = None,
    count: int | None = 1,
    place: str | None = None,
    assume: Assumptions | None = None,
) -> Plan:
    """What training a model of this size costs; nothing is run.

    Args:
        params: parameters of the model, all experts included.
        tokens: training tokens, or whatever takes 2 FLOPs a parameter in a forward pass.
        device: a device of the catalogue; this machine if not said.
        count: how many devices; None if unknown.
        place: country of the electricity, such as FRA; no carbon figure if not said.
        assume: what is known better than the defaults.

    Raises:
        InputError: a size that is not above 0, an unknown device or place.
    """
    assume = assume or Assumptions()
    parameters = _given("params", params, "parameters", "Such as 7e9.")
    seen = _given("tokens", tokens, "tokens", "Such as 2e12.")
    active = _active(assume, parameters)
    count = None if count is None else whole("count", count, "It is how many devices.")
    machine = of_device(device)
    bill = Bill(machine, count, of_place(place), assume)

    flops = formulas.training_flops(active, seen, assume.recompute)
    mfu = _mfu(assume, machine, count, active=active, mixture=active.value != parameters.value)
    saved = credit(assume, machine, training=True)
    worked = _times(flops.useful, saved.work, "that is executed")
    again = assume.again((formulas.ONCE + formulas.RECOMPUTED) / formulas.ONCE)
    hours = formulas.device_hours(worked, machine.peak_flops, mfu, again)

    def need_on(devices: int) -> Figure:
        return _memory(assume, machine, parameters, devices)

    need = need_on(count or 1)
    figures = {
        "parameters": parameters,
        "training_flops": formulas.of_any_shape(
            _times(flops.executed, saved.work, "that is executed")
        ),
        "training_flops_useful": formulas.of_any_shape(
            _times(flops.useful, saved.kept, "that is kept")
        ),
        "training_flops_dense_equivalent": formulas.of_any_shape(flops.dense_equivalent),
        "memory_bytes": need,
        "devices_needed": fits.least_count(need_on, machine),
        "device_hours": hours,
    }
    figures |= bill.figures(hours)
    steps = {
        "training_flops": f"{flops.executed.source}: N {active.value:g}, D {tokens:g}",
        "memory_bytes": f"{params:g} parameters as {need.source}",
        "device_hours": f"{worked.value:g} FLOP{times(again)} ÷ "
        f"({machine.peak_flops.value:g} FLOP/s × {mfu.value:.3g} × 3600)",
        **bill.steps(figures),
    }
    inputs = {"params": parameters.value, "active_params": active.value, "tokens": seen.value}
    inputs |= {"device": machine.name, "count": count, "place": place}
    title = (
        f"plan: {human(params, 'parameters')} parameters, {human(tokens, 'parameters')} tokens, "
        f"{machine.many(count)}, {bill.words}"
    )
    advice = fits.advice(need_on, machine, count or 1)
    verdict = f"{memory.verdict(need, machine.memory_bytes)} {advice}".strip()
    verdict += " Activations come on top."
    return Plan(
        title,
        figures,
        steps,
        inputs,
        tuple(filter(None, (verdict, saved.words, assume.told(), *bill.notes(), _WHOLE_PROJECT))),
    )


def _times(flops: Figure, share: float, words: str) -> Figure:
    if share == 1:
        return flops
    part = Figure(share, "", label="given", source="density")
    return product([flops, part], flops.unit, f"{flops.source}, × {share:g} {words}")


def _given(thing: str, value: float, unit: str, remedy: str) -> Figure:
    most = MOST_PARAMETERS if unit == "parameters" else MOST_SAMPLES
    number = at_most(thing, above_zero(thing, value, remedy), most)
    return Figure(number, unit, label="given", source="user")


def _active(assume: Assumptions, parameters: Figure) -> Figure:
    if assume.active_parameters is None:
        return parameters
    active = _given("active_parameters", assume.active_parameters, "parameters", "")
    if active.bounds()[0] > parameters.bounds()[0]:
        raise InputError(must("active_parameters", "at most params", f"{active.value:g}"))
    return active


def _mfu(
    assume: Assumptions, device: Device, count: int | None, *, active: Figure, mixture: bool
) -> Figure:
    if assume.mfu is not None:
        return rates.of_step(assume.mfu)
    return rates.effective_mfu(
        device,
        count=count,
        parameters=active.bounds()[0],
        mixture=mixture,
        precision=assume.precision,
    )


def _memory(assume: Assumptions, device: Device, parameters: Figure, count: int) -> Figure:
    size = parameters.bounds()[0]
    strategy = assume.strategy
    if strategy is None and device.threads is not None:
        strategy = "fp32-adam"
    elif strategy is None:
        strategy = memory.smallest_sharding(size, device.memory_bytes, count)
    return memory.state_bytes(size, strategy, count)
