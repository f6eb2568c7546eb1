import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tenth.errors import FormatError
from tenth.plan.models import read_weights


def written(path, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def test_a_file_is_counted_by_its_header(tmp_path):
    tensors = {"a": np.zeros((3, 5), np.float32), "b": np.zeros(7, np.float16)}
    save_file(tensors, tmp_path / "m.safetensors", {"format": "pt"})
    found = read_weights(tmp_path / "m.safetensors")
    assert (found.parameters, found.size_bytes) == (22, 74)
    assert found.types == {"F32": 15, "F16": 7}


def test_a_sharded_folder_adds_up_the_files_of_its_index(tmp_path):
    for i in (1, 2):
        save_file({f"w{i}": np.zeros(10 * i, np.float32)}, tmp_path / f"m-{i}.safetensors")
    save_file({"other": np.zeros(99, np.float32)}, tmp_path / "consolidated.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {f"w{i}": f"m-{i}.safetensors" for i in (1, 2)}}))
    assert read_weights(tmp_path).parameters == 30
    (tmp_path / "m-2.safetensors").unlink()
    with pytest.raises(FormatError, match=r"complete. Got without m-2.safetensors"):
        read_weights(tmp_path)


def test_a_huge_tensor_costs_nothing_to_count(tmp_path):
    path = tmp_path / "big.safetensors"
    size = 2 * 70_000_000_000
    header = {"w": {"dtype": "BF16", "shape": [70_000, 1_000_000], "data_offsets": [0, size]}}
    written(path, header)
    with path.open("r+b") as file:
        file.truncate(8 + len(json.dumps(header)) + size)  # a hole, not 140 GB
    assert read_weights(path).parameters == 70_000_000_000


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "data", "words"),
    [
        (b"{", b"", "whole safetensors file"),
        (b"[]", b"", "a JSON object"),
        (b"\xff\xfe{}", b"", "must be JSON"),
        ({"w": ENTRY}, b"", "ends at 8 of 0 bytes. Fetch it again"),
        ({"w": {**ENTRY, "dtype": "Q9"}}, b"12345678", "a type, a shape and its bytes"),
        ({"w": {**ENTRY, "shape": [3]}}, b"12345678", "a type, a shape"),
        ({"w": {**ENTRY, "shape": [-2]}}, b"12345678", "a type, a shape"),
        ({"w": {**ENTRY, "shape": ["2"]}}, b"12345678", "a type, a shape"),
        ({"w": {**ENTRY, "data_offsets": [8, 0]}}, b"12345678", "a type, a shape"),
        ({"w": 7}, b"12345678", "a type, a shape"),
    ],
)
def test_a_damaged_file_is_refused(header, data, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_weights(written(tmp_path / "m.safetensors", header, data))


@pytest.mark.parametrize("length", [0, 1, 1 << 40, (1 << 64) - 1])
def test_a_header_longer_than_the_file_is_never_read(length, tmp_path):
    path = written(tmp_path / "m.safetensors", {"w": ENTRY}, b"12345678", length)
    with pytest.raises(FormatError, match="whole safetensors file"):
        read_weights(path)


@given(st.binary(max_size=64))
def test_rubbish_is_refused_and_never_crashes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("rubbish") / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        read_weights(path)


@pytest.mark.parametrize(
    "index", ["{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"w": "../m.safetensors"}}']
)
def test_an_index_that_is_none_is_refused(index, tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(FormatError, match="index"):
        read_weights(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"config\.json or \.safetensors"):
        read_weights(tmp_path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_weights(tmp_path / "absent.safetensors")


def small(**entries):
    return {"tenth_format": "tenth-small/1", "tenth_small": json.dumps(entries)}


def test_a_small_file_counts_the_weights_that_it_stands_for(tmp_path):
    """As tenth saves a network of few weights: see docs/formats.md."""
    tensors = {
        "a:values": np.ones(3, np.float16),
        "a:mask": np.zeros(25, np.uint8),
        "b": np.zeros(10, np.float32),
    }
    entry = {"shape": [10, 20], "dtype": "F32", "kept": 3}
    save_file(tensors, tmp_path / "m.safetensors", small(a=entry))
    found = read_weights(tmp_path / "m.safetensors")
    assert found.parameters == 210
    assert found.types == {"F32": 210}
    assert found.size_bytes == 3 * 2 + 25 + 40


@pytest.mark.parametrize(
    "metadata",
    [
        {"tenth_format": "tenth-small/1", "tenth_small": "{"},
        {"tenth_format": "tenth-small/1", "tenth_small": "[]"},
        {"tenth_format": "tenth-small/1"},
        {"tenth_format": "tenth-small/2", "tenth_small": "{}"},
        small(a={"shape": [10, -2], "dtype": "F32", "kept": 3}),
        small(a={"shape": "wide"}),
        small(a=7),
        small(other={"shape": [10, 20], "dtype": "F32", "kept": 3}),
    ],
)
def test_a_small_file_whose_entries_do_not_fit_is_refused(tmp_path, metadata):
    tensors = {"a:values": np.ones(3, np.float32), "a:mask": np.zeros(25, np.uint8)}
    save_file(tensors, tmp_path / "m.safetensors", metadata)
    with pytest.raises(FormatError, match=r"m\.safetensors"):
        read_weights(tmp_path / "m.safetensors")
