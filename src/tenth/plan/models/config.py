"""From a Hugging Face config.json to a model: one function a family, one line in the table.

The counts are those of the transformers library's own modules; a test builds each on its meta
device and compares.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenth.errors import FormatError, must
from tenth.plan.models import keys
from tenth.plan.models.keys import Keys
from tenth.plan.models.model import Layer, Model
from tenth.plan.models.transformer import Experts, Latent, Transformer


def read_config(path: str | Path) -> Model:
    """The model that a config.json describes.

    Raises:
        FormatError: no such file, a key missing or wrong, or a family that is not in the table; the
            message says which.
    """
    return of_config(keys.load(path))


def of_config(config: Keys) -> Model:
    """The model of an opened configuration (see `read_config`)."""
    kind = config.form.get("model_type")
    if not isinstance(kind, str) or kind not in FAMILIES:
        remedy = "Plan from its size: --params and --tokens."
        if isinstance(config.form.get("text_config"), dict):
            remedy = "Plan from its text_config saved as a file of its own, or from its size."
        got = "no model_type" if kind is None else repr(kind)
        known = ", ".join(sorted(FAMILIES))
        raise FormatError(must(f"model_type of {config.origin}", f"one of {known}", got, remedy))
    return FAMILIES[kind](config)


def _sizes(config: Keys, **more: Any) -> dict[str, Any]:
    """The sizes that most families give under the same keys."""
    heads = config.whole("num_attention_heads")
    width = config.whole("hidden_size")
    if config.form.get("head_dim") is None and width % heads:
        rule = "a multiple of num_attention_heads, as no head_dim is given"
        raise FormatError(must(f"hidden_size of {config.origin}", rule, f"{width} and {heads}"))
    sizes = {
        "name": str(config.form.get("_name_or_path") or config.form["model_type"]),
        "layers": config.whole("num_hidden_layers"),
        "width": width,
        "heads": heads,
        "kv_heads": config.whole("num_key_value_heads", default=heads),
        "head_width": config.whole("head_dim", default=width // heads),
        "ff_width": config.whole("intermediate_size"),
        "vocabulary": config.whole("vocab_size"),
        "tied": config.flag("tie_word_embeddings", False),
        "length": config.whole("max_position_embeddings", default=0, least=0) or None,
    }
    return sizes | more


def _all_heads(sizes: dict[str, Any]) -> dict[str, Any]:
    """Sizes of a family that knows no grouped heads, whatever its configuration says."""
    return sizes | {"kv_heads": sizes["heads"]}


def _window(config: Keys, layers: int) -> dict[str, Any]:
    """How many layers see only a window, by what the configuration says of each."""
    window = config.form.get("sliding_window")
    kinds = config.listed("layer_types")
    if window is None:
        return {}
    if kinds:
        windowed = sum(kind == "sliding_attention" for kind in kinds)
    else:
        windowed = layers if config.form["model_type"] in ("mistral", "mixtral") else 0
    return {"window": config.whole("sliding_window"), "windowed": min(windowed, layers)}


def _llama(config: Keys, **more: Any) -> Transformer:
    bias = config.flag("attention_bias", False)
    sizes = _sizes(config)
    defaults: dict[str, Any] = {
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": config.flag("mlp_bias", False),
    }
    return Transformer(**(sizes | _window(config, sizes["layers"]) | defaults | more))


def _qwen2(config: Keys, **more: Any) -> Transformer:
    bias = config.flag("qkv_bias", True)
    return _llama(config, qkv_bias=bias, out_bias=False, ff_bias=False, **more)


def _qwen3(config: Keys, **more: Any) -> Transformer:
    head = config.whole("head_dim", default=128)
    return _llama(config, head_width=head, qk_norm=2 * head, ff_bias=False, **more)


def _gemma(config: Keys, norms: int = 2, qk_norm: bool = False) -> Transformer:
    head = config.whole("head_dim", default=256)
    return _llama(
        config,
        head_width=head,
        tied=config.flag("tie_word_embeddings", True),
        norms=norms,
        qk_norm=2 * head if qk_norm else 0,
        ff_bias=False,
    )


def _olmo2(config: Keys) -> Transformer:
    found = _llama(config)
    norms = (found.heads + found.kv_heads) * found.head_width
    return _llama(config, qk_norm=norms)


def _gpt2(config: Keys) -> Transformer:
    width, heads = config.whole("n_embd"), config.whole("n_head")
    length = config.whole("n_positions")
    return Transformer(
        name=str(config.form.get("_name_or_path") or "gpt2"),
        layers=config.whole("n_layer"),
        width=width,
        heads=heads,
        kv_heads=heads,
        head_width=width // heads,
        ff_width=config.whole("n_inner", default=4 * width),
        vocabulary=config.whole("vocab_size"),
        gated=False,
        tied=config.flag("tie_word_embeddings", True),
        qkv_bias=True,
        out_bias=True,
        ff_bias=True,
        norm_bias=True,
        tables=length * width,
        dropout=True,
        length=length,
    )


def _neox(config: Keys) -> Transformer:
    bias = config.flag("attention_bias", True)
    sizes = _sizes(config)
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": True,
        "norm_bias": True,
    }
    return Transformer(**(_all_heads(sizes) | more))


def _opt(config: Keys) -> Transformer:
    width, length = config.whole("hidden_size"), config.whole("max_position_embeddings")
    if config.whole("word_embed_proj_dim", default=width) != width:
        rule = "equal to hidden_size"
        got = f"{config.form['word_embed_proj_dim']} and {width}"
        raise FormatError(must(f"word_embed_proj_dim of {config.origin}", rule, got))
    bias = config.flag("enable_bias", True)
    more: dict[str, Any] = {
        "ff_width": config.whole("ffn_dim"),
        "tied": config.flag("tie_word_embeddings", True),
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": bias,
        "norm_bias": config.flag("layer_norm_elementwise_affine", True),
        "tables": (length + 2) * width,
        "gated": False,
        "dropout": True,
    }
    merged = {"intermediate_size": more["ff_width"], **config.form}
    return Transformer(**(_all_heads(_sizes(Keys(merged, config.origin))) | more))


def _starcoder2(config: Keys) -> Transformer:
    bias = config.flag("use_bias", True)
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": bias,
        "norm_bias": True,
    }
    tied = config.flag("tie_word_embeddings", True)
    sizes = _sizes(config)
    return Transformer(**(sizes | _window(config, sizes["layers"]) | more | {"tied": tied}))


def _phi(config: Keys) -> Transformer:
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": True,
        "out_bias": True,
        "ff_bias": True,
        "norms": 1,
    }
    return Transformer(**(_sizes(config) | more | {"norm_bias": True, "head_bias": True}))


def _mixtral(config: Keys) -> Transformer:
    layers, width = config.whole("num_hidden_layers"), config.whole("intermediate_size")
    experts = Experts(
        layers=layers,
        count=config.whole("num_local_experts"),
        active=config.whole("num_experts_per_tok"),
        width=width,
    )
    return _llama(config, experts=experts)


def _sparse_layers(config: Keys) -> int:
    """How many layers hold experts, of those that take turns with plain ones."""
    layers, step = config.whole("num_hidden_layers"), config.whole("decoder_sparse_step", default=1)
    plain = set(config.listed("mlp_only_layers"))
    return sum(i not in plain and (i + 1) % step == 0 for i in range(layers))


def _qwen_experts(config: Keys, shared: bool) -> Experts:
    return Experts(
        layers=_sparse_layers(config),
        count=config.whole("num_experts", "num_local_experts"),
        active=config.whole("num_experts_per_tok"),
        width=config.whole("moe_intermediate_size"),
        shared_width=config.whole("shared_expert_intermediate_size") if shared else 0,
        gate=shared,
    )


def _deepseek(config: Keys) -> Transformer:
    layers = config.whole("num_hidden_layers")
    dense = min(layers, config.whole("first_k_dense_replace", default=0, least=0))
    width = config.whole("moe_intermediate_size")
    experts = Experts(
        layers=layers - dense,
        count=config.whole("n_routed_experts"),
        active=config.whole("num_experts_per_tok"),
        width=width,
        shared_width=width * config.whole("n_shared_experts", default=0, least=0),
    )
    rank = config.form.get("q_lora_rank")
    latent = Latent(
        query_rank=None if rank is None else config.whole("q_lora_rank"),
        kv_rank=config.whole("kv_lora_rank"),
        rotary=config.whole("qk_rope_head_dim"),
        plain=config.whole("qk_nope_head_dim"),
        value=config.whole("v_head_dim"),
    )
    return _llama(config, experts=experts, latent=latent, ff_bias=False)


def _bert(config: Keys, positions: int = 0) -> Model:
    """An encoder with embeddings of places and types; the head is what `architectures` names."""
    sizes = _all_heads(_sizes(config))
    width = sizes["width"]
    types = config.whole("type_vocab_size", default=2)
    length = config.whole("max_position_embeddings")
    stack = Transformer(
        **sizes
        | {
            "tied": None,
            "gated": False,
            "causal": False,
            "qkv_bias": True,
            "out_bias": True,
            "ff_bias": True,
            "norm_bias": True,
            "dropout": True,
            "tables": (length + types) * width,
            "length": length - positions,
        }
    )
    word = next(iter(config.listed("architectures")), "Model")
    more: list[Layer] = []
    if str(word).endswith(("Model", "ForPreTraining", "ForSequenceClassification")):
        more.append(Layer("pooler", width, width, True))
    if str(word).endswith(("ForPreTraining", "ForMaskedLM")):
        more.append(Layer("transform", width, width, True))
        more.append(Layer("lm_head", width, sizes["vocabulary"], True, shared=True))
    if str(word).endswith("ForPreTraining"):
        more.append(Layer("next_sentence", width, 2, True))
    extra = 2 * width if any(layer.name == "transform" for layer in more) else 0
    model = stack.model(*more)
    return _with_scales(model, extra)


def _with_scales(model: Model, extra: int) -> Model:
    return replace(model, scales=model.scales + extra) if extra else model


Reader = Callable[[Keys], Model]

FAMILIES: dict[str, Reader] = {
    "bert": _bert,
    "deepseek_v2": lambda c: _deepseek(c).model(),
    "deepseek_v3": lambda c: _deepseek(c).model(),
    "gemma": lambda c: _gemma(c).model(),
    "gemma2": lambda c: _gemma(c, norms=4).model(),
    "gemma3_text": lambda c: _gemma(c, norms=4, qk_norm=True).model(),
    "gpt2": lambda c: _gpt2(c).model(),
    "gpt_neox": lambda c: _neox(c).model(),
    "granite": lambda c: _llama(c).model(),
    "llama": lambda c: _llama(c).model(),
    "mistral": lambda c: _llama(c).model(),
    "mixtral": lambda c: _mixtral(c).model(),
    "olmo2": lambda c: _olmo2(c).model(),
    "opt": lambda c: _opt(c).model(),
    "phi": lambda c: _phi(c).model(),
    "phi3": lambda c: _llama(c).model(),
    "qwen2": lambda c: _qwen2(c).model(),
    "qwen2_moe": lambda c: _qwen2(c, experts=_qwen_experts(c, True)).model(),
    "qwen3": lambda c: _qwen3(c).model(),
    "qwen3_moe": lambda c: _qwen3(c, experts=_qwen_experts(c, False)).model(),
    "roberta": lambda c: _bert(c, positions=2),
    "smollm3": lambda c: _llama(c, tied=c.flag("tie_word_embeddings", True)).model(),
    "starcoder2": lambda c: _starcoder2(c).model(),
}
