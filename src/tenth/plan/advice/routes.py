"""Ways to spend a budget, one row each.

The compute-optimal ratio of tokens to parameters is where these start and not where they end: the
fit that 20 comes from is contested (arXiv:2203.15556, arXiv:2404.10102).
"""

from dataclasses import dataclass

from tenth.catalogue import Device
from tenth.figures import Figure

# a training step by kernels that skip zeros over a dense one, at a tenth of the weights: from a
# transformer block on two threads to a multilayer perceptron on one; at worst the layer runs dense
_STEP = Figure(
    2.43,
    "",
    1.0,
    4.45,
    "estimated",
    "steps of density 0.1 on processors, docs/results/steps-avx2.json: 2.43 (block) to 4.45 (mlp)",
)


@dataclass(frozen=True)
class Route:
    """A way to a model of one's own.

    `tokens_each` are training tokens for a parameter; `density` the fraction of the weights that
    is trained; `faster` how many times as fast kernels that skip the rest are on processors, None
    where nothing is skipped.
    """

    name: str
    words: str
    tokens_each: float
    density: float = 1.0
    faster: Figure | None = None

    def runs_on(self, device: Device) -> bool:
        """Whether the route differs from a dense one on this device.

        Masked work runs dense on accelerators, so a sparse route has no row there.
        """
        return self.faster is None or (device.threads is not None and device.kind != "mcu")


FROM_NOTHING: tuple[Route, ...] = (
    Route(
        "compute-optimal",
        "pre-training, 20 tokens a parameter: the largest model that this pays for to the end "
        "(arXiv:2203.15556; contested by arXiv:2404.10102)",
        20,
    ),
    Route(
        "smaller-longer",
        "pre-training, 200 tokens a parameter: a smaller model, cheaper in every answer "
        "(Llama 2 7B had 297, arXiv:2307.09288)",
        200,
    ),
    Route(
        "sparse",
        "pre-training of a tenth of the weights; sizes and 20 tokens a parameter are of the dense "
        "twin, and its quality is not known before a race (tenth train --race)",
        20,
        0.1,
        _STEP,
    ),
)

TUNING: dict[str, str] = {
    "pretrain": "pre-training of all parameters",
    "full": "full fine-tuning: all parameters",
    "lora": "LoRA: thin matrices beside frozen 16-bit weights",
    "qlora": "QLoRA: thin matrices beside frozen 4-bit weights",
}
