"""The whole store, cut off at every call to the disk: every file comes back, old or new."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from keep import models
from keep.crash.cut import Cut, Disk
from tenth.keep import Store
from tenth.keep.places import disk, open_place

pytestmark = pytest.mark.slow

SIZES = {"embed.weight": (40, 16), "block.0.weight": (64, 32)}
BASE = models.weights(0, SIZES)
FILES = {
    "base": BASE,
    "task": models.tuned(BASE, 1),
    "task, later": models.tuned(BASE, 2),
    "gone": models.tuned(BASE, 3),
}


def put(store, given):
    store.put("task", given / "task, later", base="base", threads=1)


def put_first(store, given):
    store.put("new/name", given / "task", threads=1)


def rm(store, given):
    store.rm("task")


def gc(store, given):
    store.gc(grace_seconds=0)


def push(store, given):
    Store(given / "elsewhere").push(store)


def rebase(store, given):
    store.rebase("task", base=None, threads=1)


ACTIONS = [put, put_first, rm, gc, push, rebase]


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Models, a store of some of them with something to collect, and one to push from."""
    for call in ("sync_file", "sync_folder"):
        monkeypatch.setattr(disk, call, lambda *_: None)
    monkeypatch.setattr("tenth.keep.moving._AT_ONCE", 1)
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(prefix="tenth-", dir=folder) as name:
        root = Path(name)
        for model, arrays in FILES.items():
            models.folder(root / model, arrays)
        store = Store(root / "store", make=True)
        for model in ("base", "task", "gone"):
            store.put(model, root / model, threads=1)
        store.rm("gone")
        elsewhere = Store(root / "elsewhere", make=True)
        elsewhere.put("pushed", root / "task, later", threads=1)
        yield root


def fresh(given, number) -> Store:
    shutil.copytree(given / "store", given / f"store-{number}")
    return Store(given / f"store-{number}")


def state(store, out) -> dict:
    """The bytes of every file of every name."""
    found = {}
    for listed in store.ls():
        if not listed.name.startswith("unfinished/"):
            shutil.rmtree(out, ignore_errors=True)
            store.get(listed.name, out, threads=1)
            found[listed.name] = models.files(out)
    return found


@pytest.mark.parametrize(
    ("end", "action"),
    [*(("kill", action) for action in ACTIONS), ("power", put), ("power", push), ("power", gc)],
)
def test_cut_off_at_every_call(given, monkeypatch, action, end):
    out = given / "out"
    store = fresh(given, "reference")
    before = state(store, out)
    with monkeypatch.context() as patch:
        reference = Disk(patch, -1)
        action(store, given)
    after = state(store, out)
    assert (before == after) == (action in (gc, rebase))
    for at in range(reference.calls):
        store = fresh(given, at)
        with monkeypatch.context() as patch:
            cut = Disk(patch, at)
            with pytest.raises(Cut):
                action(store, given)
        if end == "power":
            cut.power_failure(keep=0.5 * (at % 2), seed=at)
        place = open_place(store.url)
        store = Store(place)
        found = state(store, out)
        assert found in (before, after)
        assert not store.verify(depth="deep").problems
        if at % 7 == 0:
            long_ago = place.clock() - 200_000
            for entry in place.list(""):
                os.utime(place.root / entry.key, (long_ago, long_ago))
            store.gc(grace_seconds=0)
            assert state(store, out) == found
            store.put("task", given / "task, later", threads=1)
            assert state(store, out)["task"] == models.files(given / "task, later")
        shutil.rmtree(place.root)
