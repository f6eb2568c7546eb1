"""What differs between two variants, and the patch that turns one into the other."""

import json

import numpy as np
import pytest

from tenth.errors import MissingError, OutputError
from tenth.keep import Store

from .models import as_bf16, bf16, folder, weights

BEFORE = as_bf16(weights()) | {"gone": np.ones(4, "f4"), "step": np.arange(5, dtype="i8")}


def after():
    arrays = {name: array.copy() for name, array in BEFORE.items() if name != "gone"}
    arrays["embed.weight"].ravel()[[3, 17, 38_399]] ^= 1
    arrays["block.0.bias"] = bf16(weights(5)["block.0.bias"])
    arrays["step"] = np.arange(6, dtype="i8")
    return arrays | {"new": np.full((2, 3), 7, "f4")}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    made.put("before", folder(tmp_path / "before", BEFORE))
    made.put("after", folder(tmp_path / "after", after(), more=1))
    (tmp_path / "after" / "more" / "notes.txt").unlink()
    (tmp_path / "after" / "extra.txt").write_text("x")
    made.put("after", tmp_path / "after")
    return made


def read(path):
    """A safetensors file: metadata, and names to arrays."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__")
    kinds = {"BF16": "<u2", "F32": "<f4", "I64": "<i8", "I32": "<i4"}
    arrays = {}
    end = 0
    for name, row in header.items():
        low, high = row["data_offsets"]
        assert low == end
        end = high
        arrays[name] = np.frombuffer(data[start + low : start + high], kinds[row["dtype"]]).reshape(
            row["shape"]
        )
    assert start + end == len(data)
    return about, arrays


def test_files_and_tensors_are_held_against_each_other(store):
    found = store.diff("before", "after")
    assert (found.added, found.removed) == (("new",), ("gone",))
    assert [one.name for one in found.changed] == ["embed.weight", "block.0.bias", "step"]
    assert found.same == 1
    assert found.changed[2].before == "I64[5]"
    assert found.changed[2].elements == 0
    assert all(one.differ is None for one in found.changed)
    assert set(found.files_changed) == {"model.safetensors", "config.json"}
    assert (found.files_added, found.files_removed) == (("extra.txt",), ("more/notes.txt",))
    assert json.dumps(found.to_json())


def test_values_are_counted_when_asked_for(store):
    found = {one.name: one for one in store.diff("before", "after", values=True).changed}
    assert found["embed.weight"].differ == 3
    assert found["embed.weight"].elements == 600 * 64
    bias = (BEFORE["block.0.bias"] != after()["block.0.bias"]).sum()
    assert found["block.0.bias"].differ == bias
    assert found["step"].differ is None


def test_a_variant_does_not_differ_from_itself(store):
    found = store.diff("after", "after@2", values=True)
    assert (found.changed, found.added, found.removed, found.files_changed) == ((), (), (), ())


def test_a_patch_turns_one_into_the_other(store, tmp_path):
    steps = []
    made = store.export("after", "before", tmp_path / "patch.safetensors", progress=steps.append)
    about, arrays = read(tmp_path / "patch.safetensors")
    assert about["format"] == "tenth-patch/1"
    assert (about["variant"], about["base"]) == ("after", "before")
    assert about["base_manifest"] == store.show("before").ref.manifest
    assert set(arrays) == {
        "embed.weight:indices", "embed.weight:values", "block.0.bias", "step", "new",
    }  # fmt: skip
    held = {name: array.copy() for name, array in BEFORE.items()}
    for name in json.loads(about["removed"]):
        del held[name]
    for name, array in arrays.items():
        if name.endswith(":indices"):
            tensor = name.removesuffix(":indices")
            for _ in range(2):  # the values are absolute: twice does no harm
                held[tensor].ravel()[array] = arrays[f"{tensor}:values"]
        elif not name.endswith(":values"):
            held[name] = array
    assert held.keys() == after().keys()
    for name, array in after().items():
        assert np.array_equal(held[name], array)
    assert (made.patched, made.whole, made.changed_elements) == (1, 3, 3)
    assert made.size_bytes == (tmp_path / "patch.safetensors").stat().st_size
    assert steps[-1].done == steps[-1].total


def test_a_patch_of_nothing_is_a_file_without_tensors(store, tmp_path):
    store.export("after", "after", tmp_path / "patch.safetensors")
    assert read(tmp_path / "patch.safetensors")[1] == {}


def test_a_patch_is_an_ordinary_safetensors_file(store, tmp_path):
    from safetensors import safe_open

    store.export("after", "before", tmp_path / "patch.safetensors")
    with safe_open(tmp_path / "patch.safetensors", "np") as opened:
        assert opened.get_tensor("embed.weight:indices").tolist() == [3, 17, 38_399]


def test_names_and_places_that_are_not_there(store, tmp_path):
    with pytest.raises(MissingError, match="Did you mean before"):
        store.diff("beforf", "after")
    with pytest.raises(MissingError):
        store.export("after", "nothing", tmp_path / "patch.safetensors")
    with pytest.raises(OutputError):
        store.export("after", "before", tmp_path / "no" / "patch.safetensors")
    assert not (tmp_path / "patch.safetensors").exists()
