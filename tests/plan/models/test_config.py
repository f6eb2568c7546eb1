"""Counts from a config.json against the transformers library's own modules on the meta device."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import FormatError, InputError, TenthError
from tenth.plan.models.config import FAMILIES, of_config, read_config
from tenth.plan.models.keys import Keys

TINY = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 80,
    "vocab_size": 101,
    "max_position_embeddings": 64,
}
MIXTURE = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
DEEPSEEK = {
    **MIXTURE,
    "n_routed_experts": 6,
    "n_shared_experts": 2,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 12,
    "v_head_dim": 10,
    "n_group": 1,
    "topk_group": 1,
}
GPT2 = {"n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 64, "vocab_size": 101}

CASES = [
    ("llama", {}),
    ("llama", {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True}),
    ("llama", {"head_dim": 20}),
    ("mistral", {"sliding_window": 16}),
    ("granite", {}),
    ("smollm3", {"pad_token_id": 0}),
    ("olmo2", {}),
    ("qwen2", {}),
    ("qwen3", {"head_dim": 16, "tie_word_embeddings": True}),
    ("gemma", {"head_dim": 16}),
    ("gemma2", {"head_dim": 16}),
    ("gemma3_text", {"head_dim": 16}),
    ("phi", {}),
    ("phi3", {"pad_token_id": 0}),
    ("gpt2", GPT2),
    ("gpt2", {**GPT2, "n_inner": 32, "tie_word_embeddings": False}),
    ("gpt_neox", {}),
    ("opt", {"ffn_dim": 80, "word_embed_proj_dim": 48}),
    ("starcoder2", {}),
    ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    ("qwen2_moe", {**MIXTURE, "num_experts": 6, "shared_expert_intermediate_size": 40}),
    ("qwen2_moe", {**MIXTURE, "num_experts": 6, "shared_expert_intermediate_size": 40,
                   "decoder_sparse_step": 2, "mlp_only_layers": [1]}),
    ("qwen3_moe", {**MIXTURE, "num_experts": 6, "head_dim": 16, "mlp_only_layers": [0]}),
    ("deepseek_v2", {**DEEPSEEK, "q_lora_rank": None}),
    ("deepseek_v2", {**DEEPSEEK, "q_lora_rank": 20}),
    ("deepseek_v3", {**DEEPSEEK, "q_lora_rank": 20}),
    ("bert", {}),
    ("roberta", {}),
]  # fmt: skip
HEADS = ("BertModel", "BertForMaskedLM", "BertForPreTraining", "BertForSequenceClassification")


def config_file(folder, form):
    path = folder / "config.json"
    path.write_text(json.dumps(form))
    return path


@pytest.fixture
def on_meta():
    """How many parameters transformers counts; shared ones once."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")

    def count(form, head=None):
        fields = {key: value for key, value in form.items() if key != "model_type"}
        config = transformers.AutoConfig.for_model(form["model_type"], **fields)
        with torch.device("meta"):
            if head:
                module = getattr(transformers, head)(config)
            elif form["model_type"] in ("bert", "roberta"):
                module = transformers.AutoModel.from_config(config)
            else:
                module = transformers.AutoModelForCausalLM.from_config(config)
            module.tie_weights()
        return sum(parameter.numel() for parameter in module.parameters())

    return count


@pytest.mark.parametrize(("kind", "more"), CASES, ids=lambda c: c if isinstance(c, str) else "")
def test_the_count_is_that_of_transformers(kind, more, tmp_path, on_meta):
    form = {"model_type": kind, **(TINY if kind != "gpt2" else {}), **more}
    assert read_config(config_file(tmp_path, form)).parameters == on_meta(form)


def test_every_family_of_the_table_is_compared():
    assert {kind for kind, _ in CASES} == set(FAMILIES)


@pytest.mark.parametrize("head", HEADS)
def test_the_head_of_an_encoder_is_what_its_architecture_names(head, tmp_path, on_meta):
    form = {"model_type": "bert", **TINY, "architectures": [head]}
    counted = read_config(config_file(tmp_path, form)).parameters
    if head == "BertForSequenceClassification":
        assert on_meta(form, head) - counted == 2 * 48 + 2  # its labels are in no key of ours
    else:
        assert counted == on_meta(form, head)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "model_type of .* must be one of bert, .*Got no model_type. Plan from its size"),
        ({"model_type": "mamba"}, "Got 'mamba'"),
        ({"model_type": "llava", "text_config": {}}, "Plan from its text_config"),
        ({"model_type": ["llama"]}, "Got \\['llama'\\]"),
        ({"model_type": "llama"}, "must be a configuration with num_attention_heads"),
        (
            {"model_type": "llama", "num_attention_heads": 4, "hidden_size": 48},
            "must be a configuration with num_hidden_layers. Got hidden_size, model_type",
        ),
        ({"model_type": "llama", **TINY, "hidden_size": "48"}, "hidden_size of .* whole number"),
        ({"model_type": "llama", **TINY, "hidden_size": -48}, "at least 1. Got -48"),
        ({"model_type": "llama", **TINY, "vocab_size": True}, "vocab_size of .* whole number"),
        ({"model_type": "llama", **TINY, "hidden_size": 50}, "a multiple of num_attention_heads"),
        ({"model_type": "llama", **TINY, "attention_bias": 1}, "must be true or false"),
        ({"model_type": "mixtral", **TINY}, "with num_local_experts"),
        ({"model_type": "qwen3_moe", **TINY}, "with num_experts or num_local_experts"),
        ({"model_type": "deepseek_v3", **TINY}, "with moe_intermediate_size"),
        ({"model_type": "qwen2_moe", **TINY, "mlp_only_layers": 3}, "must be a list"),
        ({"model_type": "gpt2", "n_embd": 48}, "with n_head"),
        ({"model_type": "gpt2", "n_embd": 50, "n_head": 4}, "a multiple of n_head"),
        ({"model_type": "llama", **TINY, "num_key_value_heads": 3}, "key and value heads"),
        (
            {"model_type": "mixtral", **TINY, "num_local_experts": 2, "num_experts_per_tok": 3},
            "at most all of them. Got 3 of 2",
        ),
        ({"model_type": "opt", **TINY, "word_embed_proj_dim": 8}, "equal to hidden_size"),
    ],
)
def test_a_configuration_that_lacks_something_is_refused_in_a_sentence(form, words, tmp_path):
    with pytest.raises(InputError, match=words):
        read_config(config_file(tmp_path, form))


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", "\ufeff{}", "[" * 100_000])
def test_what_is_no_json_object_is_refused(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(FormatError, match=r"configuration .* must be"):
        read_config(tmp_path / "config.json")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_config(tmp_path / "absent.json")
    with pytest.raises(FormatError, match="cannot be read"):
        read_config(tmp_path)


def test_windows_are_counted_by_layer(tmp_path):
    kinds = ["sliding_attention", "full_attention", "sliding_attention"]
    form = {"model_type": "gemma2", **TINY, "sliding_window": 16, "layer_types": kinds}
    model = read_config(config_file(tmp_path, form))
    assert [(a.copies, a.window) for a in model.attention] == [(1, None), (2, 16)]


def test_experts_at_work_are_told_from_all(tmp_path):
    more = {"num_local_experts": 4, "num_experts_per_tok": 2}
    model = read_config(config_file(tmp_path, {"model_type": "mixtral", **TINY, **more}))
    assert model.parameters - model.active_parameters == 3 * 2 * 3 * 48 * 80


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.floats(), st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=3), st.dictionaries(st.text(max_size=2), st.none()),
)  # fmt: skip


@given(st.sampled_from(CASES), st.data())
def test_odd_values_make_a_model_or_a_sentence(case, data):
    kind, more = case
    form = {**(TINY if kind != "gpt2" else {}), **more}
    key = data.draw(st.sampled_from(sorted(form)))
    try:
        model = of_config(Keys({**form, key: data.draw(ODD), "model_type": kind}, "config.json"))
    except TenthError:
        return
    assert 0 < model.active_parameters <= model.parameters
    assert model.forward_flops(16) > 0
    assert model.saved.block > 0
