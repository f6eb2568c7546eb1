"""Encoders in a configuration."""

from dataclasses import replace

from tenth.plan.models.decoders import all_heads, built, sizes_of
from tenth.plan.models.keys import Keys
from tenth.plan.models.model import Layer, Model


def bert(config: Keys, positions: int = 0) -> Model:
    """An encoder with embeddings of places and types; the head is what `architectures` names."""
    sizes = all_heads(sizes_of(config))
    width = sizes["width"]
    types = config.whole("type_vocab_size", default=2)
    length = config.whole("max_position_embeddings")
    stack = built(
        sizes
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
    model = stack.model(*more)
    if any(layer.name == "transform" for layer in more):  # which is followed by a norm
        return replace(model, scales=model.scales + 2 * width)
    return model
