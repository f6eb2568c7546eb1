"""Encoders and decoders as written in transformers, with random weights."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel


class Plain(nn.Module):
    """A model of transformers as a function of tensors to one tensor."""

    def __init__(self, model: nn.Module, output: str) -> None:
        super().__init__()
        self.model, self.output = model, output

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        return getattr(self.model(input_ids=ids, attention_mask=mask), self.output)


def bert(
    depth: int = 6,
    *,
    width: int = 384,
    heads: int = 12,
    inner: int = 1536,
    vocabulary: int = 30522,
    places: int = 512,
    **more: Any,
) -> nn.Module:
    """An encoder; as it stands, that of MiniLM-L6-H384.

    Source: Devlin et al. 2018, arXiv:1810.04805; Wang et al. 2020, arXiv:2002.10957.
    """
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=places,
        **more,
    )
    return Plain(BertModel(config, add_pooling_layer=False), "last_hidden_state").eval()


def gpt2(
    depth: int = 12,
    *,
    width: int = 768,
    heads: int = 12,
    vocabulary: int = 50257,
    places: int = 1024,
    **more: Any,
) -> nn.Module:
    """A decoder from ids to the scores of the next one, at each place at once.

    Source: Radford et al. 2019, "Language models are unsupervised multitask learners".
    """
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_embd=width,
        n_layer=depth,
        n_head=heads,
        n_positions=places,
        use_cache=False,
        bos_token_id=0,
        eos_token_id=0,
        **more,
    )
    return Plain(GPT2LMHeadModel(config), "logits").eval()
