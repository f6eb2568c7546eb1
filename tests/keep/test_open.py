"""Reading tensors without restoring files."""

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import DamagedError, InputError, MissingError
from tenth.keep import Store
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Segment
from tenth.keep.opening import Tensor

from .models import as_bf16, files, folder, safetensors, tuned, weights

ARRAYS = weights() | {"step": np.arange(7, dtype="<i8"), "none": np.zeros((0, 3), "f4")}
SCALAR = {"scalar": np.array(2.5, "<f4")}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("open")
    store = Store(root / "store", make=True)
    store.put("base", folder(root / "base", ARRAYS | SCALAR))
    near = {name: a + a.dtype.type(0) if a.dtype.kind == "f" else a for name, a in ARRAYS.items()}
    store.put("task", folder(root / "task", tuned(weights()) | {"step": near["step"]}))
    store.put("half", folder(root / "half", as_bf16(weights())))
    return root


@pytest.fixture
def store(root):
    return Store(root / "store")


def test_a_variant_is_a_mapping_of_its_tensors(store):
    variant = store.open("base")
    assert set(variant) == set(ARRAYS | SCALAR)
    assert len(variant) == 6
    assert "step" in variant
    assert "stop" not in variant
    with pytest.raises(KeyError):
        variant["stop"]
    tensor = variant["block.0.weight"]
    assert (tensor.dtype, tensor.shape, tensor.size_bytes) == ("F32", (256, 256), 256 * 256 * 4)
    assert len(tensor) == 256
    with pytest.raises(TypeError):
        len(variant["scalar"])
    assert "256" in repr(tensor)
    assert "6 tensors" in repr(variant)


def test_all_values_come_back(store):
    for name, array in (ARRAYS | SCALAR).items():
        tensor = store.open("base")[name]
        assert np.array_equal(tensor.read(), array)
        assert tensor.read().dtype == array.dtype
        assert np.array_equal(np.asarray(tensor), array)
        assert np.array_equal(tensor[...], array)
    assert np.asarray(store.open("base")["step"], "f8").dtype == np.float64


def test_bfloat16_is_raw_words(store):
    variant = store.open("half")
    for name, words in as_bf16(weights()).items():
        assert variant[name].dtype == "BF16"
        assert np.array_equal(variant[name].read(), words)
        assert variant[name].read().dtype == np.uint16


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_rows_are_what_numpy_says(root, data):
    tensor = Store(root / "store").open("task")["block.0.weight"]
    array = tuned(weights())["block.0.weight"]
    key = data.draw(
        st.one_of(
            st.integers(-256, 255),
            st.slices(256),
            st.tuples(st.slices(256), st.slices(256)),
            st.tuples(st.integers(-256, 255), st.integers(-256, 255)),
        )
    )
    assert np.array_equal(tensor[key], array[key])


def test_a_row_that_is_not_there(store):
    for row in (256, -257):
        with pytest.raises(IndexError, match=r"which has 256"):
            store.open("base")["block.0.weight"][row]


def test_rows_read_only_the_chunks_they_lie_in(tmp_path, monkeypatch):
    array = np.arange(3 << 20, dtype="<u2").reshape(3, 1 << 20)
    (tmp_path / "m.safetensors").write_bytes(safetensors({"w": array}))
    store = Store(tmp_path / "store", make=True)
    store.put("m", tmp_path / "m.safetensors")
    variant = store.open("m")
    read = []
    chunk = variant._values.chunk
    monkeypatch.setattr(variant._values, "chunk", lambda *at: read.append(at[1]) or chunk(*at))
    assert np.array_equal(variant["w"][1], array[1])
    assert read == [1]
    assert np.array_equal(variant["w"][1:], array[1:])
    assert read == [1, 1, 2]


def test_a_state_dict_has_everything(store):
    steps = []
    arrays = store.open("base").state_dict(threads=2, progress=steps.append)
    assert list(arrays) == list(ARRAYS | SCALAR)
    for name, array in (ARRAYS | SCALAR).items():
        assert np.array_equal(arrays[name], array)
    assert steps[-1].done == steps[-1].total
    some = dict(store.open("base").arrays(["step"]))
    assert list(some) == ["step"]
    with pytest.raises(MissingError, match="Did you mean step"):
        dict(store.open("base").arrays(["stepp"]))


def test_arrays_can_be_written_to(store):
    array = store.open("base")["block.0.bias"].read()
    array[:] = 0
    assert store.open("base")["block.0.bias"].read().any()


def test_small_files_are_read_whole(store, root):
    variant = store.open("task")
    assert variant.file("config.json") == (root / "task" / "config.json").read_bytes()
    assert variant.file("empty.txt") == b""
    assert variant.file("model.safetensors") == files(root / "task")["model.safetensors"]
    with pytest.raises(MissingError, match="file must be one that task has"):
        variant.file("nothing")


def test_a_large_file_is_not_read_whole(store):
    variant = store.open("task")
    object.__setattr__(variant._manifest.files[0], "size", 1 << 30)
    with pytest.raises(InputError, match="at most 64 MiB"):
        variant.file(variant._manifest.files[0].name)


def test_a_name_in_two_files_is_told_apart(tmp_path):
    model = tmp_path / "m"
    model.mkdir()
    (model / "a.safetensors").write_bytes(
        safetensors({"w": np.ones(3, "f4"), "x": np.ones(1, "f4")})
    )
    (model / "b.safetensors").write_bytes(safetensors({"w": np.zeros(3, "f4")}))
    store = Store(tmp_path / "store", make=True)
    store.put("m", model)
    variant = store.open("m")
    assert set(variant) == {"a.safetensors:w", "b.safetensors:w", "x"}
    assert variant["b.safetensors:w"].name == "w"
    assert not variant["b.safetensors:w"].read().any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_has_an_array(dtype):
    bits = DTYPES[dtype].bits
    data = bytes(range(24 * bits // 8))

    class Values:
        def chunks(self, tensor_id):
            return [(tensor_id, 0)]

        def chunk(self, tensor_id, at):
            return memoryview(data)

        def read(self, tensor_id, start, size):
            return memoryview(data)[start : start + size]

    tensor = Tensor(Values(), Segment(blake3(data).hexdigest(), len(data), "w", dtype, (4, 6)), "m")
    array = tensor.read()
    assert array.tobytes() == data
    if bits >= 8:
        assert array.shape == (4, 6)
        assert tensor[1:3].tobytes() == data[6 * bits // 8 : 18 * bits // 8]
    else:
        assert (array.dtype, array.ndim) == (np.uint8, 1)
        assert np.array_equal(tensor[1:3], array[1:3])


def test_other_bytes_than_those_of_the_id_are_an_error():
    class Values:
        def chunks(self, tensor_id):
            return [(tensor_id, 0)]

        def chunk(self, tensor_id, at):
            return memoryview(b"abcd")

    with pytest.raises(DamagedError, match="w of m is not what was put"):
        Tensor(Values(), Segment("0" * 64, 4, "w", "U8", (4,)), "m").read()
