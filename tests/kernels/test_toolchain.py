"""Finding a compiler, and what happens when there is none, or it fails, or is interrupted."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenth.errors import CompileError, OutputError
from tenth.kernels import compile_library, find_compiler, toolchain

ONE = 'int one(void);\n__attribute__((visibility("default"))) int one(void) { return 1; }\n'


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "one.c"
    path.write_text(ONE)
    return path


@pytest.fixture(autouse=True)
def _no_compiler_is_chosen(monkeypatch):
    monkeypatch.delenv("CC", raising=False)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def built(source: Path) -> Path:
    out = source.with_name("one.so")
    compile_library([source], out)
    assert ctypes.CDLL(str(out)).one() == 1
    return out


def test_a_library_is_built_and_runs(source):
    out = built(source)
    assert sorted(p.name for p in out.parent.iterdir()) == ["one.c", "one.so"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="no system compiler")
def test_without_ziglang_the_compiler_of_the_system_is_used(source, monkeypatch):
    monkeypatch.setattr(toolchain, "zig", lambda: None)
    assert find_compiler().origin == "system"
    built(source)


def test_the_one_that_is_named_goes_first(monkeypatch):
    monkeypatch.setenv("CC", "sh -c")
    assert find_compiler() == toolchain.Compiler(("sh", "-c"), "CC")


def test_a_named_compiler_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    with pytest.raises(CompileError, match=r"CC must name a C compiler.*not found"):
        find_compiler()


def test_no_compiler_at_all_says_what_to_install(monkeypatch):
    monkeypatch.setattr(toolchain, "zig", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CompileError, match="pip install ziglang"):
        find_compiler()


def test_a_compiler_that_fails_leaves_nothing(source, monkeypatch):
    monkeypatch.setenv("CC", "/bin/false")
    with pytest.raises(CompileError, match=r"/bin/false` failed:\n  \(it said nothing\)"):
        compile_library([source], source.with_name("one.so"))
    assert [p.name for p in source.parent.iterdir()] == ["one.c"]


def test_a_compiler_that_writes_nothing_is_not_believed(source, monkeypatch):
    monkeypatch.setenv("CC", "/bin/true")
    with pytest.raises(CompileError, match="failed"):
        compile_library([source], source.with_name("one.so"))
    assert [p.name for p in source.parent.iterdir()] == ["one.c"]


def test_the_first_words_of_the_compiler_are_shown(source):
    source.write_text("".join(f"int f{i}(void) {{ return x{i}; }}\n" for i in range(15)))
    with pytest.raises(CompileError, match=r"(?s)one\.c:1.*more lines") as caught:
        compile_library([source], source.with_name("one.so"))
    assert len(str(caught.value).splitlines()) < 20
    assert [p.name for p in source.parent.iterdir()] == ["one.c"]


def test_a_compiler_that_does_not_know_this_processor_is_asked_again(source, monkeypatch):
    real = " ".join(find_compiler().command)
    refuses = f'for a in "$@"; do [ "$a" = -march=native ] && exit 1; done\nexec {real} "$@"'
    monkeypatch.setenv("CC", str(script(source.with_name("cc.sh"), refuses)))
    built(source)


def test_a_place_that_cannot_be_written_is_an_error(source, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        compile_library([source], tmp_path / "absent" / "one.so")


def test_a_cache_that_cannot_be_made_is_done_without(source, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert toolchain.cache_folder("zig") is None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_compiler_and_leaves_nothing(source, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    slow = script(
        tmp_path / "slow.sh", f'cd "{tmp_path}"\n(touch here; sleep 2; touch late) &\nwait'
    )
    code = (
        "from pathlib import Path; from tenth.kernels import compile_library; "
        f"compile_library([Path({str(source)!r})], Path({str(work / 'one.so')!r}))"
    )
    environment = {**os.environ, "CC": str(slow), "TMPDIR": str(work)}
    run = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    _wait_for(tmp_path / "here")
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=20) != 0
    assert list(work.iterdir()) == []
    time.sleep(2.5)
    assert not (tmp_path / "late").exists()


def _wait_for(path: Path) -> None:
    for _ in range(400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")
