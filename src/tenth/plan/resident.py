"""What a training run keeps on each device: states, frozen weights and activations together."""

from dataclasses import dataclass

from tenth.catalogue import Device
from tenth.figures import Figure, human
from tenth.plan import fits, memory
from tenth.plan.activations import Kept, activation_bytes
from tenth.plan.assumptions import Assumptions
from tenth.plan.models import Model
from tenth.plan.work import Train, adapter_parameters

# 4 bits a weight and its scale, quantised once more: 0.127 bits
_FOUR_BITS = (4 + 0.127) / 8
_FRAGMENTS, _CONTEXT_BYTES, _LESS = 1.10, 1e9, 0.90
# a library's Llama keeps 1.15 to 1.36 times what its sizes say: norms in 32 bits, repeated keys
_ACTIVATIONS = 1.40


@dataclass(frozen=True)
class Placed:
    """Where and how a model is kept."""

    assume: Assumptions
    device: Device
    count: int

    def strategies(self, adapts: bool) -> list[memory.Strategy]:
        """The one asked for; fp32 on a processor; else those to try, least communication first."""
        if self.assume.strategy is not None:
            return [memory.find(self.assume.strategy)]
        if self.device.threads is not None:
            return [memory.find("fp32-adam")]
        if self.count == 1:
            return [memory.find("mixed-adam")]
        names = ("mixed-adam", "zero-3") if adapts else memory.SHARDED
        return [memory.find(name) for name in names]


def memory_bytes(model: Model, work: Train, sequence: int, placed: Placed) -> Figure:
    """Bytes on each device: states of what is trained, weights that are frozen, activations.

    Of several strategies the first that leaves a tenth of the device free, else the last.

    The interval: a tenth less; a tenth of fragments, 1 GB of a driver's context and 40 % of the
    activations more. What adapters do not need to keep is not taken off: their lower bound has half
    the activations.

    Source: arXiv:1910.02054, arXiv:2205.05198; QLoRA arXiv:2305.14314.
    """
    rows = placed.strategies(work.adapts)
    needs = [_with(row, model, work, sequence, placed) for row in rows]
    capacity = placed.device.memory_bytes
    return next((need for need in needs if fits.holds(need, capacity)), needs[-1])


def _with(row: memory.Strategy, model: Model, work: Train, sequence: int, placed: Placed) -> Figure:
    n = placed.count
    trained = adapter_parameters(model, work) if work.adapts else model.parameters
    state = trained * row.bytes_each(n)
    frozen = _frozen(model, work, row.frozen_each(n)) if work.adapts else 0.0
    gathered = 4 * model.parameters / model.saved.blocks if row.gathers and n > 1 else 0.0
    kept = Kept(row.number_bytes, placed.assume.fused_attention, placed.assume.recompute)
    active = activation_bytes(model, work.batch, sequence, kept)
    value = state + frozen + gathered + active
    loose = 0.5 * active if work.adapts else 0.0
    context = _CONTEXT_BYTES if placed.device.kind in ("gpu", "tpu") else 0.0
    parts = [f"{human(state, 'bytes')} state ({row.name}: {row.words})"]
    parts += [f"{human(frozen, 'bytes')} frozen"] if frozen else []
    parts += [f"{human(gathered, 'bytes')} gathered"] if gathered else []
    again = " computed again" if kept.recompute else ""
    span = _span(model, work.batch, sequence)
    parts += [f"{human(active, 'bytes')} activations of {span}{again}"]
    source = " + ".join(parts) + "; arXiv:1910.02054, arXiv:2205.05198"
    high = (value - active) * _FRAGMENTS + active * _ACTIVATIONS + context
    return Figure(value, "bytes", (value - loose) * _LESS, high, "estimated", source)


def _span(model: Model, batch: int, sequence: int) -> str:
    if model.sample == "token":
        return f"{batch} × {sequence} tokens"
    return "1 image" if batch == 1 else f"{batch} images"


def _frozen(model: Model, work: Train, each: float) -> float:
    """Bytes of frozen weights; those in 4 bits are the matrices inside the blocks."""
    if work.kind != "qlora":
        return model.parameters * each
    inside = sum(layer.parameters for layer in model.layers if layer.name != "lm_head")
    share = each / 2  # shards divide the 4-bit weights as they do those of 16
    return (inside * _FOUR_BITS + (model.parameters - inside) * 2) * share + 2 * model.largest


def host_bytes(trained: int, assume: Assumptions, count: int) -> Figure | None:
    """Bytes on the host for each device, of a strategy that keeps state there."""
    if assume.strategy is None:
        return None
    each = memory.find(assume.strategy).host_each(count)
    if not each:
        return None
    source = "16 bytes a parameter of state and gradients, arXiv:2101.06840"
    return Figure(trained * each, "bytes", label="estimated", source=source)
