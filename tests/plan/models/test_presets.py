import pytest

from tenth.errors import InputError
from tenth.plan.models import PRESETS, Sizes, preset

# as their authors' code or the torchvision and transformers libraries count them
PUBLISHED = {
    "llama": 6_738_415_616,
    "llama3-8b": 8_030_261_248,
    "llama3-70b": 70_553_706_496,
    "mixtral": 46_702_792_704,
    "gpt2": 124_439_808,
    "bert": 109_482_240,
    "bert-large": 335_141_888,
    "vit-b": 86_567_656,
    "vit-l": 304_326_632,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnet152": 60_192_808,
}
# billions of multiply-accumulates of an image, as torchvision prints them
PUBLISHED_GMACS = {"vit-b": 17.56, "vit-l": 61.55, "resnet18": 1.814, "resnet50": 4.089}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_counts_what_is_published(name):
    if name == "gpt3":
        assert preset(name).parameters == pytest.approx(175e9, rel=0.003)
    else:
        assert preset(name).parameters == PUBLISHED[name]


@pytest.mark.parametrize(("name", "gmacs"), PUBLISHED_GMACS.items())
def test_an_image_costs_what_is_published(name, gmacs):
    model = preset(name)
    assert model.forward_flops(model.length or 1) == pytest.approx(2e9 * gmacs, rel=0.005)


def test_sizes_replace_the_presets_own_and_what_follows_from_them():
    model = preset("llama", Sizes(layers=2, width=48, heads=4, vocabulary=10))
    hidden = 256  # 8/3 of 48, up to a multiple of 256
    assert model.parameters == 2 * 10 * 48 + 2 * (4 * 48**2 + 3 * 48 * hidden + 2 * 48) + 48
    assert model.name == "llama of these sizes"


def test_grouped_heads_and_hidden_width_are_the_users():
    model = preset("llama", Sizes(layers=1, width=8, heads=4, kv_heads=2, ff_width=6, vocabulary=3))
    assert model.parameters == 2 * 3 * 8 + (2 * 64 + 2 * 8 * 4 + 3 * 8 * 6 + 2 * 8) + 8


@pytest.mark.parametrize(
    ("name", "sizes", "words"),
    [
        ("gpt5", Sizes(), "preset must be one of llama"),
        ("llama", Sizes(layers=0), "layers must be a whole number"),
        ("llama", Sizes(width=100), "width must be a multiple of heads. Got 100 and 32"),
        ("llama", Sizes(kv_heads=5), "heads must be a multiple of kv_heads"),
        ("resnet50", Sizes(layers=51), "layers of a resnet must be one of 18"),
        ("resnet50", Sizes(sequence=100), "multiple of 32"),
        ("vit-b", Sizes(sequence=100), "multiple of 16"),
    ],
)
def test_sizes_that_make_no_model_are_refused(name, sizes, words):
    with pytest.raises(InputError, match=words):
        preset(name, sizes)


def test_what_a_residual_network_keeps_is_what_autograd_keeps():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = preset("resnet50")
    with torch.device("meta"):
        module = transformers.ResNetForImageClassification(transformers.ResNetConfig())
        kept: dict[int, int] = {}
        own = {p.untyped_storage()._cdata for p in module.parameters()}
        held = []

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage._cdata not in own:
                kept[storage._cdata] = storage.nbytes()
                held.append(storage)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            module(torch.zeros(1, 3, 224, 224))
    saved = model.saved
    ours = 4 * (saved.block * saved.blocks + saved.rest)
    assert sum(kept.values()) == pytest.approx(ours, rel=0.10)
