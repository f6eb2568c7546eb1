"""Stored variants as torch tensors, and as models of transformers."""

import socket

import numpy as np
import pytest
import torch
from blake3 import blake3
from safetensors.torch import save_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizer,
    GenerationConfig,
)

from tenth.adapters.keep import DTYPES, _tensor, pretrained, state_dict
from tenth.errors import InputError, MissingError, UnsupportedError
from tenth.keep import Store
from tenth.keep.dtypes import DTYPES as STORED
from tenth.keep.manifest import Segment
from tenth.keep.opening import Tensor

CONFIG = BertConfig(
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=50
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", make=True)


def test_tensors_of_every_kind_come_back_as_torch_tensors(store, tmp_path):
    torch.manual_seed(0)
    kinds = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int8]
    arrays = {str(kind): (torch.randn(5, 7) * 9).to(kind) for kind in kinds}
    arrays |= {"bool": torch.tensor([True, False]), "scalar": torch.tensor(2.5)}
    arrays |= {"empty": torch.zeros(0, 3), "f8": torch.randn(4, 4).to(torch.float8_e4m3fn)}
    save_file(arrays, tmp_path / "m.safetensors")
    store.put("m", tmp_path / "m.safetensors")
    back = state_dict(store.open("m"), "cpu")
    assert back.keys() == arrays.keys()
    for name, tensor in arrays.items():
        assert (back[name].dtype, back[name].shape) == (tensor.dtype, tensor.shape)
        one, other = (each.reshape(-1).view(torch.uint8) for each in (back[name], tensor))
        assert torch.equal(one, other)
    back["scalar"].zero_()  # a tensor of one's own
    assert state_dict(store.open("m"))["scalar"] == 2.5


@pytest.mark.parametrize("dtype", STORED)
def test_every_type_has_a_torch_type_or_a_clear_error(dtype):
    data = bytes(range(8 * STORED[dtype].bits // 8))

    class Values:
        def chunks(self, tensor_id):
            return [(tensor_id, 0)]

        def chunk(self, tensor_id, at):
            return memoryview(data)

    segment = Segment(blake3(data).hexdigest(), len(data), "w", dtype, (2, 4))
    stored = Tensor(Values(), segment, "m")
    if dtype not in DTYPES:
        with pytest.raises(UnsupportedError, match=f"torch has no dtype for {dtype}"):
            _tensor(stored, stored.read())
        return
    made = _tensor(stored, stored.read())
    assert made.dtype == DTYPES[dtype]
    assert made.contiguous().view(torch.uint8).numpy().tobytes() == data


def test_a_tensor_on_another_device(store, tmp_path):
    save_file({"w": torch.ones(3)}, tmp_path / "m.safetensors")
    store.put("m", tmp_path / "m.safetensors")
    assert state_dict(store.open("m"), "meta")["w"].device.type == "meta"


def test_safetensors_are_taken_before_files_of_torch(store, tmp_path):
    model = tmp_path / "m"
    model.mkdir()
    save_file({"w": torch.ones(3)}, model / "model.safetensors")
    torch.save({"w": torch.zeros(3)}, model / "pytorch_model.bin")
    store.put("m", model)
    assert state_dict(store.open("m"))["w"].tolist() == [1, 1, 1]


def test_a_model_is_loaded_without_a_copy_of_its_weights_on_the_disk(store, tmp_path):
    torch.manual_seed(0)
    model = BertModel(CONFIG).to(torch.bfloat16).eval()
    model.save_pretrained(tmp_path / "m")
    (tmp_path / "m" / "vocab[1].txt").write_text("[PAD]")
    store.put("m", tmp_path / "m")
    with pretrained(store, "m") as stored:
        names = {path.name for path in stored.folder.iterdir()}
        assert names == {"config.json", "vocab[1].txt"}
        for kind in (BertModel, AutoModel):
            loaded = stored.load(kind).eval()
            assert isinstance(loaded, BertModel)
            assert loaded.dtype == torch.bfloat16
            for name, tensor in model.state_dict().items():
                assert torch.equal(loaded.state_dict()[name], tensor)
        wide = stored.load(BertModel, dtype=torch.float32)
        assert wide.dtype == torch.float32
        head = stored.load(AutoModelForSequenceClassification)
        assert torch.equal(
            head.bert.embeddings.word_embeddings.weight, model.embeddings.word_embeddings.weight
        )
    assert not stored.folder.exists()


@pytest.fixture
def no_network(monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def test_a_tokenizer_is_loaded_from_what_is_stored_and_never_from_a_hub(
    store, tmp_path, no_network
):
    model = tmp_path / "m"
    BertModel(CONFIG).save_pretrained(model)
    store.put("bare", model)
    (model / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\nblue\n")
    store.put("m", model)
    with pretrained(store, "m") as stored:
        for kind in (AutoTokenizer, BertTokenizer):
            tokenizer = stored.load(kind)
            assert tokenizer.convert_tokens_to_ids(["blue", "red"]) == [6, 5]
        assert stored.load(AutoConfig).hidden_size == 16
        for kind in ("bert-base-uncased", None, 3, dict):
            with pytest.raises(InputError, match="must be a class of transformers"):
                stored.load(kind)
    with pretrained(store, "bare") as stored:
        for kind in (AutoTokenizer, BertTokenizer):
            with pytest.raises(InputError, match="bare must be put with the files of its token"):
                stored.load(kind)
        with pytest.raises(InputError, match="put with the files of GenerationConfig"):
            stored.load(GenerationConfig)


def test_a_variant_without_a_config_says_so(store, tmp_path):
    save_file({"w": torch.ones(3)}, tmp_path / "m.safetensors")
    store.put("m", tmp_path / "m.safetensors")
    with (
        pretrained(store, "m") as stored,
        pytest.raises(InputError, match=r"put with its config\.json"),
    ):
        stored.load(BertModel)
    with pytest.raises(MissingError), pretrained(store, "n"):
        pass


def test_wrong_calls_are_one_sentence(store):
    for variant in ("name", None, {"w": 1}):
        with pytest.raises(InputError, match=r"variant must be what Store\.open gives"):
            state_dict(variant)
    with pytest.raises(InputError, match="store must be a Store"), pretrained("models/", "m"):
        pass
    with pytest.raises(InputError, match="name must be text"), pretrained(store, 3):
        pass


def test_half_words_are_not_changed_on_the_way(store, tmp_path):
    words = torch.from_numpy(np.arange(1 << 16, dtype=np.uint16)).view(torch.bfloat16)
    save_file({"w": words}, tmp_path / "m.safetensors")
    store.put("m", tmp_path / "m.safetensors")
    back = state_dict(store.open("m"))["w"]
    assert torch.equal(back.view(torch.uint16), words.view(torch.uint16))
