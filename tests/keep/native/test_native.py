"""Finding the C: one library for all threads, and none without a compiler."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tenth.errors import CompileError
from tenth.keep import native
from tenth.keep.codecs import decode, encode
from tenth.kernels import library
from tenth.kernels.toolchain import find_compiler


def test_without_a_compiler_there_is_no_kernel_and_everything_works(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr(native, "_kernel", native._kernel.__wrapped__)
    assert native.kernel() is None
    base = np.arange(9000, dtype="<u2")
    encoded = encode((base + np.uint16(1)).tobytes(), base.tobytes(), "BF16")
    out = bytearray(18000)
    decode(encoded.codec, encoded.payload, "BF16", base.data, memoryview(out))
    assert out == (base + np.uint16(1)).tobytes()


def test_threads_that_meet_build_one_library(monkeypatch):
    try:
        find_compiler()
    except CompileError:
        pytest.skip("no C compiler")
    built = []

    def once(name, folder):
        built.append(name)
        return library.load(name, folder)

    native._kernel.cache_clear()
    monkeypatch.setattr(native, "load", once)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: native.kernel(), range(8)))
    assert built == ["keep"]
    assert len({id(kernel) for kernel in found}) == 1
