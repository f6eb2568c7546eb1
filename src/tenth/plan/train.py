"""A plan of training a model whose sizes are known: counted, then timed by published rates."""

from dataclasses import dataclass, replace

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.figures import Figure, counted, human
from tenth.plan import fits, formulas, memory, rates
from tenth.plan.assumptions import Assumptions
from tenth.plan.bill import Bill, times
from tenth.plan.models import Model
from tenth.plan.resident import Placed, host_bytes, memory_bytes
from tenth.plan.result import Plan
from tenth.plan.work import KINDS, Train, adapter_flops, adapter_parameters, thickness
from tenth.plan.zeros import Credit, credit

# tokens of a sequence that is offered where longer ones do not fit
SHORTER = 2048
# published rates divide 6·N·D; up to a quarter of attention on top of it is inside their spread
_INSIDE = 1.25
_WHOLE_PROJECT = (
    "One final run: whole projects took 1.5 to 3.5 times as much, with search and failures "
    "(arXiv:2302.13971, arXiv:2503.05804)."
)


@dataclass(frozen=True)
class Counted:
    """FLOPs of a whole run: `rated` is what published rates divide, and the words for its steps.

    `again` is what is executed over what would be if nothing were computed twice.
    """

    executed: float
    useful: float
    dense: float
    attention: float
    rated: float
    words: str
    rated_words: str
    again: float


def train(model: Model, work: Train, bill: Bill) -> Plan:
    """What training this model costs; see `tenth.plan.of_model`."""
    work, assume, device = work.checked(), bill.assume, bill.device
    sequence = length_of(model, work.sequence)
    saved = credit(assume, device, training=True)
    run = flops(model, work, sequence, assume.recompute, saved)
    trained = adapter_parameters(model, work) if work.adapts else model.parameters
    mfu = _mfu(assume, device, bill.count, model)
    rated = counted(run.rated, "FLOP", run.rated_words)
    again = assume.again(run.again)
    hours = formulas.device_hours(rated, device.peak_flops, mfu, again)

    def need(count: int) -> Figure:
        return memory_bytes(model, work, sequence, Placed(assume, device, count))

    count = bill.count or 1
    figures = _parameters(model, trained, saved) | {
        "training_flops": counted(run.executed, "FLOP", f"{_what(model)}, {run.words}"),
        "training_flops_useful": counted(
            run.useful, "FLOP", "kept weights only, nothing computed twice"
        ),
        "training_flops_dense_equivalent": counted(run.dense, "FLOP", "of the dense twin"),
        "memory_bytes": need(count),
        "devices_needed": _needed(fits.least_count(need, device), model, work, sequence),
    }
    if run.attention:
        figures["attention_flops"] = counted(run.attention, "FLOP", "part of training_flops")
    host = host_bytes(trained, assume, count)
    if host is not None:
        figures["host_memory_bytes"] = host
    figures["device_hours"] = hours
    figures |= bill.figures(hours)
    steps = {
        "parameters": model.sum(),
        "training_flops": f"{work.samples:g} {model.sample}s × {run.words}",
        "memory_bytes": figures["memory_bytes"].source,
        "device_hours": f"{run.rated_words} = {run.rated:g} FLOP{times(again)} ÷ "
        f"({_value(device.peak_flops)} FLOP/s × {mfu.value:.3g} × 3600)",
        **bill.steps(figures),
    }
    return Plan(
        _title(model, work, bill),
        figures,
        steps,
        _inputs(model, work, sequence, bill),
        tuple(filter(None, _notes(model, work, bill, need, saved))),
    )


def length_of(model: Model, asked: int | None) -> int:
    """Positions of a sequence: asked for, else the model's own length.

    Raises:
        InputError: nobody says, or more than an image model has.
    """
    if model.sample == "image":
        if asked is not None:
            rule = "left out for a model of images"
            raise InputError(must("sequence", rule, asked, "Its side is a size of the preset."))
        return model.length or 1
    length = asked or model.length
    if length is None:
        raise InputError(must("sequence", "given, as the model does not say", "none"))
    return length


def flops(model: Model, work: Train, sequence: int, recompute: bool, saved: Credit) -> Counted:
    """Count a run. Backward is twice the forward; frozen matrices owe no gradient of their own.

    Source: arXiv:2001.08361, arXiv:2204.02311 (attention); LoRA: derived, 4·N + 6·N_lora a token.
    """
    d, extra = work.samples, adapter_flops(model, work) if work.adapts else 0.0
    products, attention = model.product_flops(), model.attention_flops(sequence)
    active = model.active_parameters
    if work.adapts:
        once = 2 * products + 3 * attention + 3 * extra
        words = "(2 × forward of matrices + 3 × attention + 3 × adapters)"
        ours = adapter_parameters(model, work)
        rated = (4.0 * active + 6.0 * ours) * d
        rated_words = f"(4·N + 6·N_lora)·D, N {active:g}, N_lora {ours:g}, D {d:g}"
    else:
        once = 3 * (products + attention)
        words = "3 × forward pass"
        rated, rated_words = 6.0 * active * d, f"6·N·D, N {active:g}, D {d:g}"
    if model.sample == "image":  # a convolution's weight works at many places, so N says nothing
        rated, rated_words = once * d, "counted FLOPs"
    forward = products * saved.work + attention + extra
    executed = once * saved.work + (forward if recompute else 0)
    if once * d > _INSIDE * rated:
        rated, rated_words = once * d / _INSIDE, f"counted FLOPs ÷ {_INSIDE:g}, attention is large"
    rated, rated_words = _at(saved, rated, rated_words)
    if recompute:
        words = f"({words.strip('()')} + forward again)"
    return Counted(
        executed * d,
        once * saved.kept * d,
        once * d,
        3 * attention * d,
        rated,
        f"{words}, {executed:.4g} FLOP {_each(model)}",
        rated_words,
        executed / (once * saved.work),
    )


def _at(saved: Credit, rated: float, words: str) -> tuple[float, str]:
    if saved.work == 1:
        return rated, words
    return rated * saved.work, f"{words}, × {saved.work:g} that is executed"


def _mfu(assume: Assumptions, device: Device, count: int | None, model: Model) -> Figure:
    if assume.mfu is not None:
        return rates.of_step(assume.mfu)
    return rates.effective_mfu(
        device,
        count=count,
        parameters=model.active_parameters,
        mixture=model.active_parameters < model.parameters,
        precision=assume.precision,
    )


def _parameters(model: Model, trained: int, saved: Credit) -> dict[str, Figure]:
    figures = {"parameters": counted(model.parameters, "parameters", f"sizes of {model.name}")}
    if model.active_parameters < model.parameters:
        source = f"without experts at rest, of one {model.sample}"
        figures["parameters_active"] = counted(model.active_parameters, "parameters", source)
    if trained < model.parameters:
        source = "two matrices of the rank beside each target"
        figures["parameters_trained"] = counted(trained, "parameters", source)
    if saved.kept < 1:
        inside = sum(layer.parameters for layer in model.layers)
        kept = round(model.parameters - (1 - saved.kept) * inside)
        figures["parameters_kept"] = counted(kept, "parameters", "density of the matrices")
    return figures


def _each(model: Model) -> str:
    return "a token" if model.sample == "token" else "an image"


def _what(model: Model) -> str:
    return "matrices and attention" if model.attention else "convolutions and matrices"


def _title(model: Model, work: Train, bill: Bill) -> str:
    what = f"{human(work.samples, 'parameters')} {model.sample}s"
    if model.sample == "token":
        what += f" in sequences of {length_of(model, work.sequence)}"
    kind = "pre-training" if work.kind == "pretrain" else KINDS[work.kind].split(",")[0]
    kind = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}.get(work.kind, kind)
    return f"plan: {kind} of {model.name}, {what}, {bill.device.many(bill.count)}, {bill.words}"


def _inputs(model: Model, work: Train, sequence: int, bill: Bill) -> dict[str, object]:
    inputs = {"model": model.name, "work": work.kind, f"{model.sample}s": work.samples}
    inputs |= {"batch": work.batch, "sequence": sequence if model.sample == "token" else None}
    if work.adapts:
        inputs |= {"rank": work.rank, "targets": list(work.targets)}
    place = bill.where.name if bill.where.known else None
    return inputs | {"device": bill.device.name, "count": bill.count, "place": place}


def _notes(model: Model, work: Train, bill: Bill, need: fits.Need, saved: Credit) -> list[str]:
    sequence = length_of(model, work.sequence)
    count, device = bill.count or 1, bill.device
    used = need(count)
    advice = fits.advice(need, device, count, *_smaller(model, work, sequence, bill))
    notes = [
        f"{memory.verdict(used, device.memory_bytes)} {advice}".strip(),
        saved.words,
        bill.assume.told(),
        thickness(model, work),
        model.note,
        *bill.notes(),
    ]
    return [*notes, _WHOLE_PROJECT if work.kind == "pretrain" else ""]


def _needed(least: Figure, model: Model, work: Train, sequence: int) -> Figure:
    """The count of devices, or why none is enough: activations of a batch are not shared out."""
    if least.known or "not even" not in least.reason:
        return least
    kept = (
        f"{work.batch} × {sequence} tokens" if model.sample == "token" else f"{work.batch} images"
    )
    reason = f"{least.reason}: each keeps the activations of {kept}, however many there are"
    return replace(least, reason=reason)


def _smaller(model: Model, work: Train, sequence: int, bill: Bill) -> list[str]:
    """Ways to keep fewer activations that make it fit, the least of a change first."""
    again = replace(bill.assume, recompute=True)
    ways = [("with activations computed again (--recompute)", again, sequence)]
    if model.sample == "token" and sequence > SHORTER:
        shorter = f"sequences of {SHORTER} (--sequence {SHORTER})"
        ways.append((f"with {shorter}", bill.assume, SHORTER))
        ways.append((f"with both --recompute and --sequence {SHORTER}", again, SHORTER))
    held = []
    for words, assume, length in ways:
        placed = Placed(assume, bill.device, bill.count or 1)
        need = memory_bytes(model, work, length, placed)
        if fits.holds(need, bill.device.memory_bytes):
            held.append(words)
    return held[:2]


def _value(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:.4g}"
