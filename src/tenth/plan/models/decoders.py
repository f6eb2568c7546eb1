"""Decoders in a configuration: which keys, and what each family adds or leaves out."""

from typing import Any

from tenth.errors import FormatError, must
from tenth.plan.models.keys import Keys
from tenth.plan.models.transformer import Transformer


def sizes_of(config: Keys, **more: Any) -> dict[str, Any]:
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


def all_heads(sizes: dict[str, Any]) -> dict[str, Any]:
    """Sizes of a family that knows no grouped heads, whatever its configuration says."""
    return sizes | {"kv_heads": sizes["heads"]}


def built(sizes: dict[str, Any]) -> Transformer:
    """The transformer of these sizes."""
    return Transformer(**sizes)


def window(config: Keys, layers: int) -> dict[str, Any]:
    """How many layers see only a window, by what the configuration says of each."""
    kinds = config.listed("layer_types")
    if config.form.get("sliding_window") is None:
        return {}
    if kinds:
        windowed = sum(kind == "sliding_attention" for kind in kinds)
    else:
        windowed = layers if config.form["model_type"] in ("mistral", "mixtral") else 0
    return {"window": config.whole("sliding_window"), "windowed": min(windowed, layers)}


def llama(config: Keys, **more: Any) -> Transformer:
    """Gated hidden layers, one row a norm, rotary positions; biases where asked for."""
    bias = config.flag("attention_bias", False)
    sizes = sizes_of(config)
    defaults: dict[str, Any] = {
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": config.flag("mlp_bias", False),
    }
    return built(sizes | window(config, sizes["layers"]) | defaults | more)


def qwen2(config: Keys, **more: Any) -> Transformer:
    """As llama, with biases on queries, keys and values alone."""
    bias = config.flag("qkv_bias", True)
    return llama(config, qkv_bias=bias, out_bias=False, ff_bias=False, **more)


def qwen3(config: Keys, **more: Any) -> Transformer:
    """As llama, with norms on the queries and keys of each head."""
    head = config.whole("head_dim", default=128)
    return llama(config, head_width=head, qk_norm=2 * head, ff_bias=False, **more)


def gemma(config: Keys, norms: int = 2, qk_norm: bool = False) -> Transformer:
    """As llama, with heads of 256 and a tied head; later ones norm after each part too."""
    head = config.whole("head_dim", default=256)
    return llama(
        config,
        head_width=head,
        tied=config.flag("tie_word_embeddings", True),
        norms=norms,
        qk_norm=2 * head if qk_norm else 0,
        ff_bias=False,
    )


def olmo2(config: Keys) -> Transformer:
    """As llama, with norms on all queries and on all keys at once."""
    found = llama(config)
    norms = (found.heads + found.kv_heads) * found.head_width
    return llama(config, qk_norm=norms)


def gpt2(config: Keys) -> Transformer:
    """Biases everywhere, learned positions, a tied head."""
    width, heads = config.whole("n_embd"), config.whole("n_head")
    if width % heads:
        got = f"{width} and {heads}"
        raise FormatError(must(f"n_embd of {config.origin}", "a multiple of n_head", got))
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


def neox(config: Keys) -> Transformer:
    """Biases everywhere, rotary positions, two hidden matrices."""
    bias = config.flag("attention_bias", True)
    sizes = sizes_of(config)
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": True,
        "norm_bias": True,
    }
    return built(all_heads(sizes) | more)


def opt(config: Keys) -> Transformer:
    """Biases everywhere, learned positions and two rows beside, a tied head."""
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
    return built(all_heads(sizes_of(Keys(merged, config.origin))) | more)


def starcoder2(config: Keys) -> Transformer:
    """Grouped heads with biases, two hidden matrices, a tied head."""
    bias = config.flag("use_bias", True)
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "ff_bias": bias,
        "norm_bias": True,
    }
    tied = config.flag("tie_word_embeddings", True)
    sizes = sizes_of(config)
    return built(sizes | window(config, sizes["layers"]) | more | {"tied": tied})


def phi(config: Keys) -> Transformer:
    """One norm a layer, biases everywhere, the head too."""
    more: dict[str, Any] = {
        "gated": False,
        "qkv_bias": True,
        "out_bias": True,
        "ff_bias": True,
        "norms": 1,
    }
    return built(sizes_of(config) | more | {"norm_bias": True, "head_bias": True})
