"""Families by name, each a function of a few sizes, with the sizes of its best known member."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from tenth.errors import InputError, must
from tenth.plan.checks import whole
from tenth.plan.models import vision
from tenth.plan.models.model import Layer, Model
from tenth.plan.models.transformer import Experts, Transformer


@dataclass(frozen=True)
class Sizes:
    """What a preset may be asked for; None takes the preset's own.

    `vocabulary` is the classes of an image model, `sequence` the pixels of its side.
    """

    layers: int | None = None
    width: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    ff_width: int | None = None
    vocabulary: int | None = None
    sequence: int | None = None


@dataclass(frozen=True)
class Full:
    """Sizes that are all said, save what follows from the others if None."""

    layers: int
    width: int
    heads: int
    kv_heads: int | None
    ff_width: int | None
    vocabulary: int
    sequence: int


@dataclass(frozen=True)
class Preset:
    """A family: its words for a listing, the sizes of its best known member, and how it is built.

    `has_heads` is False where heads mean nothing.
    """

    words: str
    sizes: Full
    build: Callable[[str, Full], Model]
    has_heads: bool = True


def preset(name: str, sizes: Sizes | None = None) -> Model:
    """The model of a family, with the sizes that are not said taken from its best known member.

    >>> preset("llama").parameters, preset("vit-b").parameters
    (6738415616, 86567656)

    Raises:
        InputError: no such family, or sizes that make no model.
    """
    if name not in PRESETS:
        raise InputError(must("preset", "one of " + ", ".join(PRESETS), repr(name)))
    chosen, asked = PRESETS[name], sizes or Sizes()
    given = {f.name: getattr(asked, f.name) for f in fields(asked)}
    given = {key: whole(key, value) for key, value in given.items() if value is not None}
    mine = replace(chosen.sizes, **given)
    if "heads" in given and "kv_heads" not in given:
        mine = replace(mine, kv_heads=None)  # its own grouping is of its own heads
    if "width" in given and "ff_width" not in given:
        mine = replace(mine, ff_width=None)
    if chosen.has_heads and mine.width % mine.heads:
        rule = "a multiple of heads"
        raise InputError(must("width", rule, f"{mine.width} and {mine.heads} heads"))
    if mine.heads % (mine.kv_heads or mine.heads):
        rule = "a multiple of kv_heads"
        raise InputError(must("heads", rule, f"{mine.heads} and {mine.kv_heads}"))
    built = chosen.build(name, mine)
    return built if not given else replace(built, name=f"{name} of these sizes")


def _stack(name: str, s: Full, ff_width: int) -> Transformer:
    return Transformer(
        name=name,
        layers=s.layers,
        width=s.width,
        heads=s.heads,
        kv_heads=s.kv_heads or s.heads,
        head_width=s.width // s.heads,
        ff_width=s.ff_width or ff_width,
        vocabulary=s.vocabulary,
        length=s.sequence,
    )


def _llama_stack(name: str, s: Full) -> Transformer:
    """The hidden width that follows is 8/3 of the width, up to a multiple of 256."""
    return _stack(name, s, -(-8 * s.width // (3 * 256)) * 256)


def _plain_stack(name: str, s: Full) -> Transformer:
    """GELU, biases everywhere, hidden width 4·d."""
    stack = _stack(name, s, 4 * s.width)
    return replace(
        stack, gated=False, qkv_bias=True, out_bias=True, ff_bias=True, norm_bias=True, dropout=True
    )


def _llama(name: str, s: Full) -> Model:
    return _llama_stack(name, s).model()


def _mixtral(name: str, s: Full) -> Model:
    stack = _llama_stack(name, s)
    experts = Experts(layers=s.layers, count=8, active=2, width=stack.ff_width)
    return replace(stack, experts=experts).model()


def _gpt(name: str, s: Full) -> Model:
    stack = replace(_plain_stack(name, s), tied=True, tables=s.sequence * s.width)
    note = "Its every second layer of sparse attention is counted as whole." if "3" in name else ""
    return stack.model(note=note)


def _bert(name: str, s: Full) -> Model:
    tables = (s.sequence + 2) * s.width
    stack = replace(_plain_stack(name, s), tied=None, causal=False, tables=tables)
    return stack.model(Layer("pooler", s.width, s.width, True))


def _vit(name: str, s: Full) -> Model:
    return vision.vit(_plain_stack(name, s), s.vocabulary, s.sequence)


def _resnet(name: str, s: Full) -> Model:
    return replace(vision.resnet(s.layers, s.width, s.vocabulary, s.sequence), name=name)


PRESETS: dict[str, Preset] = {
    "llama": Preset(
        "decoder with gated hidden layers; Llama 2 7B",
        Full(32, 4096, 32, None, None, 32000, 4096),
        _llama,
    ),
    "llama3-8b": Preset(
        "the same with grouped heads", Full(32, 4096, 32, 8, 14336, 128256, 8192), _llama
    ),
    "llama3-70b": Preset("the same, large", Full(80, 8192, 64, 8, 28672, 128256, 8192), _llama),
    "mixtral": Preset(
        "mixture of 8 experts, 2 at work; Mixtral 8x7B",
        Full(32, 4096, 32, 8, 14336, 32000, 32768),
        _mixtral,
    ),
    "gpt2": Preset("decoder with biases", Full(12, 768, 12, None, None, 50257, 1024), _gpt),
    "gpt3": Preset("the same, 175B", Full(96, 12288, 96, None, None, 50257, 2048), _gpt),
    "bert": Preset("encoder; BERT base", Full(12, 768, 12, None, None, 30522, 512), _bert),
    "bert-large": Preset("encoder", Full(24, 1024, 16, None, None, 30522, 512), _bert),
    "vit-b": Preset("images by patches; ViT-B/16", Full(12, 768, 12, None, None, 1000, 224), _vit),
    "vit-l": Preset("images by patches; ViT-L/16", Full(24, 1024, 16, None, None, 1000, 224), _vit),
    "resnet18": Preset("convolutions", Full(18, 64, 1, None, None, 1000, 224), _resnet, False),
    "resnet50": Preset("convolutions", Full(50, 64, 1, None, None, 1000, 224), _resnet, False),
    "resnet152": Preset("convolutions", Full(152, 64, 1, None, None, 1000, 224), _resnet, False),
}
