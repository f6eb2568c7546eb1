import os
import secrets
import threading

import pytest

from keep.crash import little
from tenth.errors import ConflictError, DamagedError, MissingError, OutputError
from tenth.keep import refs, transfer
from tenth.keep.leases import Lease
from tenth.keep.places import disk, open_place


def payloads(seed: int, count: int = 6) -> list[bytes]:
    return [bytes([seed, number]) * 300 for number in range(count)]


def put(place, name: str, seed: int, count: int = 6) -> None:
    """A variant of several small packs."""
    little.put(place, name, payloads(seed, count), target_bytes=1000)


def copy(source, target, names=None, **options):
    return transfer.copy(source, target, names, little.packs_of, **options)


@pytest.fixture
def source(tmp_path):
    return open_place(tmp_path / "source", make=True)


@pytest.fixture
def target(tmp_path):
    return open_place(tmp_path / "target", make=True)


def test_a_clone_holds_the_same(source, place):
    put(source, "a", 1)
    put(source, "team/b", 2)
    put(source, "gone", 3)
    refs.remove(source, "gone")
    moved = copy(source, place)
    assert moved.names == ("a", "team/b")
    assert (moved.unchanged, moved.kept_packs, moved.kept_bytes) == ((), 0, 0)
    assert refs.names(place) == ["a", "team/b"]
    assert little.get(place, "a") == payloads(1)
    assert little.get(place, "team/b") == payloads(2)
    assert moved.packs == 6
    assert moved.moved_bytes == sum(entry.size_bytes for entry in place.list("objects/"))
    assert [*place.list("leases/")] == []
    back = copy(place, source)
    assert (back.names, back.unchanged, back.packs) == ((), ("a", "team/b"), 0)


def test_only_what_is_missing_is_moved(source, near):
    put(source, "a", 1)
    copy(source, near, ["a"])
    little.put(source, "b", [*payloads(1), b"more" * 300], target_bytes=1000)
    moved = copy(source, near, ["b"])
    assert (moved.packs, moved.kept_packs) == (1, 3)
    assert little.get(near, "b") == [*payloads(1), b"more" * 300]


def test_only_the_names_asked_for_are_moved_each_once(source, target):
    put(source, "a", 1)
    put(source, "b", 2)
    assert copy(source, target, ["b", "b"]).names == ("b",)
    assert refs.names(target) == ["b"]
    assert copy(source, target, []).names == ()


def test_progress_grows_from_nothing_to_all(source, target):
    put(source, "a", 1)
    seen = []
    moved = copy(source, target, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, moved.moved_bytes)
    assert seen[-1] == (moved.moved_bytes, moved.moved_bytes)
    assert seen == sorted(seen)
    assert len(seen) == 4


def test_a_message_goes_along(source, target):
    put(source, "a", 1)
    seen = refs.read(source, "a")
    refs.write(source, "a", seen.manifest, 1, "the better one")
    copy(source, target)
    assert refs.read(target, "a").message == "the better one"


def test_a_name_moves_on_from_what_the_sources_log_knows(source, target):
    put(source, "a", 1)
    copy(source, target)
    put(source, "a", 2)
    put(source, "a", 3)
    assert copy(source, target).names == ("a",)
    assert little.get(target, "a") == payloads(3)
    assert refs.read(target, "a").generation == 2


def test_a_name_with_another_variant_is_overwritten_only_by_force(source, target):
    put(source, "a", 1)
    put(target, "a", 2)
    with pytest.raises(ConflictError, match="never had under this name"):
        copy(source, target)
    assert little.get(target, "a") == payloads(2)
    copy(source, target, force=True)
    assert little.get(target, "a") == payloads(1)
    assert len(refs.history(target, "a")) == 2


def test_a_name_that_was_removed_in_the_target_comes_back(source, target):
    put(source, "a", 1)
    copy(source, target)
    refs.remove(target, "a")
    assert copy(source, target).names == ("a",)
    assert little.get(target, "a") == payloads(1)


def test_a_name_that_is_not_there(source, target):
    with pytest.raises(MissingError, match="has no variant a"):
        copy(source, target, ["a"])


def test_a_target_that_somebody_changes_meanwhile_is_not_overwritten(source, target):
    put(source, "a", 1)

    def race(done, total):
        if done == total:
            put(target, "a", 2)

    with pytest.raises(ConflictError, match="changed by somebody else"):
        copy(source, target, progress=race)
    assert little.get(target, "a") == payloads(2)


def test_a_transfer_goes_on_where_it_was_cut_off(source, target, monkeypatch):
    put(source, "a", 1, count=20)
    real = disk.link
    calls = []

    def link(source_path, target_path):
        if "objects" in target_path.parts:
            calls.append(target_path)
            if len(calls) == 4:
                raise OSError(28, "No space left on device")
        real(source_path, target_path)

    monkeypatch.setattr(disk, "link", link)
    with pytest.raises(OutputError, match="is full"):
        copy(source, target)
    monkeypatch.undo()
    assert refs.names(target) == []
    assert [*target.list("tmp/")] == []
    arrived = len([*target.list("objects/")])
    assert arrived >= 3
    moved = copy(source, target)
    assert (moved.packs, moved.kept_packs) == (10 - arrived, arrived)
    assert little.get(target, "a") == payloads(1, 20)


def test_a_damaged_pack_of_the_source_is_not_passed_on(source, target):
    put(source, "a", 1)
    entry = max(source.list("objects/"), key=lambda entry: entry.key)
    for change in ("flip", "cut"):
        data = bytearray((source.root / entry.key).read_bytes())
        if change == "flip":
            data[20] ^= 1
        else:
            del data[-1]
        (source.root / entry.key).write_bytes(data)
        with pytest.raises(DamagedError, match="hash"):
            copy(source, target)
        assert entry.key not in {found.key for found in target.list("objects/")}
        assert refs.names(target) == []


def test_a_missing_pack_of_the_source_is_named_before_anything_moves(source, target):
    put(source, "a", 1)
    entry = next(iter(source.list("objects/")))
    source.delete(entry.key)
    with pytest.raises(MissingError, match=entry.key):
        copy(source, target)
    assert little.objects(target) == set()


def test_a_damaged_manifest_of_the_source_is_not_passed_on(source, target):
    put(source, "a", 1)
    key = f"manifests/{refs.read(source, 'a').manifest}"
    (source.root / key).write_bytes(b"[[], []]")
    with pytest.raises(DamagedError, match=key):
        copy(source, target)
    assert refs.names(target) == []


def test_cut_objects_in_the_target_are_made_whole_and_whole_ones_never_replaced(source, target):
    put(source, "a", 1)
    copy(source, target)
    refs.remove(target, "a")
    first, second, _ = sorted(entry.key for entry in target.list("objects/"))
    (target.root / first).write_bytes((target.root / first).read_bytes()[:-5])
    manifest = f"manifests/{refs.read(source, 'a').manifest}"
    (target.root / manifest).write_bytes(b"cut")
    assert copy(source, target).packs == 1
    assert little.get(target, "a") == payloads(1)

    refs.remove(target, "a")
    whole = (source.root / second).read_bytes()
    (source.root / second).write_bytes(whole[:-5])  # here the source is wrong
    assert copy(source, target).packs == 0
    assert little.get(target, "a") == payloads(1)


def test_a_target_that_gives_back_other_bytes_gets_no_name(source, target, monkeypatch):
    put(source, "a", 1)
    real = disk.sync_file

    def flip(handle):
        real(handle)
        os.pwrite(handle, b"!", 20)

    monkeypatch.setattr(disk, "sync_file", flip)
    with pytest.raises(DamagedError, match="gave back other bytes"):
        copy(source, target)
    monkeypatch.undo()
    assert refs.names(target) == []


def test_what_went_away_while_this_process_stood_still_is_moved_again(source, target, monkeypatch):
    put(source, "a", 1)
    real = Lease.lost
    calls = []

    def lost(self):
        if not calls:
            for entry in [*target.list("objects/"), *target.list("manifests/")]:
                target.delete(entry.key)
        calls.append(1)
        return real(self)

    monkeypatch.setattr(Lease, "lost", lost)
    copy(source, target)
    assert little.get(target, "a") == payloads(1)


def test_an_interruption_ends_it_and_leaves_no_litter(source, target):
    put(source, "a", 1, count=40)

    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, progress=interrupt)
    assert refs.names(target) == []
    assert [*target.list("tmp/")] == []
    assert [*target.list("leases/")] == []
    copy(source, target)
    assert little.get(target, "a") == payloads(1, 40)


def test_two_pushes_of_the_same_at_once(source, near):
    put(source, "a", 1)
    put(source, "b", 2)
    failed = []
    start = threading.Barrier(2)

    def push(name):
        start.wait()
        try:
            copy(source, near, [name, "a"])
        except ConflictError:
            pass  # the other was first with the name a
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=push, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    copy(source, near)
    assert little.get(near, "a") == payloads(1)
    assert little.get(near, "b") == payloads(2)


def test_memory_to_memory_and_back(source):
    first = open_place(f"memory://{secrets.token_hex(8)}", make=True)
    second = open_place(f"memory://{secrets.token_hex(8)}", make=True)
    put(first, "a", 1)
    copy(first, second)
    copy(second, source)
    assert little.get(source, "a") == payloads(1)
