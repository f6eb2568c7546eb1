"""A model as the planner sees it: matrices, attention, and what a backward pass reads again.

Nothing here holds a weight. A sample is what the plan counts: a token of a language model, an image
of a vision model.
"""

from dataclasses import dataclass
from typing import Literal

Sample = Literal["token", "image"]


@dataclass(frozen=True)
class Layer:
    """Equal matrices: linear layers, or convolutions with `kernel` = k·k ÷ groups.

    Attributes:
        name: as the field calls it; LoRA's targets are such names.
        inputs, outputs: of one matrix.
        bias: whether each output has one.
        copies: how many there are.
        active: how many of them one sample passes; all if None.
        uses: positions at which one sample passes it: 1 for a token, H·W for an image.
        shared: whether the numbers belong to another layer, as a tied head's do.
    """

    name: str
    inputs: int
    outputs: int
    bias: bool = False
    copies: int = 1
    active: int | None = None
    uses: int = 1
    kernel: float = 1
    shared: bool = False

    @property
    def size(self) -> int:
        """Numbers in one of them that are multiplied."""
        return round(self.inputs * self.outputs * self.kernel)

    @property
    def parameters(self) -> int:
        """Numbers in all of them, biases included; none if they belong to another layer."""
        weights = 0 if self.shared else self.size
        return self.copies * (weights + (self.outputs if self.bias else 0))

    @property
    def idle(self) -> int:
        """Numbers that one sample does not pass."""
        passed = self.copies if self.active is None else self.active
        return (self.copies - passed) * (self.size + (self.outputs if self.bias else 0))

    @property
    def flops(self) -> float:
        """FLOPs of one sample's forward pass; a multiply-accumulate is 2."""
        passed = self.copies if self.active is None else self.active
        return 2.0 * self.size * self.uses * passed


@dataclass(frozen=True)
class Attention:
    """Equal attention layers: how much each position reads of the others.

    `key_width` and `value_width` are of one head; `cached` are the numbers kept for each token and
    layer in generation; `window` is how far back a position sees, None for all; `queries` is how
    many positions a sample has (1 for a token).
    """

    copies: int
    heads: int
    key_width: int
    value_width: int
    cached: int
    causal: bool = True
    window: int | None = None
    queries: int = 1

    def flops(self, length: float, skip: bool = True) -> float:
        """FLOPs of one sample's forward pass where sequences have `length` positions.

        QK^T and PV, 2 FLOPs a multiply-accumulate. A causal kernel skips what lies ahead: half, or
        with a window all but the window. `skip=False` counts the whole square, as counters do.

        Source: arXiv:2204.02311, appendix B.
        """
        seen = length
        if skip and self.causal:
            reach = min(self.window or length, length)
            # the first `reach` positions see (reach + 1) ÷ 2 on average, the others all of it
            seen = reach - reach * reach / (2 * length)
        each = 2.0 * self.heads * (self.key_width + self.value_width)
        return self.copies * self.queries * each * seen


@dataclass(frozen=True)
class Saved:
    """Numbers that the forward pass keeps for the backward pass, for each sample.

    `block` are those of one of `blocks` equal blocks, without the square of attention; `masks` are
    bytes beside them (dropout); `inputs` are those that recomputation keeps of a block; `square` is
    how many matrices of heads × length an attention that is not fused keeps, in numbers and masks;
    `rest` is what lies outside the blocks; `logits` the outputs of the last layer.
    """

    blocks: int
    block: float
    inputs: float
    masks: float = 0
    heads: int = 0
    rest: float = 0
    logits: float = 0


@dataclass(frozen=True)
class Model:
    """A model to plan for.

    Attributes:
        name: what the plan calls it.
        sample: what it takes: tokens or images.
        layers: its matrices.
        looked_up: numbers that are looked up, never multiplied: embeddings, tables of positions.
        scales: numbers of norms and the like, added or multiplied once.
        attention: its attention layers.
        saved: what training keeps for the backward pass.
        length: positions of a sequence, if the model says; the longest it was made for.
        note: what a reader should know of the count.
    """

    name: str
    sample: Sample
    layers: tuple[Layer, ...]
    looked_up: int
    scales: int
    attention: tuple[Attention, ...]
    saved: Saved
    length: int | None = None
    note: str = ""

    @property
    def parameters(self) -> int:
        """All of them, exactly."""
        return sum(layer.parameters for layer in self.layers) + self.looked_up + self.scales

    @property
    def active_parameters(self) -> int:
        """Those that one sample passes: all but the experts it is not sent to."""
        return self.parameters - sum(layer.idle for layer in self.layers)

    @property
    def largest(self) -> int:
        """Numbers in the largest matrix."""
        return max((layer.size for layer in self.layers), default=0)

    @property
    def cached(self) -> float:
        """Numbers kept for each token in generation, over all layers, without windows."""
        return sum(a.copies * a.cached for a in self.attention)

    def sum(self) -> str:
        """How the parameters add up, in words and numbers."""
        matrices = sum(layer.parameters for layer in self.layers)
        return (
            f"{matrices} in matrices and biases + {self.looked_up} looked up + "
            f"{self.scales} in norms"
        )

    def product_flops(self) -> float:
        """FLOPs of matrices in one sample's forward pass."""
        return sum(layer.flops for layer in self.layers)

    def attention_flops(self, length: float, skip: bool = True) -> float:
        """FLOPs of attention in one sample's forward pass (see `Attention.flops`)."""
        return sum(a.flops(length, skip) for a in self.attention)

    def forward_flops(self, length: float, skip: bool = True) -> float:
        """FLOPs of one sample's forward pass."""
        return self.product_flops() + self.attention_flops(length, skip)
