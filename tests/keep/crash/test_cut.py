"""Cut off at every single call to the disk: the old state or the new one, never half of one."""

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from keep.crash import little
from keep.crash.cut import Cut, Disk
from tenth.errors import OutputError
from tenth.keep import refs, transfer
from tenth.keep.collect import collect
from tenth.keep.places import disk, open_place

OLD = [b"old" * 50, b"older" * 50]
NEW = [b"new" * 50, b"newer" * 50, b"old" * 50]
OTHER = [b"other" * 50]


def put(place, source):
    little.put(place, "a", NEW, target_bytes=1000)


def put_first(place, source):
    little.put(place, "new/name", NEW, target_bytes=1000)


def remove(place, source):
    refs.remove(place, "a")


def gc(place, source):
    collect(place, lambda: little.needed(place), 0)


def push(place, source):
    transfer.copy(source, place, None, little.packs_of)


ACTIONS = [put, put_first, remove, gc, push]


@pytest.fixture
def root(tmp_path):
    """A folder in memory where the system has one: thousands of small files come and go."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="tenth-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def folders(root, monkeypatch):
    """A store with two names and something to collect, and one to push from."""
    with monkeypatch.context() as patch:
        for call in ("sync_file", "sync_folder"):
            patch.setattr(disk, call, lambda *_: None)
        store = open_place(root / "store", make=True)
        little.put(store, "a", OLD, target_bytes=1000)
        little.put(store, "b", OTHER)
        little.put(store, "gone", [b"gone" * 50])
        refs.remove(store, "gone")
        source = open_place(root / "source", make=True)
        little.put(source, "pushed", NEW, target_bytes=1000)
    # one at a time, so that the order of the calls to the disk is always the same
    monkeypatch.setattr("tenth.keep.moving._AT_ONCE", 1)
    return root


def fresh(folders, number) -> tuple:
    shutil.copytree(folders / "store", folders / f"store-{number}")
    return open_place(folders / f"store-{number}"), open_place(folders / "source")


def state(place) -> dict:
    """What every name holds, with every hash compared."""
    return {name: little.get(place, name) for name in refs.names(place)}


def check(root, before: dict, after: dict) -> None:
    """The old state or the new one; then gc clears everything else away, and putting works."""
    place = open_place(root)
    found = state(place)
    assert found in (before, after)
    long_ago = place.clock() - 100_000
    for entry in place.list(""):
        os.utime(place.root / entry.key, (long_ago, long_ago))
    collect(place, lambda: little.needed(place), 0)
    assert state(place) == found
    assert little.objects(place) == little.needed(place)
    left = {entry.key for entry in place.list("") if not entry.key.startswith("refs/")}
    assert left == {"tenth-keep.json"} | little.needed(place)
    little.put(place, "a", NEW)
    assert state(place) == found | {"a": NEW}


@pytest.fixture
def no_flush(monkeypatch):
    for call in ("sync_file", "sync_folder"):
        monkeypatch.setattr(disk, call, lambda *_: None)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("end", ["kill", "power"])
def test_cut_off_at_every_call(folders, no_flush, monkeypatch, action, end):
    place, source = fresh(folders, "reference")
    before = state(place)
    with monkeypatch.context() as patch:
        reference = Disk(patch, -1)
        action(place, source)
    after = state(place)
    assert (before == after) == (action is gc)
    if end == "power":
        reference.power_failure(keep=0)
        assert state(open_place(place.root)) == after  # what is done is durable
    assert reference.calls > 3
    for at in range(reference.calls):
        place, source = fresh(folders, at)
        with monkeypatch.context() as patch:
            cut = Disk(patch, at)
            with pytest.raises(Cut):
                action(place, source)
        assert cut.names == reference.names[: at + 1]
        if end == "power":
            cut.power_failure(keep=0.5 * (at % 2), seed=at)
        check(place.root, before, after)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_full_at_every_call(folders, no_flush, monkeypatch, action):
    """The disk is full for one call; the process lives, says so, and clears up after itself."""
    place, source = fresh(folders, "reference")
    before = state(place)
    kept = {entry.key for entry in place.list("")}
    with monkeypatch.context() as patch:
        reference = Disk(patch, -1)
        action(place, source)
    after = state(place)
    for at, call in enumerate(reference.names):
        place, source = fresh(folders, at)
        with monkeypatch.context() as patch:
            Disk(patch, at, full=True)
            # what cannot be removed is left to gc, and may be no failure
            with (
                suppress(OutputError)
                if call == "remove"
                else pytest.raises(OutputError, match="is full")
            ):
                action(place, source)
        left = {entry.key for entry in place.list("")} - kept
        if call != "remove":
            assert not {key for key in left if key.startswith(("tmp/", "leases/", "doomed/"))}
        check(place.root, before, after)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "power"])
def test_without_hard_links_a_cut_is_survived_too(folders, no_flush, monkeypatch, end):
    def no_link(source, target):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(disk, "link", no_link)
    place, source = fresh(folders, "reference")
    before = state(place)
    with monkeypatch.context() as patch:
        reference = Disk(patch, -1)
        put(place, source)
    after = state(place)
    for at in range(reference.calls):
        place, source = fresh(folders, at)
        with monkeypatch.context() as patch:
            cut = Disk(patch, at)
            with pytest.raises(Cut):
                put(place, source)
        if end == "power":
            cut.power_failure(keep=0)
        check(place.root, before, after)


@pytest.mark.parametrize("end", ["kill", "power"])
def test_a_store_that_was_cut_off_while_it_was_made_can_be_made(root, monkeypatch, end):
    with monkeypatch.context() as patch:
        reference = Disk(patch, -1)
        open_place(root / "reference", make=True)
    assert reference.calls > 5
    for at in range(reference.calls):
        store = root / f"store-{at}"
        with monkeypatch.context() as patch:
            cut = Disk(patch, at)
            with pytest.raises(Cut):
                open_place(store, make=True)
        if end == "power":
            cut.power_failure(keep=0)
        open_place(store, make=True)
        assert state(open_place(store)) == {}
