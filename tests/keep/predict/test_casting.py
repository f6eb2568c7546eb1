"""The base in another float type: as torch rounds, and the same bytes on every machine."""

import numpy as np
import pytest
import torch

from tenth.errors import FormatError, InputError
from tenth.keep.predict import cast
from tenth.keep.predict.floats import FLOATS, narrow, ulp, widen

TYPES = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
HARD = [0.0, -0.0, 1e-8, -6e-5, 65519.0, 65520.0, 3.39e38, 3.4028e38, 1e39, np.inf, -np.inf]


def tensor(name):
    values = np.concatenate([np.random.default_rng(0).standard_normal(40_000) * 0.02, HARD])
    return torch.tensor(values).to(torch.float32).to(TYPES[name])


def raw(values):
    return values.contiguous().view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("to", TYPES)
@pytest.mark.parametrize("start", TYPES)
def test_it_rounds_as_torch_does(start, to):
    values = tensor(start)
    assert cast(raw(values), start, to) == raw(values.to(TYPES[to]))


@pytest.mark.parametrize("start", ["F16", "BF16", "F32"])
def test_there_and_back_is_the_same_where_the_other_type_is_wider(start):
    every = np.arange(1 << 16, dtype="<u2")
    words = every if start != "F32" else every.astype("<u4") << 16
    to = {"F16": "F32", "BF16": "F32", "F32": "F32"}[start]
    back = np.frombuffer(cast(cast(words.tobytes(), start, to), to, start), words.dtype)
    values = torch.from_numpy(words.view(f"<i{words.itemsize}")).view(TYPES[start])
    number = ~values.isnan().numpy()
    assert np.array_equal(back[number], words[number])
    assert len(set(back[~number].tolist())) == 1  # every NaN is one NaN


@pytest.mark.parametrize("to", TYPES)
@pytest.mark.parametrize("start", TYPES)
def test_a_processor_that_flushes_small_numbers_gives_the_same_bytes(start, to):
    rng = np.random.default_rng(1)
    tiny = torch.tensor(rng.standard_normal(1000) * np.exp2(rng.uniform(-150, -120, 1000)))
    data = raw(tiny.to(torch.float32).to(TYPES[start]) if start != "F64" else tiny)
    expected = cast(data, start, to)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor flushes nothing")
    try:
        assert cast(data, start, to) == expected
    finally:
        torch.set_flush_denormal(False)


def test_other_types_and_halves_of_elements_are_refused():
    with pytest.raises(FormatError, match="dtype of a cast must be one of F16"):
        cast(b"\0\0", "I16", "F32")
    with pytest.raises(FormatError, match="dtype of a cast"):
        cast(b"\0\0", "F16", "F8_E4M3")
    with pytest.raises(InputError, match="whole words of 2 bytes"):
        cast(b"\0", "F16", "F32")
    assert cast(b"", "F16", "F32") == b""


@pytest.mark.parametrize("dtype", FLOATS)
def test_an_ulp_is_the_way_to_the_next_float(dtype):
    words = np.frombuffer(raw(tensor(dtype)[:1000].abs()), f"<u{TYPES[dtype].itemsize}")
    step = widen(words + words.dtype.type(1), dtype) - widen(words, dtype)
    assert np.array_equal(ulp(words, dtype), step)
    assert np.array_equal(narrow(widen(words, dtype), dtype), words)
