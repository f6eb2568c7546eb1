"""The library of training kernels: one for the process, and C of which no compiler complains."""

import platform
import shutil

import pytest

from tenth.kernels import toolchain
from tenth.kernels.training import build


def test_it_is_built_with_what_it_includes_and_loaded_once():
    assert build.library() is build.library()
    assert build.library().tenth_panel() > 0


STRICT = ("-Wall", "-Wextra", "-Werror", "-std=c11", "-fPIC", "-shared", "-pthread")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flag"), [("", toolchain.NATIVE), ("", "-mno-avx"), ("gcc", toolchain.NATIVE)]
)
def test_no_compiler_complains_of_the_kernels(tmp_path, monkeypatch, name, flag):
    if name and shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    if flag == "-mno-avx" and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("another processor")
    monkeypatch.setenv("CC", name)
    command = [*toolchain.find_compiler().command, *STRICT, "-O1", flag]
    sources = map(str, sorted(build._HERE.glob("*.c")))
    status, words = toolchain.run([*command, "-o", str(tmp_path / "kernels.so"), *sources, "-lm"])
    assert status == 0, words
