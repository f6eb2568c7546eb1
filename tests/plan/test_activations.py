import pytest

from tenth.plan.activations import Kept, activation_bytes
from tenth.plan.models import Sizes, preset

S, B = 2048, 4


@pytest.fixture
def gpt():
    return preset("gpt3", Sizes(layers=3, width=256, heads=8, vocabulary=1000, sequence=S))


def blocks(model, kept):
    """Without what lies outside the blocks."""
    outside = S * B * (model.saved.rest * kept.number_bytes + model.saved.logits * 6)
    return activation_bytes(model, B, S, kept) - outside


def test_a_plain_decoder_keeps_what_the_paper_counts(gpt):
    h, a, layers = 256, 8, 3
    published = layers * S * B * (34 * h + 5 * a * S)
    assert blocks(gpt, Kept(fused=False)) == published  # arXiv:2205.05198, equation 2


def test_fused_attention_keeps_34_bytes_a_unit_of_width(gpt):
    assert blocks(gpt, Kept()) == 3 * S * B * 34 * 256


def test_recomputation_keeps_the_inputs_of_blocks_and_one_whole_block(gpt):
    one = S * B * 34 * 256
    assert blocks(gpt, Kept(recompute=True)) == 3 * 2 * S * B * 256 + one


def test_logits_take_six_bytes_in_16_bits_and_twelve_in_32(gpt):
    lean = preset("gpt3", Sizes(layers=3, width=256, heads=8, vocabulary=1, sequence=S))
    for size, each in ((2, 6), (4, 12)):
        kept = Kept(number_bytes=size)
        more = activation_bytes(gpt, B, S, kept) - activation_bytes(lean, B, S, kept)
        assert more == S * B * 999 * each


@pytest.mark.parametrize("name", ["llama3-8b", "bert", "mixtral", "vit-b", "resnet50"])
def test_activations_grow_with_the_batch_and_shrink_by_recomputation(name):
    model = preset(name)
    length = model.length or 1
    once, twice = (activation_bytes(model, b, length, Kept()) for b in (1, 2))
    assert twice == pytest.approx(2 * once)
    assert activation_bytes(model, 1, length, Kept(recompute=True)) < once


def test_gated_blocks_keep_what_autograd_keeps():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    sizes = Sizes(layers=2, width=64, heads=4, kv_heads=2, ff_width=160, vocabulary=50)
    model = preset("llama", sizes)
    config = transformers.LlamaConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=160, vocab_size=50, attn_implementation="sdpa", use_cache=False,
    )  # fmt: skip
    module = transformers.LlamaModel(config)
    own = {p.untyped_storage()._cdata for p in module.parameters()}
    kept, held = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes()
            held.append(storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module(torch.zeros(3, 32, dtype=torch.long))
    ours = 3 * 32 * model.saved.blocks * model.saved.block * 4
    # the library norms in 32 bits of its own and repeats keys for each head: it keeps more
    assert ours <= sum(kept.values()) <= 1.45 * ours
