"""The arithmetic of a plan: one function a formula, each with its source.

    parameters ─► training FLOPs ─► device-hours ─┬► days
                                                  ├► kWh ─► kgCO2e
                                                  └► USD

Numbers that are the user's come in as figures, so that intervals and labels travel along.
"""

from dataclasses import dataclass

from tenth.figures import Figure, product

FORWARD, BACKWARD, RECOMPUTED = 2, 4, 2
ONCE = FORWARD + BACKWARD


@dataclass(frozen=True)
class Decoder:
    """The shape of a decoder-only language model.

    `kv_share` is key and value heads ÷ query heads; `gated` is SwiGLU (three matrices), else two;
    `tied` shares the embedding with the output layer. Position tables and biases are left out.
    """

    layers: int
    width: int
    vocabulary: int
    ff_width: int
    kv_share: float = 1.0
    gated: bool = True
    tied: bool = False

    def parameters(self) -> int:
        """V·d·(1 tied, 2 untied) + L·(2d² + 2d²·kv_share + (3 gated, 2)·d·d_ff + 2d) + d.

        >>> Decoder(layers=32, width=4096, vocabulary=32000, ff_width=11008).parameters()
        6738415616

        Source: arXiv:2302.13971 and its released weights (Llama 2 7B: the same count).
        """
        d = self.width
        attention = 2 * d * d + round(2 * d * d * self.kv_share)
        feed_forward = (3 if self.gated else 2) * d * self.ff_width
        embeddings = self.vocabulary * d * (1 if self.tied else 2)
        return embeddings + self.layers * (attention + feed_forward + 2 * d) + d


@dataclass(frozen=True)
class TrainingFlops:
    """Three figures, never one, in FLOPs of a whole training run; one MAC is 2 FLOPs.

    `useful` counts kept weights only; `executed` what the machine will do (masked-dense work is
    dense work; recomputation counts); `dense_equivalent` what the dense twin would do.
    """

    useful: Figure
    executed: Figure
    dense_equivalent: Figure


def training_flops(active: Figure, tokens: Figure, recompute: bool = False) -> TrainingFlops:
    """6·N·D: 2 forward and 4 backward for each active parameter and token; 8·N·D if recomputed.

    Source: arXiv:2001.08361, arXiv:2203.15556; recomputation arXiv:2205.05198.
    """
    again = ONCE + (RECOMPUTED if recompute else 0)
    useful = product([_exactly(ONCE), active, tokens], "FLOP", f"{ONCE}·N·D, arXiv:2001.08361")
    executed = product([_exactly(again), active, tokens], "FLOP", f"{again}·N·D, arXiv:2205.05198")
    return TrainingFlops(useful, executed if recompute else useful, useful)


def of_any_shape(flops: Figure) -> Figure:
    """6·N·D with the error that comes of not knowing the shape: -5 % to +25 %.

    Attention adds s ÷ 6d of sequence length and width (8 % at 2,048 and 4,096); an embedding that
    is only looked up takes away its share.

    Source: arXiv:2205.05198; the interval is judgement.
    """
    shape = Figure(1.0, "", 0.95, 1.25, "estimated", "attention and embedding left out")
    return product([flops, shape], flops.unit, f"{flops.source}; {shape.source}")


def computed_again(share: float) -> Figure:
    """How many times as long a run takes that computes activations again: executed ÷ useful FLOPs.

    MFU is of useful FLOPs, so what is computed again is lost time. Some of the published runs
    behind the default rates did the same, and their MFU has that loss in it already: the interval
    reaches down to 1.

    Source: arXiv:2204.02311 (MFU and HFU), arXiv:2205.05198.
    """
    source = f"× {share:.3g} for activations computed again (1 if the MFU has that in it)"
    return Figure(share, "", 1.0, share, "estimated", source)


def device_hours(flops: Figure, peak: Figure, mfu: Figure, again: Figure | None = None) -> Figure:
    """C ÷ (peak × MFU × 3600), with the MFU of the bill: restarts and stragglers are inside.

    `again` is what `computed_again` says, where the MFU is not that of a run which did so.

    Source: arXiv:2204.02311 for MFU; the default MFU says its own source.
    """
    source = f"FLOPs ÷ (dense peak × MFU); {mfu.source}"
    parts = [flops, inverse(peak), inverse(mfu), _exactly(1 / 3600)]
    if again is None:
        return product(parts, "h", source)
    return product([*parts, again], "h", f"{source}; {again.source}")


def days(hours: Figure, count: Figure) -> Figure:
    """Device-hours ÷ (24 × devices), all working all the time.

    Source: arithmetic.
    """
    return product([hours, inverse(count), _exactly(1 / 24)], "days", "device-hours ÷ 24 ÷ devices")


def energy(hours: Figure, watts: Figure, pue: Figure) -> Figure:
    """Device-hours × watts of a device with its share of the host × PUE of the building.

    Source: arXiv:2104.10350.
    """
    building = f" × {pue.source}" if pue.value != 1 else ""
    source = f"hours × power ({watts.source}){building}"
    return product([hours, watts, pue, _exactly(1e-3)], "kWh", source)


def carbon(kwh: Figure, intensity: Figure) -> Figure:
    """Energy × carbon of the electricity, location-based: the operational part.

    Source: ISO/IEC 21031:2024.
    """
    source = f"energy × carbon of electricity ({intensity.source})"
    return product([kwh, intensity, _exactly(1e-3)], "kgCO2e", source)


def embodied(hours: Figure, each: Figure) -> Figure:
    """Device-hours × the share of making the hardware that falls on an hour of its life.

    Source: ISO/IEC 21031:2024, the embodied part.
    """
    return product([hours, each], "kgCO2e", f"hours × share of making it ({each.source})")


def price(hours: Figure, usd_per_hour: Figure) -> Figure:
    """Device-hours × USD an hour; storage, egress and people are left out.

    Source: arithmetic on a dated price.
    """
    return product([hours, usd_per_hour], "USD", f"hours × price ({usd_per_hour.source})")


def inverse(figure: Figure) -> Figure:
    """1 ÷ a figure above 0, its interval turned round."""
    if not figure.known:
        return figure
    value, low, high = figure.bounds()
    return Figure(1 / value, f"1/{figure.unit}", 1 / high, 1 / low, figure.label, figure.source)


def _exactly(value: float) -> Figure:
    return Figure(value, "", label="given", source="constant")
