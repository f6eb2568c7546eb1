"""Finding the C: one library for all threads, and none without a compiler."""

import platform
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import CompileError
from tenth.keep import native
from tenth.keep.codecs import decode, encode
from tenth.kernels import library, toolchain
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


STRICT = ("-Wall", "-Wextra", "-Werror", "-std=c11", "-fPIC", "-shared")


@pytest.mark.slow
@pytest.mark.parametrize("flag", [toolchain.NATIVE, "-mavx2", "-mno-avx"])
@pytest.mark.parametrize("name", ["", "gcc"])
def test_no_compiler_complains_of_the_c(tmp_path, monkeypatch, name, flag):
    if name and shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    if flag != toolchain.NATIVE and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("another processor")
    monkeypatch.setenv("CC", name)
    command = [*toolchain.find_compiler().command, *STRICT, "-O1", flag]
    sources = map(str, sorted((Path(native.__file__).parent / "c").glob("*.c")))
    status, words = toolchain.run([*command, "-o", str(tmp_path / "keep.so"), *sources])
    assert status == 0, words
