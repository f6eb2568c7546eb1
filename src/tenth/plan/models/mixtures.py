"""Mixtures of experts in a configuration."""

from tenth.plan.models.decoders import llama, qwen2, qwen3
from tenth.plan.models.keys import Keys
from tenth.plan.models.transformer import Experts, Latent, Transformer


def mixtral(config: Keys) -> Transformer:
    """As llama; each layer has experts in place of its hidden layer."""
    layers, width = config.whole("num_hidden_layers"), config.whole("intermediate_size")
    experts = Experts(
        layers=layers,
        count=config.whole("num_local_experts"),
        active=config.whole("num_experts_per_tok"),
        width=width,
    )
    return llama(config, experts=experts)


def qwen2_moe(config: Keys) -> Transformer:
    """Attention of Qwen2, experts and one that always works, weighed by a gate."""
    return qwen2(config, experts=_qwen_experts(config, shared=True))


def qwen3_moe(config: Keys) -> Transformer:
    """Attention of Qwen3, experts alone."""
    return qwen3(config, experts=_qwen_experts(config, shared=False))


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


def deepseek(config: Keys) -> Transformer:
    """Latent attention; after some plain layers, many small experts and some that always work."""
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
    return llama(config, experts=experts, latent=latent, ff_bias=False)
