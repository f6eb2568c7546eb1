import numpy as np
import pytest

from tenth.errors import FormatError, InputError
from tenth.receipt.judge import Account, Numbers, account


def numbers(name, array):
    dtype = {"f4": "F32", "i1": "I8", "i8": "I64"}[array.dtype.str[1:]]
    return Numbers(name, dtype, array.shape, array.tobytes())


def made(tmp_path, *tensors, data=b"x" * 100):
    path = tmp_path / "model"
    path.write_bytes(data)
    return Account.of_files(path, "safetensors", [path], tensors)


def test_counts_by_hand(tmp_path):
    weight = np.ones((4, 8), "f4")
    weight[:, ::2] = 0
    found = made(
        tmp_path,
        numbers("weight", weight),
        numbers("bias", np.zeros(4, "f4")),  # not a weight: one axis
        numbers("steps", np.zeros((), "i8")),
        numbers("table", np.array([[1, 0]], "i1")),
    )
    assert (found.size_bytes, found.values, found.weights, found.zeros) == (100, 39, 34, 17)
    assert found.sparsity == 0.5
    assert found.dtypes == {"F32": 36, "I64": 1, "I8": 2}
    assert found.patterns == {"whole channels": 34}
    assert found.shapes["weight"] == (4, 8)
    assert found.figures()["numbers"].value == 39


def test_a_convolution_is_outputs_by_the_rest(tmp_path):
    weight = np.ones((8, 4, 3, 3), "f4")
    weight[::2] = 0
    assert made(tmp_path, numbers("conv", weight)).patterns == {"whole channels": 288}


def test_types_that_cannot_be_counted_are_told(tmp_path):
    found = made(tmp_path, Numbers("w", "F4", (4, 2), bytes(4)))
    assert found.values == 8
    assert found.weights == 0
    assert "F4" in found.notes[0]


def test_a_tensor_that_stands_twice_is_refused(tmp_path):
    one = numbers("w", np.ones((2, 2), "f4"))
    with pytest.raises(FormatError, match="once"):
        made(tmp_path, one, one)


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(InputError, match="read"):
        Account.of_files(tmp_path, "torch", [tmp_path / "none"], [])


def test_without_tensors_numbers_are_unknown_not_zero(tmp_path):
    figures = made(tmp_path).figures()
    assert figures["bytes on disk"].value == 100
    assert not figures["numbers"].known
    assert not figures["zeros"].known


def test_zeros_compress_and_noise_does_not(tmp_path):
    flat = made(tmp_path, data=bytes(100_000))
    assert flat.zstd_bytes.value < 1000
    assert flat.zip_bytes.value < 1000
    noise = made(tmp_path, data=np.random.default_rng(0).bytes(100_000))
    assert noise.zstd_bytes.value > 99_000
    assert noise.zip_bytes.label == "counted"


def test_of_a_large_file_a_sample_is_packed_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(account, "_MOST_SAMPLED", 1 << 18)
    monkeypatch.setattr(account, "_CHUNK", 1 << 12)
    half = np.random.default_rng(0).bytes(1 << 20) + bytes(1 << 20)
    found = made(tmp_path, data=half)
    assert found.zstd_bytes.label == "estimated"
    assert found.zstd_bytes.value == pytest.approx(1 << 20, rel=0.1)


def test_empty_files_are_no_fault(tmp_path):
    assert made(tmp_path, data=b"").zip_bytes.value == 0


def test_the_hash_tells_where_a_file_ends(tmp_path):
    parts = []
    for number, text in enumerate((b"ab", b"c", b"a", b"bc")):
        path = tmp_path / f"{number}"
        path.write_bytes(text)
        parts.append(path)
    one = Account.of_files(tmp_path, "torch", parts[:2], [])
    other = Account.of_files(tmp_path, "torch", parts[2:], [])
    assert one.digest != other.digest
    assert one.size_bytes == other.size_bytes
