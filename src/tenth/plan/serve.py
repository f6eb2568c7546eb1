"""A plan of inference: a prompt is read at the rate of products, answers at that of memory."""

from dataclasses import dataclass

from tenth.catalogue import Device, devices
from tenth.figures import Figure, counted, human, product, total, unknown
from tenth.plan import fits, formulas, memory
from tenth.plan.bill import Bill
from tenth.plan.calibrate import calibrate
from tenth.plan.models import Model
from tenth.plan.result import NOTHING_TRAINED, Plan
from tenth.plan.work import Serve
from tenth.plan.zeros import Credit, credit

# shares of the peak that inference gets: judgement, as no run of ours judged them
_PRODUCTS = Figure(0.40, "", 0.20, 0.60, "estimated", "0.40 of its peak, judgement")
_COPIES = Figure(0.60, "", 0.40, 0.85, "estimated", "0.60 of its bandwidth, judgement")
_HERE = Figure(0.8, "", 0.4, 1.0, "estimated", "0.8 of a product timed alone")
_UP_TO = 1.20
_CONTEXT_BYTES = 1e9
# scales and zero points of a weight of few bits, in bits
_SCALES = {4: 0.5, 8: 0.25}


@dataclass(frozen=True)
class Rates:
    """FLOP/s and bytes/s that all devices together give."""

    products: Figure
    copies: Figure


def serve(model: Model, work: Serve, bill: Bill) -> Plan:
    """What answering costs; see `tenth.plan.of_model`."""
    work = work.checked()
    count = bill.count or 1
    saved = credit(bill.assume, bill.device, training=False)
    given = _rates(bill.device, count)
    figures: dict[str, Figure] = {
        "parameters": counted(model.parameters, "parameters", f"sizes of {model.name}")
    }
    if model.active_parameters < model.parameters:
        source = f"without experts at rest, of one {model.sample}"
        figures["parameters_active"] = counted(model.active_parameters, "parameters", source)
    figures["training_flops"] = unknown("FLOP", NOTHING_TRAINED)
    answer = _answer(model, work, saved)
    executed = work.requests * (answer.prefill + answer.decode)
    figures["inference_flops"] = counted(executed, "FLOP", "forward passes, attention halved")

    def need(devices_: int) -> Figure:
        return memory_bytes(model, work, saved, devices_, bill.device)

    figures["memory_bytes"] = need(count)
    figures["devices_needed"] = fits.least_count(need, bill.device)
    timed, steps = _times(model, work, given, answer)
    figures |= timed
    batches = Figure(work.requests / work.batch * count / 3600, "", label="given", source="user")
    seconds = figures["request_seconds"]
    hours = product([seconds, batches], "h", "batches × time of one × devices")
    figures["device_hours"] = hours
    figures |= bill.figures(hours)
    steps = {
        "parameters": model.sum(),
        "inference_flops": f"{work.requests:g} × ({answer.prefill:.4g} + {answer.decode:.4g})",
        "memory_bytes": figures["memory_bytes"].source,
        **steps,
        "device_hours": f"{work.requests:g} requests ÷ {work.batch} × {_value(seconds)} s × "
        f"{count} ÷ 3600",
        **bill.steps(figures),
    }
    verdict = memory.verdict(figures["memory_bytes"], bill.device.memory_bytes)
    notes = (
        f"{verdict} {fits.advice(need, bill.device, count)}".strip(),
        saved.words,
        model.note,
        "Shares of peak and bandwidth in inference are judgement: measure a few requests.",
        *bill.notes(),
    )
    asked = {"model": model.name, "work": "inference", "requests": work.requests}
    asked |= {"batch": work.batch, "bits": work.bits, "cache_bits": work.cache_bits}
    if model.sample == "token":
        asked |= {"tokens_in": work.tokens_in, "tokens_out": work.tokens_out}
    asked |= {"device": bill.device.name, "count": count}
    asked["place"] = bill.where.name if bill.where.known else None
    what = f"{human(work.requests, 'parameters')} request{'' if work.requests == 1 else 's'}"
    title = f"plan: inference of {model.name}, {what}, {bill.device.many(count)}, {bill.words}"
    return Plan(title, figures, steps, asked, tuple(filter(None, notes)))


@dataclass(frozen=True)
class Answer:
    """One request: FLOPs of reading its prompt and of writing its answer; bytes read a token."""

    prefill: float
    decode: float
    weight_bytes: float
    cache_bytes: float


def _answer(model: Model, work: Serve, saved: Credit) -> Answer:
    products = model.product_flops() * saved.work
    if model.sample == "image":
        forward = products + model.attention_flops(model.length or 1)
        return Answer(forward, 0.0, _read(model, work) * saved.kept, 0.0)
    into, out = work.tokens_in, work.tokens_out
    head = sum(layer.flops for layer in model.layers if layer.name == "lm_head")
    # the head works for the last token of a prompt alone
    prefill = (products - head) * into + head + into * model.attention_flops(into)
    # a written token sees the prompt and what was written before it
    seen = into + (out + 1) / 2
    decode = out * (products + model.attention_flops(seen, skip=False))
    return Answer(
        prefill,
        decode,
        _read(model, work) * saved.kept,
        _cache(model, seen) * work.cache_bits / 8,
    )


def _cache(model: Model, length: float) -> float:
    """Numbers kept for one sequence of this length; a window keeps no more than itself."""
    return sum(a.copies * a.cached * min(length, a.window or length) for a in model.attention)


def _read(model: Model, work: Serve) -> float:
    """Bytes of weights that one step reads: of experts, those that a batch is sent to.

    With each token sent to k of E experts at random, a batch of b touches E·(1 - (1 - k ÷ E)^b).

    Source: expectation of distinct draws; real routers are less even.
    """
    numbers = float(model.parameters - model.looked_up)
    for layer in model.layers:
        if layer.active is not None and layer.active < layer.copies:
            rest = (1 - layer.active / layer.copies) ** work.batch
            numbers -= layer.copies * layer.size * rest
    tied = any(layer.shared for layer in model.layers)
    head = sum(layer.size for layer in model.layers if layer.shared) if tied else 0
    return (numbers + head) * _weight_bits(work.bits) / 8


def _weight_bits(bits: int) -> float:
    return bits + _SCALES.get(bits, 0.0)


def memory_bytes(model: Model, work: Serve, saved: Credit, count: int, device: Device) -> Figure:
    """Weights and cache on each of `count` devices; up to a fifth more, and a driver's context.

    Zeros that no kernel skips are stored as numbers.

    Source: the accelerate documentation, for up to 20 % beside the weights.
    """
    stored = saved.kept if saved.work < 1 else 1.0
    weights = model.parameters * _weight_bits(work.bits) / 8 * stored
    length = work.tokens_in + work.tokens_out
    cache = work.batch * _cache(model, length) * work.cache_bits / 8
    if model.sample == "image":
        cache = 0.0
    value = (weights + cache) / count
    context = _CONTEXT_BYTES if device.kind in ("gpu", "tpu") else 0.0
    source = f"{human(weights, 'bytes')} weights"
    source += f" + {human(cache, 'bytes')} cache of {work.batch} × {length} tokens" if cache else ""
    source += f", ÷ {count}" if count > 1 else ""
    return Figure(value, "bytes", value, value * _UP_TO + context, "estimated", source)


def _rates(device: Device, count: int) -> Rates:
    if device.name == devices.HERE:
        timed = calibrate()
        return Rates(product([timed.gemm, _HERE], "FLOP/s", "a product timed here"), timed.copy)
    many = Figure(count, "", label="given", source="user")
    peak, band = device.peak_flops, device.bandwidth
    return Rates(
        product([peak, many, _PRODUCTS], "FLOP/s", f"{device.name} at {_PRODUCTS.source}"),
        product([band, many, _COPIES], "bytes/s", f"{device.name} at {_COPIES.source}"),
    )


def _times(
    model: Model, work: Serve, given: Rates, answer: Answer
) -> tuple[dict[str, Figure], dict[str, str]]:
    """Seconds of a prompt, of a token and of a whole batch of requests."""
    prompts = _slower(given, work.batch * answer.prefill, answer.weight_bytes)
    figures, steps = {"prefill_seconds": prompts}, {}
    steps["prefill_seconds"] = _step(given, work.batch * answer.prefill, answer.weight_bytes)
    if model.sample == "image":
        figures["request_seconds"] = prompts
        steps["request_seconds"] = f"prefill_seconds, {work.batch} images at a time"
        return figures, steps
    each = work.batch * answer.decode / work.tokens_out
    moved = answer.weight_bytes + work.batch * answer.cache_bytes
    token = _slower(given, each, moved)
    steps["token_seconds"] = _step(given, each, moved)
    times = Figure(work.tokens_out, "", label="given", source="user")
    whole = product([token, times], "s", "tokens out × time of one")
    batch = Figure(work.batch, "", label="given", source="user")
    speed = product(
        [formulas.inverse(token), batch], "tokens/s", "answers at a time ÷ token_seconds"
    )
    figures |= {"token_seconds": token, "tokens_per_second": speed}
    both = total([prompts, whole], "prompt and answer") if prompts.known and whole.known else token
    figures["request_seconds"] = both
    steps["request_seconds"] = f"prefill + {work.tokens_out} × {_value(token)} s"
    return figures, steps


def _slower(given: Rates, work: float, moved: float) -> Figure:
    """The longer of two times: of the products, of reading weights and cache.

    Source: roofline, doi:10.1145/1498765.1498785.
    """
    flops = counted(work, "FLOP", "counted")
    read = counted(moved, "bytes", "counted")
    by_work = product(
        [flops, formulas.inverse(given.products)], "s", f"FLOPs ÷ {_of(given.products)}"
    )
    by_read = product([read, formulas.inverse(given.copies)], "s", f"bytes ÷ {_of(given.copies)}")
    if not (by_work.known and by_read.known):
        return by_read if by_work.known else by_work
    return max(by_work, by_read, key=lambda figure: figure.bounds()[0])


def _of(rate: Figure) -> str:
    return f"({rate.source})" if rate.known else "unknown"


def _step(given: Rates, work: float, moved: float) -> str:
    return (
        f"max({work:.4g} FLOP ÷ {_value(given.products)} FLOP/s, "
        f"{moved:.4g} bytes ÷ {_value(given.copies)} bytes/s)"
    )


def _value(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:.4g}"
