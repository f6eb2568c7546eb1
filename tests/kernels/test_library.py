"""A library of C: kept, whole, and refused clearly where it cannot be made."""

import multiprocessing
import shutil

import pytest

from tenth.errors import CompileError
from tenth.kernels import library
from tenth.kernels.library import library_name, load


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and one tiny file of C to build."""
    sources = tmp_path / "c"
    sources.mkdir()
    text = 'int tenth_one(void);\n__attribute__((visibility("default"))) int tenth_one(void)'
    (sources / "one.c").write_text(text + " { return 1; }\n")
    monkeypatch.setattr(library, "cache_folder", lambda _: tmp_path)
    return tmp_path


def one(cache):
    return load("tried", cache / "c").tenth_one()


def libraries(folder):
    return sorted(folder.glob("tried-*"))


def test_it_is_built_once_and_then_found(cache, monkeypatch):
    assert one(cache) == 1
    monkeypatch.setattr(library, "compile_library", None)
    assert one(cache) == 1
    assert len(libraries(cache)) == 1


def test_another_text_is_another_library(cache):
    one(cache)
    source = cache / "c" / "one.c"
    source.write_text(source.read_text().replace("return 1", "return 2"))
    assert one(cache) == 2
    assert len(libraries(cache)) == 2


def test_without_a_cache_it_is_built_for_this_process(cache, monkeypatch):
    monkeypatch.setattr(library, "cache_folder", lambda _: None)
    assert one(cache) == 1
    assert not libraries(cache)


def test_a_damaged_library_is_named(cache):
    name = library_name("tried", cache / "c")
    (cache / name).write_bytes(b"no library")
    with pytest.raises(CompileError, match=r"cannot be loaded.*Delete"):
        one(cache)


def test_without_a_compiler_the_error_says_what_to_do(cache, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(CompileError, match="CC must name a C compiler"):
        one(cache)


def test_a_failing_compiler_leaves_nothing(cache):
    (cache / "c" / "one.c").write_text("int broken(")
    with pytest.raises(CompileError, match="failed"):
        one(cache)
    assert not libraries(cache)


def _answer(cache, out):
    out.put(one(cache))


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs fork")
def test_processes_that_build_at_once_do_not_disturb_each_other(cache):
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    processes = [context.Process(target=_answer, args=(cache, out)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [out.get(timeout=60) for _ in processes] == [1, 1, 1]
    for process in processes:
        process.join()
    assert len(libraries(cache)) == 1
