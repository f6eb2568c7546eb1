import errno
import os
from pathlib import Path

import pytest

from tenth import files
from tenth.errors import OutputError


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_is_written_whole_and_readable(tmp_path):
    files.write_text(tmp_path / "a.txt", "é")
    assert (tmp_path / "a.txt").read_bytes() == "é".encode()
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert names(tmp_path) == ["a.txt"]


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_what_fails_half_way_leaves_the_old_file(tmp_path, failure):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with files.atomic_path(target) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    with pytest.raises(OutputError, match="No space left on device"):
        files.write_text(tmp_path / "a.txt", "x")
    assert names(tmp_path) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match=r"must be a folder\. Got a file"):
        files.output_folder(tmp_path / "taken")
    with pytest.raises(OutputError, match="cannot be written"):
        files.output_folder(tmp_path / "taken" / "below")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system of Linux")
@pytest.mark.parametrize(
    ("name", "said"),
    [(".", "must be a file"), ("no/a", "No such file"), ("taken/a", "Not a directory"),
     ("n" * 300, "name too long")],
)  # fmt: skip
def test_a_place_for_no_file_is_refused_and_nothing_made(tmp_path, name, said):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=said):
        files.output_file(tmp_path / name)
    assert names(tmp_path) == ["taken"]


def test_a_place_for_a_file_stays_as_it_is(tmp_path):
    (tmp_path / "old").write_text("kept")
    for name in ("old", "new"):
        assert files.output_file(str(tmp_path / name)) == tmp_path / name
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "kept"


def test_a_folder_that_nobody_may_write_is_refused():
    # even root cannot make files in /proc
    with pytest.raises(OutputError, match="cannot be written"):
        files.output_folder("/proc/self")
    with pytest.raises(OutputError, match="cannot be written"):
        files.write_text("/proc/self/new.txt", "x")
