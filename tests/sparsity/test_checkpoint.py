import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tenth.errors import FormatError, InputError, OutputError
from tenth.sparsity.checkpoint import (
    FORMAT,
    is_small,
    load,
    metadata,
    save,
    save_stored,
    write_safetensors,
)
from tenth.sparsity.packing import Stored

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"


def sparse(shape=(60, 50), density=0.1, seed=0):
    random = np.random.default_rng(seed)
    array = random.standard_normal(shape).astype(np.float32)
    return np.where(random.random(shape) < density, array, np.float32(0))


def pruned():
    return {
        "a.weight": sparse(),
        "a.bias": np.arange(60, dtype=np.float32),
        "norm.count": np.array(7, np.int64),
        "full.weight": np.ones((30, 20), np.float32),
        "half.weight": np.zeros((90, 30), np.float16),
        "flags": np.array([[True, False]]),
        "empty": np.zeros((0, 4), np.float32),
    }


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def reader_of_the_docs():
    block = FORMATS.read_text().split("```python\n")[1].split("```")[0]
    body = block.split("def read(path):\n")[1].strip().splitlines()
    assert 10 <= len(body) <= 18
    scope = {}
    exec(block, scope)
    return scope["read"]


def test_a_checkpoint_comes_back_bit_by_bit(tmp_path):
    path = tmp_path / "model.safetensors"
    size = save(path, pruned(), metadata={"task": "digits"})
    assert size == path.stat().st_size
    assert_same(load(path), pruned())
    assert is_small(path)
    assert metadata(path) == {"task": "digits"}
    with safetensors.safe_open(path, "numpy") as file:
        words = file.metadata()
        names = set(file.keys())
    assert words["tenth_format"] == FORMAT
    assert json.loads(words["tenth_small"]) == {
        "a.weight": {
            "shape": [60, 50],
            "dtype": "F32",
            "kept": int(np.count_nonzero(pruned()["a.weight"])),
        }
    }
    assert names == {*pruned(), "a.weight:values", "a.weight:mask"} - {"a.weight"}


def test_arrays_may_be_written_to(tmp_path):
    save(tmp_path / "x", pruned())
    for array in load(tmp_path / "x").values():
        array.fill(1)


@pytest.mark.parametrize("values", ["float32", "float16"])
def test_the_reader_of_the_docs_reads_the_same(tmp_path, values):
    path = tmp_path / "model.safetensors"
    save(path, pruned(), values=values)
    assert_same(reader_of_the_docs()(path), load(path))


ANY = st.one_of(
    npst.arrays("<u4", npst.array_shapes(max_dims=3, max_side=30), fill=st.just(0)).map(
        lambda bits: bits.view("<f4")
    ),
    npst.arrays(
        st.sampled_from(["<f8", "<f2", "<i8", "<i4", "i1", "u1", "?"]),
        npst.array_shapes(min_dims=0, min_side=0, max_side=5),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(st.text(max_size=6), ANY, max_size=4))
def test_any_arrays_under_any_names_come_back(tmp_path, arrays):
    arrays.pop("__metadata__", None)
    save(tmp_path / "x", arrays)
    assert_same(load(tmp_path / "x"), arrays)


def test_the_bytes_do_not_depend_on_the_order_of_names(tmp_path):
    save(tmp_path / "a", pruned())
    save(tmp_path / "b", dict(reversed(pruned().items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_taken_names_stay_what_they_are(tmp_path):
    arrays = {"w": sparse(), "w:mask": np.arange(3), "v": sparse(seed=1), "v:values": np.ones(2)}
    save(tmp_path / "x", arrays)
    assert_same(load(tmp_path / "x"), arrays)


def test_big_endian_and_strided_arrays_are_stored_plainly(tmp_path):
    array = sparse()
    save(tmp_path / "x", {"t": array.T, "e": array.astype(">f4"), "s": array[::2, ::3]})
    assert_same(
        load(tmp_path / "x"), {"t": array.T.copy(), "e": array, "s": array[::2, ::3].copy()}
    )


def test_types_that_numpy_lacks(tmp_path):
    half = np.array([1.5, -0.0, np.inf], np.float32)
    upper = (half.view(np.uint32) >> 16).astype("<u2").tobytes()
    save_stored(tmp_path / "x", {"b": Stored("BF16", (3,), upper)})
    assert_same(load(tmp_path / "x"), {"b": half})
    save_stored(tmp_path / "x", {"f": Stored("F8_E4M3", (2,), b"\x00\x01")})
    with pytest.raises(FormatError, match=r"'f' must be of a type that numpy knows.*torch"):
        load(tmp_path / "x")


def test_an_ordinary_safetensors_file_is_read_as_it_is(tmp_path):
    safetensors.numpy.save_file(pruned(), tmp_path / "x", {"format": "pt"})
    assert not is_small(tmp_path / "x")
    assert_same(load(tmp_path / "x"), pruned())
    safetensors.numpy.save_file({}, tmp_path / "y")
    assert load(tmp_path / "y") == {}
    assert metadata(tmp_path / "y") == {}


def test_the_library_reads_what_is_written_here(tmp_path):
    arrays = {
        n: Stored("F32", a.shape, a.tobytes()) for n, a in {"b": sparse(), "a": sparse()}.items()
    }
    write_safetensors(tmp_path / "x", arrays, {})
    assert_same(safetensors.numpy.load_file(tmp_path / "x"), {"a": sparse(), "b": sparse()})


def test_every_array_starts_at_a_multiple_of_its_width(tmp_path):
    save(tmp_path / "x", {f"{t}{n}": np.zeros(n, t) for t in ("u1", "<f8", "<f2") for n in (1, 3)})
    raw = (tmp_path / "x").read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    widths = {"U8": 1, "F64": 8, "F16": 2}
    for name, entry in header.items():
        if name != "__metadata__":
            assert (start + entry["data_offsets"][0]) % widths[entry["dtype"]] == 0


# ---- hostile files


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.safetensors"
    save(path, pruned())
    return path


def with_words(path, **words):
    """The same file with other words in its header."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    header["__metadata__"] |= words
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[start:])
    return path


def test_a_file_cut_anywhere_is_refused(good):
    raw = good.read_bytes()
    for stop in [0, 1, 7, 8, 9, 40, len(raw) // 2, len(raw) - 1]:
        good.write_bytes(raw[:stop])
        with pytest.raises(FormatError, match="whole safetensors file"):
            load(good)
        assert is_small(good) in (True, False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 4000), value=st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_read_as_numbers(good, place, value):
    save(good, pruned())
    raw = bytearray(good.read_bytes())
    raw[place % len(raw)] = value
    good.write_bytes(raw)
    try:
        load(good)
    except FormatError:
        return


@pytest.mark.parametrize("raw", [b"", b"hello", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0[]", bytes(100)])
def test_other_files_are_no_checkpoints(tmp_path, raw):
    (tmp_path / "x").write_bytes(raw)
    assert not is_small(tmp_path / "x")
    with pytest.raises(FormatError):
        load(tmp_path / "x")
    with pytest.raises(FormatError):
        metadata(tmp_path / "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"tenth_format": "tenth-small/2"},
            "format of .* must be 'tenth-small/1'. Got 'tenth-small/2'",
        ),
        ({"tenth_small": "not json"}, "must be JSON"),
        ({"tenth_small": "[" * 100_000}, "must be JSON"),
        ({"tenth_small": "[1]"}, "an object"),
        ({"tenth_small": '{"a.weight": 3}'}, "entry of 'a.weight'"),
        ({"tenth_small": '{"full.weight": {"shape": [2, 2], "dtype": "F32", "kept": 0}}'}, "both"),
        ({"tenth_small": '{"no": {"shape": [2, 2], "dtype": "F32", "kept": 0}}'}, "no:values"),
    ],
)
def test_headers_that_lie_are_refused(good, words, said):
    with pytest.raises(FormatError, match=said):
        load(with_words(good, **words))


def test_a_version_that_is_unknown_is_still_small(good):
    assert is_small(with_words(good, tenth_format="tenth-small/9"))


@pytest.mark.parametrize("act", [load, is_small, metadata])
def test_a_file_that_is_not_there(tmp_path, act):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="checkpoint must be a file that can be read"):
            act(path)


# ---- hostile calls


@pytest.mark.parametrize(
    ("arrays", "rest", "said"),
    [
        ({"w": np.zeros(2, complex)}, {}, "'w' must be of numbers"),
        ({"w": np.array(["x"])}, {}, "'w' must be of numbers"),
        ({"__metadata__": np.zeros(2)}, {}, "name of a tensor"),
        ({}, {"values": "float8"}, "values must be 'float32' or 'float16'"),
        ({}, {"metadata": {"n": 3}}, "metadata must be strings"),
        ({}, {"metadata": {"tenth_format": "x"}}, "do not start with 'tenth_'"),
        ({"w": np.full((99, 9), 1e9, np.float32)}, {"values": "float16"}, "'w' must be within"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(good, arrays, rest, said):
    before = good.read_bytes()
    with pytest.raises(InputError, match=said):
        save(good, arrays, **rest)
    assert good.read_bytes() == before


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError):
        save(tmp_path / "none" / "x", {})
    with pytest.raises(OutputError):
        save(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_reading_needs_no_torch(good):
    program = (
        "import sys, tenth.sparsity.checkpoint as c; c.load(sys.argv[1]);"
        "assert 'torch' not in sys.modules, 'torch was loaded'"
    )
    subprocess.run([sys.executable, "-c", program, str(good)], check=True)
