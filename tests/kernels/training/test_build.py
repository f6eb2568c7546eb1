"""The library of training kernels: kept, whole, and refused clearly where it cannot be made."""

import multiprocessing
import platform
import shutil

import pytest

from tenth.errors import CompileError
from tenth.kernels import toolchain
from tenth.kernels.training import build


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and one tiny file of C to build."""
    sources = tmp_path / "c"
    sources.mkdir()
    text = 'int tenth_one(void);\n__attribute__((visibility("default"))) int tenth_one(void)'
    (sources / "one.c").write_text(text + " { return 1; }\n")
    monkeypatch.setattr(build, "_HERE", sources)
    monkeypatch.setattr(build, "cache_folder", lambda _: tmp_path)
    build.library.cache_clear()
    yield tmp_path
    build.library.cache_clear()


def libraries(folder):
    return sorted(folder.glob("training-*"))


def test_it_is_built_once_and_then_found(cache, monkeypatch):
    assert build.library().tenth_one() == 1
    build.library.cache_clear()
    monkeypatch.setattr(build, "compile_library", None)
    assert build.library().tenth_one() == 1
    assert len(libraries(cache)) == 1


def test_another_text_is_another_library(cache):
    build.library()
    source = cache / "c" / "one.c"
    source.write_text(source.read_text().replace("return 1", "return 2"))
    build.library.cache_clear()
    assert build.library().tenth_one() == 2
    assert len(libraries(cache)) == 2


def test_without_a_cache_it_is_built_for_this_process(cache, monkeypatch):
    monkeypatch.setattr(build, "cache_folder", lambda _: None)
    assert build.library().tenth_one() == 1
    assert not libraries(cache)


def test_a_damaged_library_is_named(cache):
    name = f"training-{build._fingerprint()}{build._ENDING}"
    (cache / name).write_bytes(b"no library")
    with pytest.raises(CompileError, match=r"cannot be loaded.*Delete"):
        build.library()


def test_without_a_compiler_the_error_says_what_to_do(cache, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(CompileError, match="CC must name a C compiler"):
        build.library()


def test_a_failing_compiler_leaves_nothing(cache):
    (cache / "c" / "one.c").write_text("int broken(")
    with pytest.raises(CompileError, match="failed"):
        build.library()
    assert not libraries(cache)


def _answer(out):
    out.put(build.library().tenth_one())


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs fork")
def test_processes_that_build_at_once_do_not_disturb_each_other(cache):
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    processes = [context.Process(target=_answer, args=(out,)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [out.get(timeout=60) for _ in processes] == [1, 1, 1]
    for process in processes:
        process.join()
    assert len(libraries(cache)) == 1


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
