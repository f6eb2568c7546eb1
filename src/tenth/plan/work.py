"""What is to be done with a model: train it, adapt it, or let it answer."""

from dataclasses import dataclass
from typing import Literal

from tenth.errors import InputError, must
from tenth.plan.checks import MOST_SAMPLES, above_zero, at_most, whole
from tenth.plan.models import Layer, Model

Kind = Literal["pretrain", "full", "lora", "qlora"]
KINDS: dict[str, str] = {
    "pretrain": "from nothing, all parameters",
    "full": "fine-tuning of all parameters",
    "lora": "fine-tuning of two thin matrices beside each target, on frozen 16-bit weights",
    "qlora": "the same on frozen weights of 4 bits",
}
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


@dataclass(frozen=True)
class Train:
    """A training run.

    Attributes:
        samples: tokens of a language model, images of a vision model, all epochs together.
        kind: one of `KINDS`.
        batch: sequences or images on one device at a time.
        sequence: tokens of a sequence; the model's own length if None.
        rank: of LoRA's matrices.
        targets: the layers that get them; "all" for every linear layer but the head.
    """

    samples: float
    kind: str = "pretrain"
    batch: int = 1
    sequence: int | None = None
    rank: int = 16
    targets: tuple[str, ...] = ATTENTION

    def checked(self) -> "Train":
        """The same, if it makes sense.

        Raises:
            InputError: a number that is none, or a kind that is not in the table.
        """
        above_zero("samples", self.samples, "Tokens or images to train on, such as 2e12.")
        at_most("samples", self.samples, MOST_SAMPLES)
        whole("batch", self.batch, "It is sequences or images on one device at a time.")
        whole("rank", self.rank)
        if self.sequence is not None:
            whole("sequence", self.sequence)
        if self.kind not in KINDS:
            raise InputError(
                must("kind of training", "one of " + ", ".join(KINDS), repr(self.kind))
            )
        return self

    @property
    def adapts(self) -> bool:
        """Whether the model's own weights are frozen."""
        return self.kind in ("lora", "qlora")


@dataclass(frozen=True)
class Serve:
    """Inference: `requests` answers of `tokens_out` tokens to questions of `tokens_in` tokens.

    For a vision model `tokens_in` and `tokens_out` mean nothing and `requests` counts images.
    `batch` answers are made at a time; weights have `bits` bits, the cache `cache_bits`.
    """

    requests: float = 1.0
    tokens_in: int = 512
    tokens_out: int = 256
    batch: int = 1
    bits: int = 16
    cache_bits: int = 16

    def checked(self) -> "Serve":
        """The same, if it makes sense.

        Raises:
            InputError: a number that is none, or bits that no kernel has.
        """
        at_most("requests", above_zero("requests", self.requests), MOST_SAMPLES)
        whole("tokens_in", self.tokens_in)
        whole("tokens_out", self.tokens_out)
        whole("batch", self.batch)
        for name, bits, known in (
            ("bits", self.bits, (4, 8, 16, 32)),
            ("cache_bits", self.cache_bits, (4, 8, 16, 32)),
        ):
            if bits not in known:
                raise InputError(must(name, "one of " + ", ".join(map(str, known)), repr(bits)))
        return self


Work = Train | Serve


def adapted(model: Model, work: Train) -> tuple[Layer, ...]:
    """The layers of a model that get LoRA's matrices.

    Raises:
        InputError: a target that the model does not have.
    """
    plain = [layer for layer in model.layers if layer.name not in ("lm_head", "router", "head")]
    names = dict.fromkeys(layer.name for layer in plain)
    wanted = tuple(names) if work.targets == ("all",) else work.targets
    unknown = [target for target in wanted if target not in names]
    if unknown or not wanted:
        got = ", ".join(unknown) or "none"
        raise InputError(must("targets", "all, or some of " + ", ".join(names), got))
    return tuple(layer for layer in plain if layer.name in wanted)


def thickness(model: Model, work: Train) -> str:
    """A note where the matrices of LoRA are not thin; empty where they are."""
    if not work.adapts:
        return ""
    widest = max(min(layer.inputs, layer.outputs) for layer in adapted(model, work))
    if work.rank < widest:
        return ""
    return (
        f"A rank of {work.rank} is not below the narrow side of any target ({widest} at most): "
        "such adapters are no smaller than what they stand beside."
    )


def adapter_parameters(model: Model, work: Train) -> int:
    """Rank × (inputs + outputs) for each target.

    Source: arXiv:2106.09685, 4.1.
    """
    return sum(
        layer.copies * work.rank * (layer.inputs + layer.outputs) for layer in adapted(model, work)
    )


def adapter_flops(model: Model, work: Train) -> float:
    """FLOPs of the adapters in one sample's forward pass; a multiply-accumulate is 2."""
    return sum(
        2.0 * work.rank * (layer.inputs + layer.outputs) * layer.uses * _passed(layer)
        for layer in adapted(model, work)
    )


def _passed(layer: Layer) -> int:
    return layer.copies if layer.active is None else layer.active
