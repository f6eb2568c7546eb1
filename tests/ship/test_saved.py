"""A saved program: whole or absent, and nothing in it is believed before it was looked at."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tenth.errors import CompileError, FormatError, OutputError
from tenth.ship import folder, load, program
from tenth.ship.machine import Machine, this_machine

BOARD = np.random.default_rng(3).standard_normal((2, 1, 7, 9), np.float32)
FILES = {
    "model.h", "model.c", "weights.c", "main.c", "README.md", "manifest.json", "receipt.json",
    "libmodel.so",
}  # fmt: skip


def names(path) -> set[str]:
    return {entry.name for entry in path.iterdir()}


def test_a_saved_program_computes_the_same(life, saved):
    assert names(saved) == FILES
    again = load(saved)
    np.testing.assert_array_equal(again(BOARD), life(BOARD))
    assert again.manifest == life.manifest
    assert again.layers == life.layers


def test_a_loaded_program_outlives_its_folder_and_is_saved_again(saved, tmp_path):
    again = load(saved)
    shutil.rmtree(saved)
    again(BOARD)
    again.save(tmp_path / "second")
    assert names(tmp_path / "second") == FILES


def test_loading_needs_no_torch_and_no_compiler(saved):
    code = (
        "import sys, numpy as np, tenth; "
        f"p = tenth.ship.load({str(saved)!r}); p(np.zeros((1, 1, 4, 4), np.float32)); "
        "assert 'torch' not in sys.modules"
    )
    environment = {**os.environ, "CC": "/bin/false"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_a_program_replaces_a_program_and_what_a_build_left(life, words, saved, tmp_path):
    (saved / "a.out").touch()
    (saved / "model.o").touch()
    words.save(saved)
    assert names(saved) == FILES
    assert load(saved).manifest.interface.name == "words"
    assert names(tmp_path) == {"program"}


def test_an_empty_folder_and_a_new_one_deep_down_are_filled(life, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "a" / "b" / "c"):
        life.save(path)
        assert names(path) == FILES


def test_a_file_or_a_folder_of_other_things_is_left_alone(life, saved, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").touch()
    (saved / "notes.txt").touch()
    for name, message in (
        ("file", r"must be a folder\. Got a file"),
        ("photos", r"new, empty, or one that holds a program\. Got one with me\.jpg"),
        ("program", r"Got notes\.txt beside the program"),
        ("file/below", "must be a folder|cannot be written"),
    ):
        with pytest.raises(OutputError, match=message):
            life.save(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert names(tmp_path / "photos") == {"me.jpg"}
    assert names(tmp_path) == {"file", "photos", "program"}


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_full_disk_or_ctrl_c_leaves_what_was_there(life, tmp_path, monkeypatch, old, failure):
    path = tmp_path / "program"
    if old:
        life.save(path)
    write, written = folder.write_bytes, []

    def fail_at_the_third(place, data):
        written.append(place)
        if len(written) == 3:
            raise failure
        write(place, data)

    monkeypatch.setattr(folder, "write_bytes", fail_at_the_third)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        life.save(path)
    if isinstance(failure, OSError):
        assert "No space left" in str(caught.value)
    assert names(tmp_path) == ({"program"} if old else set())
    if old:
        load(path)


def test_a_swap_that_fails_puts_the_old_program_back(life, saved, monkeypatch):
    rename = type(saved).rename

    def fail(self, target):
        if self.name.endswith(".tmp"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(type(saved), "rename", fail)
    with pytest.raises(OutputError, match="busy"):
        life.save(saved)
    assert names(saved.parent) == {"program"}
    load(saved)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_an_error(life, tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        life.save(tmp_path / "program")


def test_a_missing_library_is_built_anew(life, saved):
    (saved / "libmodel.so").unlink()
    np.testing.assert_allclose(load(saved)(BOARD), life(BOARD), rtol=1e-6)


def test_the_library_of_another_machine_is_built_anew(life, saved, monkeypatch):
    other = Machine("Plan9", "z80", ())
    form = json.loads((saved / "manifest.json").read_text())
    form["machine"] = {"system": other.system, "architecture": "z80", "features": ["zen99"]}
    (saved / "manifest.json").write_text(json.dumps(form))
    np.testing.assert_allclose(load(saved)(BOARD), life(BOARD), rtol=1e-6)
    monkeypatch.setenv("CC", "/bin/false")
    with pytest.raises(CompileError):
        load(saved)


def test_a_machine_runs_what_needs_no_more_than_it_has():
    small, large = (Machine("Linux", "x86_64", f) for f in (("sse2",), ("avx2", "sse2")))
    assert large.runs(small)
    assert not small.runs(large)
    assert not large.runs(Machine("Darwin", "x86_64", ()))
    assert this_machine().runs(this_machine())


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_an_error(saved, name, share):
    data = (saved / name).read_bytes()
    (saved / name).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FormatError, match=name.replace(".", r"\.")):
        load(saved)


@pytest.mark.parametrize("name", sorted(FILES - {"libmodel.so"}))
def test_a_missing_file_is_an_error(saved, name):
    (saved / name).unlink()
    with pytest.raises(FormatError, match="cannot be read"):
        load(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", None)])
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_an_error(saved, name, make):
    (saved / name).unlink()
    make(saved / name)
    with pytest.raises(FormatError, match="it is no file"):
        load(saved)


def test_a_changed_byte_and_a_longer_file_are_errors(saved):
    path = saved / "weights.c"
    text = path.read_text()
    for other in (text.replace("12", "13", 1), text + " "):
        path.write_text(other)
        with pytest.raises(FormatError, match=r"weights\.c must be the \d+ bytes"):
            load(saved)


def test_what_is_no_folder_of_a_program_is_an_error(tmp_path):
    with pytest.raises(FormatError, match="no folder"):
        load(tmp_path / "absent")
    with pytest.raises(FormatError, match=r"manifest\.json cannot be read"):
        load(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="UTF-8"):
        load(tmp_path)


def test_the_library_of_another_program_is_not_called(life, words, saved):
    library = words.files["libmodel.so"]
    (saved / "libmodel.so").write_bytes(library)
    stamp = {"size_bytes": len(library), "sha256": hashlib.sha256(library).hexdigest()}
    form = json.loads((saved / "manifest.json").read_text())
    form["files"]["libmodel.so"] = stamp
    (saved / "manifest.json").write_text(json.dumps(form))
    with pytest.raises(FormatError, match="library of program 'life'"):
        load(saved)


def test_a_library_that_is_none_is_an_error(saved):
    (saved / "libmodel.so").write_bytes(b"nothing")
    form = json.loads((saved / "manifest.json").read_text())
    form["files"]["libmodel.so"] = {
        "size_bytes": 7,
        "sha256": hashlib.sha256(b"nothing").hexdigest(),
    }
    (saved / "manifest.json").write_text(json.dumps(form))
    with pytest.raises(FormatError, match="cannot be loaded"):
        load(saved)


def test_the_sources_of_a_program_are_listed_once():
    assert {*program.SOURCES, program.WEIGHTS[1], program.LIBRARY, folder.MANIFEST} == FILES
