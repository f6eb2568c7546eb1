import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from tenth.errors import ConflictError, InputError, MissingError, OutputError, StoreError
from tenth.keep.places import disk, sizes
from tenth.keep.places.folder import FolderPlace


@pytest.fixture
def place(tmp_path):
    (tmp_path / "store").mkdir()
    return FolderPlace(tmp_path / "store")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_written_object_leaves_no_temporary_file(place):
    assert place.create("refs/a/1.json", b"one")
    assert not place.create("refs/a/1.json", b"two")
    assert place.read("refs/a/1.json") == b"one"
    assert names(place.root) == ["1.json"]


def test_a_file_in_scratch_is_taken_over_and_another_one_copied(place, tmp_path):
    inside = place.scratch() / "x.tmp"
    inside.write_bytes(b"inside")
    number = inside.stat().st_ino
    assert place.create("objects/a", inside)
    assert (place.root / "objects/a").stat().st_ino == number

    outside = tmp_path / "outside"
    outside.write_bytes(b"outside" * 300_000)
    assert place.create("objects/b", outside)
    assert outside.read_bytes() == place.read("objects/b")
    outside.write_bytes(b"changed later")
    assert place.read("objects/b")[:7] == b"outside"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_without_hard_links_a_name_is_claimed_first(place, monkeypatch, code):
    def no_link(source, target):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(disk, "link", no_link)
    assert place.create("refs/a/1.json", b"one")
    assert not place.create("refs/a/1.json", b"two")
    assert place.read("refs/a/1.json") == b"one"
    assert names(place.root) == ["1.json"]


def test_a_claim_without_bytes_is_no_object_and_blocks_only_its_own_name(place):
    place.create("refs/a/1.json", b"one")
    (place.root / "refs/a/2.json").touch()
    assert place.size("refs/a/2.json") is None
    with pytest.raises(MissingError):
        place.read("refs/a/2.json")
    with pytest.raises(ConflictError, match="being written by somebody else"):
        place.create("refs/a/2.json", b"two")
    assert place.create("refs/a/3.json", b"three")
    assert {entry.key for entry in place.list("refs/") if not entry.size_bytes} == {"refs/a/2.json"}


@pytest.mark.parametrize("linking", [True, False])
def test_of_many_writers_of_a_key_one_wins_and_its_bytes_stay(place, monkeypatch, linking):
    if not linking:

        def no_link(source, target):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(disk, "link", no_link)
    start = threading.Barrier(8)
    won: list[bytes] = []

    def write(number: int) -> None:
        data = bytes([number]) * 1000
        start.wait()
        for turn in range(20):
            try:
                if place.create(f"refs/a/{turn}.json", data):
                    won.append(turn.to_bytes() + data[:1])
            except ConflictError:
                assert not linking  # the winner has claimed it and is about to write

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turn[0] for turn in won) == list(range(20))
    for turn in won:
        assert place.read(f"refs/a/{turn[0]}.json") == turn[1:] * 1000
    assert len(names(place.root)) == 20


def test_a_key_deleted_under_the_hands_of_a_writer_is_written_again(place, monkeypatch):
    real = disk.link
    calls = []

    def link(source, target):
        calls.append(target)
        if len(calls) == 1:
            target.write_bytes(b"other")
            try:
                real(source, target)
            finally:
                target.unlink()
        else:
            real(source, target)

    monkeypatch.setattr(disk, "link", link)
    assert place.create("objects/a", b"mine")
    assert place.read("objects/a") == b"mine"


@pytest.mark.parametrize("key", ["../x", "/tmp/x", "a/../../x", "a\0", ""])
def test_nothing_is_touched_outside_the_store(place, key):
    for call in (place.read, place.size, place.entry, place.delete):
        with pytest.raises(InputError):
            call(key)
    with pytest.raises(InputError):
        place.create(key, b"x")
    assert names(place.root.parent) == []


def test_a_folder_that_is_a_link_is_never_written_through(place, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").write_bytes(b"precious")
    (place.root / "refs").symlink_to(other)
    with pytest.raises(StoreError, match="is a link"):
        place.create("refs/evil", b"x")
    with pytest.raises(StoreError, match="is a link"):
        place.delete("refs/precious")
    assert names(other) == ["precious"]
    assert [entry.key for entry in place.list("")] == []


def test_a_pipe_or_folder_in_the_place_of_an_object_is_missing_and_hangs_nobody(place):
    (place.root / "objects").mkdir()
    os.mkfifo(place.root / "objects/pipe")
    (place.root / "objects/folder").mkdir()
    for key in ("objects/pipe", "objects/folder"):
        assert place.size(key) is None
        with pytest.raises(MissingError):
            place.read(key)


def test_what_an_operating_system_leaves_in_folders_is_not_listed(place):
    place.create("objects/a", b"x")
    (place.root / "objects/.DS_Store").write_bytes(b"x")
    (place.root / "objects/Thumbs and more.db").write_bytes(b"x")
    assert [entry.key for entry in place.list("objects/")] == ["objects/a"]


FAILS = {
    errno.ENOSPC: (OutputError, "is full"),
    errno.EDQUOT: (OutputError, "is full"),
    errno.EROFS: (OutputError, "can only be read"),
    errno.EACCES: (OutputError, "permission denied"),
    errno.EIO: (StoreError, "the disk failed"),
    errno.ELOOP: (StoreError, os.strerror(errno.ELOOP)),
}


@pytest.mark.parametrize("code", FAILS)
@pytest.mark.parametrize("call", ["create_file", "write", "sync_file", "link", "sync_folder"])
def test_a_refusal_of_the_disk_is_one_sentence_and_leaves_nothing(place, monkeypatch, code, call):
    place.create("objects/before", b"before")

    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(disk, call, refuse)
    kind, words = FAILS[code]
    with pytest.raises(kind, match=words) as raised:
        place.create("objects/new", b"new")
    assert str(place.root) in str(raised.value)
    assert raised.value.__class__ is kind
    monkeypatch.undo()
    assert place.read("objects/before") == b"before"
    left = names(place.root)
    assert left == (["before", "new"] if call == "sync_folder" else ["before"])


def test_a_short_write_is_carried_on(place, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    data = os.urandom(1000)
    place.create("objects/a", data)
    assert place.read("objects/a") == data


def test_a_file_that_becomes_shorter_while_it_is_read_is_no_wrong_answer(place, monkeypatch):
    place.create("objects/a", b"x" * 100)
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda handle, size, at: real(handle, min(size, 50 - at), at))
    with pytest.raises(StoreError, match="the disk failed"):
        place.read("objects/a")


def test_a_store_whose_folder_went_away_says_so(tmp_path):
    place = FolderPlace(tmp_path / "gone")
    with pytest.raises(MissingError, match="not there"):
        place.create("objects/a", b"x")
    with pytest.raises(MissingError, match="not there"):
        place.read("objects/a")


def test_everything_is_flushed_before_a_name_is_given_and_the_name_after_it(place, monkeypatch):
    calls = []
    for name in ("write", "sync_file", "link", "sync_folder", "remove"):
        real = getattr(disk, name)

        def call(*arguments, name=name, real=real):
            calls.append((name, arguments[-1]))
            return real(*arguments)

        monkeypatch.setattr(disk, name, call)
    place.create("objects/ab/x", b"x")
    order = [name for name, _ in calls]
    assert order[order.index("write") :] == ["write", "sync_file", "link", "sync_folder", "remove"]
    flushed = [path for name, path in calls if name == "sync_folder"]
    assert {place.root, place.root / "objects", place.root / "objects/ab"} <= set(flushed)


def test_a_writer_who_came_second_flushes_the_name_too(place, monkeypatch):
    place.create("objects/ab/x", b"x")
    flushed = []
    monkeypatch.setattr(disk, "sync_folder", flushed.append)
    assert not FolderPlace(place.root).create("objects/ab/x", b"x")
    assert place.root / "objects/ab" in flushed


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP])
def test_a_mount_that_cannot_flush_folders_is_written_all_the_same(place, monkeypatch, code):
    real = os.fsync

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert place.create("objects/ab/x", b"x")
    assert place.read("objects/ab/x") == b"x"


def test_many_sizes_in_a_folder_are_asked_for_one_by_one(place, monkeypatch):
    place.create("objects/0/x", b"x")
    monkeypatch.setattr(FolderPlace, "list", None)
    assert sizes(place, [f"objects/{number}/x" for number in range(100)]) == {"objects/0/x": 1}
