"""From the sizes of a transformer to its matrices."""

from dataclasses import dataclass

from tenth.errors import InputError, must
from tenth.plan.models.model import Attention, Layer, Model, Saved


@dataclass(frozen=True, kw_only=True)
class Experts:
    """A mixture: in `layers` of the layers, `active` of `count` experts work for each token.

    `shared_width` is the hidden width of the experts that work for every token; `gate` whether a
    row of numbers weighs them.
    """

    layers: int
    count: int
    active: int
    width: int
    shared_width: int = 0
    gate: bool = False


@dataclass(frozen=True, kw_only=True)
class Latent:
    """Attention that keeps a compressed row for each token (multi-head latent attention).

    Source: arXiv:2405.04434, 2.1.
    """

    query_rank: int | None
    kv_rank: int
    rotary: int
    plain: int
    value: int


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """The sizes of a transformer of one stack, decoder or encoder.

    Attributes:
        layers, width, heads, kv_heads, head_width, ff_width: as the field calls them.
        vocabulary: rows of the embedding; 0 for none, as in a vision model.
        gated: whether the hidden layer has three matrices (SwiGLU), else two.
        tied: whether the head shares the embedding; None for no head at all.
        qkv_bias, out_bias, ff_bias, head_bias: which matrices add a bias.
        norms: norms of a layer; `norm_bias` whether they have two rows of numbers, else one.
        outer_norms: norms outside the layers.
        qk_norm: numbers of the norms on queries and keys, a layer.
        tables: numbers in tables of positions and types.
        causal: whether a position sees only those before it.
        window, windowed: how far `windowed` of the layers see.
        dropout: whether masks are kept in training.
        length: the longest sequence, if it says.

    Raises:
        InputError: heads that cannot be grouped so, or more experts at work than there are.
    """

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    ff_width: int
    vocabulary: int
    gated: bool = True
    tied: bool | None = False
    qkv_bias: bool = False
    out_bias: bool = False
    ff_bias: bool = False
    head_bias: bool = False
    norms: int = 2
    norm_bias: bool = False
    outer_norms: int = 1
    qk_norm: int = 0
    tables: int = 0
    causal: bool = True
    window: int | None = None
    windowed: int = 0
    dropout: bool = False
    length: int | None = None
    experts: Experts | None = None
    latent: Latent | None = None

    def __post_init__(self) -> None:
        if self.heads % self.kv_heads:
            rule = "a multiple of key and value heads"
            raise InputError(must("attention heads", rule, f"{self.heads} and {self.kv_heads}"))
        if self.experts and self.experts.active > self.experts.count:
            got = f"{self.experts.active} of {self.experts.count}"
            raise InputError(must("experts at work", "at most all of them", got))

    def model(self, *more: Layer, note: str = "") -> Model:
        """The model of these sizes; `more` are layers outside the stack."""
        dense_layers = self.layers - (self.experts.layers if self.experts else 0)
        layers = [*self._attention_layers(), *self._feed_forward(self.ff_width, dense_layers)]
        if self.experts:
            layers += self._expert_layers(self.experts)
        if self.tied is not None and self.vocabulary:
            head = Layer("lm_head", self.width, self.vocabulary, self.head_bias, shared=self.tied)
            layers.append(head)
        rows = 2 if self.norm_bias else 1
        scales = (self.layers * self.norms + self.outer_norms) * self.width * rows
        scales += self.layers * (self.qk_norm + self._latent_norms())
        return Model(
            self.name,
            "token",
            (*layers, *more),
            looked_up=self.vocabulary * self.width + self.tables,
            scales=scales,
            attention=self._attention(),
            saved=self._saved(),
            length=self.length,
            note=note,
        )

    def _latent_norms(self) -> int:
        return 0 if self.latent is None else (self.latent.query_rank or 0) + self.latent.kv_rank

    def _attention_layers(self) -> list[Layer]:
        d, n, bias = self.width, self.layers, self.qkv_bias
        if self.latent:
            return self._latent_layers(self.latent)
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        return [
            Layer("q_proj", d, queries, bias, n),
            Layer("k_proj", d, keys, bias, n),
            Layer("v_proj", d, keys, bias, n),
            Layer("o_proj", queries, d, self.out_bias, n),
        ]

    def _latent_layers(self, latent: Latent) -> list[Layer]:
        d, n, bias = self.width, self.layers, self.qkv_bias
        key = latent.plain + latent.rotary
        queries, rank = self.heads * key, latent.query_rank
        first = (
            [Layer("q_proj", d, queries, False, n)]
            if rank is None
            else [
                Layer("q_a_proj", d, rank, bias, n),
                Layer("q_b_proj", rank, queries, False, n),
            ]
        )
        return [
            *first,
            Layer("kv_a_proj_with_mqa", d, latent.kv_rank + latent.rotary, bias, n),
            Layer(
                "kv_b_proj", latent.kv_rank, self.heads * (latent.plain + latent.value), copies=n
            ),
            Layer("o_proj", self.heads * latent.value, d, self.out_bias, n),
        ]

    def _feed_forward(self, hidden: int, copies: int, active: int | None = None) -> list[Layer]:
        if not copies or not hidden:
            return []
        names = ("gate_proj", "up_proj") if self.gated else ("up_proj",)
        up = [Layer(n, self.width, hidden, self.ff_bias, copies, active) for n in names]
        return [*up, Layer("down_proj", hidden, self.width, self.ff_bias, copies, active)]

    def _expert_layers(self, experts: Experts) -> list[Layer]:
        n = experts.layers
        layers = [
            Layer("router", self.width, experts.count, copies=n),
            *self._feed_forward(experts.width, n * experts.count, n * experts.active),
            *self._feed_forward(experts.shared_width, n),
        ]
        return [*layers, Layer("shared_gate", self.width, 1, copies=n)] if experts.gate else layers

    def _attention(self) -> tuple[Attention, ...]:
        if self.latent:
            key, value = self.latent.plain + self.latent.rotary, self.latent.value
            cached = self.latent.kv_rank + self.latent.rotary
        else:
            key = value = self.head_width
            cached = 2 * self.kv_heads * self.head_width
        spans = ((self.layers - self.windowed, None), (self.windowed, self.window))
        return tuple(
            Attention(count, self.heads, key, value, cached, self.causal, window)
            for count, window in spans
            if count
        )

    def _saved(self) -> Saved:
        """What a block keeps, of a token: inputs of matrices, of norms, of the activation.

        For a plain block with dropout of 4·d hidden units: 16·d numbers and 2·d mask bytes, which
        is the 34·d bytes of arXiv:2205.05198 in 16 bits.
        """
        key = self.head_width
        queries, keys = self.heads * key, 2 * self.kv_heads * key
        mixed = queries
        if self.latent:
            key = self.latent.plain + self.latent.rotary
            queries, mixed = self.heads * key, self.heads * self.latent.value
            keys = queries + mixed + self.latent.kv_rank + (self.latent.query_rank or 0)
        inputs = 2 * self.width  # of the attention's matrices, and of the hidden layer's
        norms = min(self.norms, 4) * self.width
        hidden = self._hidden_units() * (4 if self.gated else 2)
        block = inputs + norms + queries + keys + mixed + hidden + self._hidden_inputs()
        return Saved(
            blocks=self.layers,
            block=block,
            inputs=self.width,
            masks=2 * self.width if self.dropout else 0,
            heads=self.heads,
            rest=2 * self.width,
            logits=0 if self.tied is None else self.vocabulary,
        )

    def _hidden_units(self) -> float:
        """Hidden units that one token passes in a layer, on average."""
        if not self.experts or not self.layers:
            return self.ff_width
        e = self.experts
        mixed = e.active * e.width + e.shared_width
        return (e.layers * mixed + (self.layers - e.layers) * self.ff_width) / self.layers

    def _hidden_inputs(self) -> float:
        """A token sent to several experts is copied for each."""
        if not self.experts or not self.layers:
            return 0
        return (self.experts.active + 1) * self.width * self.experts.layers / self.layers
