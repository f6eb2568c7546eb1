import contextlib
import random

import numpy as np
import pytest
import torch
from torch import nn

from tenth.adapters.judge import reading, running
from tenth.adapters.judge.belonging import of_model
from tenth.errors import FormatError, InputError, TenthError
from tenth.sparsity.models import save_model

from .models import graph, masked, onnx_file, safetensors, weights

FULL = weights()
COUNT = sum(array.size for array in FULL.values())
WEIGHTS = sum(array.size for array in FULL.values() if array.ndim > 1)


def torch_file(path, arrays, wrap=lambda state: state):
    torch.save(wrap({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()}), path)
    return path


def folder(tmp_path, **files):
    made = tmp_path / "folder"
    made.mkdir()
    for name, write in files.items():
        write(made / name.replace("__", "."))
    return made


@pytest.mark.parametrize(
    ("name", "write", "kind"),
    [
        ("m.safetensors", safetensors, "safetensors"),
        ("m.pt", torch_file, "torch"),
        ("m.onnx", onnx_file, "onnx"),
    ],
)
def test_each_format_counts_the_same(tmp_path, name, write, kind):
    zeroed = masked(FULL)
    model = reading.model(write(tmp_path / name, zeroed))
    account = model.account
    assert model.kind == kind
    assert (account.values, account.weights) == (COUNT, WEIGHTS)
    expected = sum(int((a == 0).sum()) for a in zeroed.values() if a.ndim > 1)
    assert account.zeros == expected
    assert account.patterns == {"anywhere": WEIGHTS}
    assert account.size_bytes == (tmp_path / name).stat().st_size
    assert account.dtypes == {"F32": COUNT}


def test_patterns_of_other_tools_are_recognised(tmp_path):
    def two_in_four(array):
        if array.ndim < 2:
            return array
        groups = np.abs(array).reshape(array.shape[0], -1, 4)
        kept = groups.argsort(axis=2).argsort(axis=2) >= 2
        return array * kept.reshape(array.shape)

    arrays = {name: two_in_four(array) for name, array in FULL.items()}
    account = reading.model(onnx_file(tmp_path / "m.onnx", arrays)).account
    assert account.patterns == {"2:4": WEIGHTS}
    assert account.sparsity == 0.5


def test_a_small_checkpoint_counts_as_the_weights_it_stands_for(tmp_path):
    net = nn.Sequential(nn.Linear(64, 64))
    with torch.no_grad():
        net[0].weight[:, 6:] = 0
    save_model(net, tmp_path / "m.safetensors")
    account = reading.model(tmp_path / "m.safetensors").account
    assert (account.weights, account.zeros) == (4096, 64 * 58)
    assert account.size_bytes < 4096


def test_a_folder_counts_every_byte_and_the_weights_once(tmp_path):
    made = folder(
        tmp_path,
        model__safetensors=lambda path: safetensors(path, FULL),
        pytorch_model__bin=lambda path: torch_file(path, FULL),
        config__json=lambda path: path.write_text("{}"),
    )
    model = reading.model(made)
    assert model.kind == "safetensors"
    assert model.account.values == COUNT
    assert model.account.size_bytes == sum(p.stat().st_size for p in made.iterdir())
    assert any("torch files" in note for note in model.account.notes)


def test_shards_are_one_model(tmp_path):
    names = sorted(FULL)
    made = folder(
        tmp_path,
        a__safetensors=lambda path: safetensors(path, {n: FULL[n] for n in names[:3]}),
        b__safetensors=lambda path: safetensors(path, {n: FULL[n] for n in names[3:]}),
    )
    assert reading.model(made).account.values == COUNT


def test_one_tensor_in_two_shards_is_refused(tmp_path):
    made = folder(
        tmp_path,
        a__safetensors=lambda path: safetensors(path, FULL),
        b__safetensors=lambda path: safetensors(path, FULL),
    )
    with pytest.raises(FormatError, match="there once"):
        reading.model(made)


def test_a_folder_of_one_onnx_file_is_that_model_and_of_two_is_none(tmp_path):
    made = folder(tmp_path, a__onnx=lambda path: onnx_file(path, FULL))
    assert reading.model(made).weights == (made / "a.onnx",)
    onnx_file(made / "b.onnx", FULL)
    with pytest.raises(FormatError, match=r"a\.onnx, b\.onnx"):
        reading.model(made)


def test_tensors_beside_an_onnx_file_belong_to_it(tmp_path):
    path = onnx_file(
        tmp_path / "m.onnx", FULL, save_as_external_data=True, location="m.data", size_threshold=0
    )
    (tmp_path / "other").write_bytes(bytes(10_000_000))
    account = reading.model(path).account
    data = (tmp_path / "m.data").stat().st_size
    assert account.size_bytes == path.stat().st_size + data
    assert account.values == COUNT
    (tmp_path / "m.data").unlink()
    with pytest.raises(InputError):
        reading.model(path)


def test_constants_of_an_onnx_graph_are_counted(tmp_path):
    import onnx
    from onnx import helper, numpy_helper

    model = graph(FULL)
    moved = next(t for t in model.graph.initializer if t.name == "1.weight")
    value = numpy_helper.to_array(moved)
    model.graph.initializer.remove(moved)
    constant = helper.make_node("Constant", [], ["1.weight"], value=numpy_helper.from_array(value))
    model.graph.node.insert(0, constant)
    onnx.save(model, str(tmp_path / "m.onnx"))
    assert reading.model(tmp_path / "m.onnx").account.values == COUNT


@pytest.mark.parametrize("name", ["m.safetensors", "m.pt", "m.onnx"])
def test_bits_turned_anywhere_are_at_worst_one_sentence(tmp_path, name, capfd):
    write = {"m.safetensors": safetensors, "m.pt": torch_file, "m.onnx": onnx_file}[name]
    path = write(tmp_path / name, weights(hidden=4))
    whole, draw = path.read_bytes(), random.Random(name)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.choice([1, 2, 40])):
            # most of what can be misread stands at the ends
            place = draw.choice([draw.randrange(600), -1 - draw.randrange(900)])
            data[place] = draw.randrange(256)
        path.write_bytes(data)
        with contextlib.suppress(TenthError):
            running.runs(*[reading.model(path)] * 2, (None, None), 1)
    assert "Error" not in capfd.readouterr().out


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """A sample is one run: no time is of interest here."""
    import tenth.receipt.judge.timing as timing

    monkeypatch.setattr(timing, "_SAMPLE_SECONDS", 0.0)


class Hostile:
    def __reduce__(self):
        return (print, ("it ran",))


@pytest.mark.parametrize("name", ["m.safetensors", "m.pt", "m.onnx"])
@pytest.mark.parametrize("cut", [0, 1, 9, 100, 1000, -1, -1000])
def test_a_damaged_file_is_one_sentence(tmp_path, name, cut):
    write = {"m.safetensors": safetensors, "m.pt": torch_file, "m.onnx": onnx_file}[name]
    path = write(tmp_path / name, FULL)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError) as told:
        reading.model(path)
    assert name in str(told.value)
    assert len(str(told.value)) < 600


def test_nothing_that_a_file_holds_is_run(tmp_path, capfd):
    torch.save({"weight": torch.ones(2, 2), "x": Hostile()}, tmp_path / "m.pt")
    with pytest.raises(FormatError):
        reading.model(tmp_path / "m.pt")
    assert "it ran" not in capfd.readouterr().out


@pytest.mark.parametrize("name", ["notes.txt", "m.gguf"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"something else" * 100)
    with pytest.raises(FormatError, match="safetensors, a file of torch"):
        reading.model(tmp_path / name)


def test_nothing_there(tmp_path):
    for name in ("none.pt", "none.onnx", "none"):
        with pytest.raises(InputError):
            reading.model(tmp_path / name)


BESIDE = ("receipt.json", "report.html", "run.json", "README.md", "train.log")


@pytest.mark.parametrize(
    ("name", "write"),
    [("m.safetensors", safetensors), ("m.pt", torch_file), ("m.onnx", onnx_file)],
)
def test_what_lies_beside_a_model_is_left_out_and_named(tmp_path, name, write):
    made = tmp_path / "run"
    made.mkdir()
    write(made / name, FULL)
    alone = reading.model(made).account
    assert not any("left out" in note for note in alone.notes)
    for beside in BESIDE:
        (made / beside).write_text("{}" * 1000)
    account = reading.model(made).account
    assert (account.size_bytes, account.digest) == (alone.size_bytes, alone.digest)
    (note,) = [note for note in account.notes if "left out" in note]
    assert all(beside in note for beside in BESIDE)
    assert "10 kB" in note
    (made / "config.json").write_text("{}")
    (made / "tokenizer.json").write_text("{}")
    assert reading.model(made).account.size_bytes == alone.size_bytes + 4


def test_what_holds_the_tensors_belongs_whatever_it_is_called(tmp_path):
    for number in range(9):
        (tmp_path / f"part.{number}").write_text("xy")
    files = sorted(tmp_path.iterdir())
    chosen, (note,) = of_model(files, files[:1])
    assert chosen == files[:1]
    assert "part.1, part.2" in note
    assert "and 2 more (16 B)" in note
    assert of_model(files, files) == (files, [])
