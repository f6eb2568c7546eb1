"""From a Hugging Face config.json to a model: one function a family, one line in the table.

The counts are those of the transformers library's own modules; a test builds each on its meta
device and compares.
"""

from collections.abc import Callable
from pathlib import Path

from tenth.errors import FormatError, must
from tenth.plan.models import decoders, encoders, keys, mixtures
from tenth.plan.models.keys import Keys
from tenth.plan.models.model import Model


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


Reader = Callable[[Keys], Model]

FAMILIES: dict[str, Reader] = {
    "bert": encoders.bert,
    "deepseek_v2": lambda c: mixtures.deepseek(c).model(),
    "deepseek_v3": lambda c: mixtures.deepseek(c).model(),
    "gemma": lambda c: decoders.gemma(c).model(),
    "gemma2": lambda c: decoders.gemma(c, norms=4).model(),
    "gemma3_text": lambda c: decoders.gemma(c, norms=4, qk_norm=True).model(),
    "gpt2": lambda c: decoders.gpt2(c).model(),
    "gpt_neox": lambda c: decoders.neox(c).model(),
    "granite": lambda c: decoders.llama(c).model(),
    "llama": lambda c: decoders.llama(c).model(),
    "mistral": lambda c: decoders.llama(c).model(),
    "mixtral": lambda c: mixtures.mixtral(c).model(),
    "olmo2": lambda c: decoders.olmo2(c).model(),
    "opt": lambda c: decoders.opt(c).model(),
    "phi": lambda c: decoders.phi(c).model(),
    "phi3": lambda c: decoders.llama(c).model(),
    "qwen2": lambda c: decoders.qwen2(c).model(),
    "qwen2_moe": lambda c: mixtures.qwen2_moe(c).model(),
    "qwen3": lambda c: decoders.qwen3(c).model(),
    "qwen3_moe": lambda c: mixtures.qwen3_moe(c).model(),
    "roberta": lambda c: encoders.bert(c, positions=2),
    "smollm3": lambda c: decoders.llama(c, tied=c.flag("tie_word_embeddings", True)).model(),
    "starcoder2": lambda c: decoders.starcoder2(c).model(),
}
