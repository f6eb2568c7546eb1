"""One byte of a name's file is changed: the name is told, never left out, and can be mended."""

import os
from pathlib import Path

import pytest

from tenth.errors import ConflictError, DamagedError, OutputError
from tenth.keep import Store, clone
from tenth.keep.exchange import LostNames

from .models import files, folder, tuned, weights

SIZES = {"a": (40, 40), "b": (30,)}


@pytest.fixture
def models(tmp_path):
    folder(tmp_path / "one", weights(0, SIZES))
    folder(tmp_path / "two", tuned(weights(0, SIZES)))
    return tmp_path


@pytest.fixture
def store(models):
    made = Store(models / "store", make=True)
    made.put("f", models / "one", message="the first")
    made.put("f", models / "two", message="the second")
    made.put("g", models / "one")
    return made


def flip(store, generation, at=None, name="f"):
    """Change a byte of a generation; by default one of the manifest's id."""
    path = Path(store.url) / f"refs/{name}/{generation:08}.json"
    data = bytearray(path.read_bytes())
    data[data.index(b'"manifest":"') + 20 if at is None else at] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    return path


def test_ls_tells_it_and_older_versions_can_be_read(store, models):
    flip(store, 2)
    f, g = Store(store.url).ls()
    assert (f.name, f.generation, f.time_seconds, g.problem) == ("f", 2, None, "")
    assert "tenth keep rm f" in f.problem
    store.get("f@1", models / "out")
    assert files(models / "out") == files(models / "one")
    with pytest.raises(DamagedError):
        store.get("f", models / "other")
    assert [(one.generation, one.state) for one in store.log("f")] == [(2, "damaged"), (1, "here")]


def test_clone_and_push_bring_the_rest_and_name_what_is_lost(store, models):
    flip(store, 2)
    with pytest.raises(LostNames, match="f was not moved"):
        clone(store, models / "copy")
    assert [one.name for one in Store(models / "copy").ls()] == ["g"]
    moved = store.push(models / "far")
    assert (moved.names, list(moved.lost)) == (("g",), ["f"])
    with pytest.raises(DamagedError):
        store.push(models / "far", ["f"])


def test_a_clone_goes_into_no_store_with_names(store, models):
    clone(store, models / "copy")
    with pytest.raises(OutputError, match="store with names"):
        clone(store, models / "copy")


@pytest.mark.parametrize("at", [None, 5, -3])
def test_verify_mends_a_name_from_a_store_that_has_it(store, models, at):
    store.push(models / "copy")
    path = flip(store, 2, at)
    (problem,) = Store(store.url).verify().problems
    assert (problem.name, problem.key) == ("f", "refs/f/00000002.json")
    verdict = Store(store.url).verify(repair_from=models / "copy")
    assert verdict.problems == ()
    assert [one.key for one in verdict.before] == [problem.key]
    assert "f is what it is in" in verdict.mended[0]
    assert [one.generation for one in store.log("f")] == [2, 1]
    assert path.exists()
    store.get("f", models / "out")
    assert files(models / "out") == files(models / "two")


def test_an_older_version_is_mended_where_its_rest_says_what_it_was(store, models):
    clone(store, models / "copy")
    Store(models / "copy").put("f", models / "one")
    flip(store, 1, 5)
    verdict = Store(store.url).verify(repair_from=models / "copy")
    assert verdict.problems == ()
    store.get("f@1", models / "out")
    assert files(models / "out") == files(models / "one")
    flip(store, 1)  # a character of the id
    assert not Store(store.url).verify(repair_from=models / "copy").problems
    assert store.show("f@1").ref.manifest == store.show("g").ref.manifest
    path = Path(store.url) / "refs/f/00000001.json"
    path.chmod(0o644)
    path.write_bytes(b"nothing is left of it")  # what it was is not guessed
    assert Store(store.url).verify(repair_from=models / "copy").problems


def test_a_damaged_removal_stays_a_removal(store, models):
    clone(store, models / "copy")
    store.rm("f")
    path = Path(store.url) / "refs/f/00000003.json"
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    verdict = Store(store.url).verify(repair_from=models / "copy")
    assert verdict.problems == ()
    assert [one.name for one in Store(store.url).ls()] == ["g"]


def test_repair_brings_the_manifest_and_the_packs_of_a_mended_name(store, models):
    clone(store, models / "copy")
    manifest = store.show("f").ref.manifest
    for key in (f"manifests/{manifest}", *(f"objects/{p[:2]}/{p}" for p in only(store))):
        (Path(store.url) / key).unlink()
    flip(store, 2)
    verdict = Store(store.url).verify(depth="deep", repair_from=models / "copy")
    assert verdict.problems == ()
    assert len(verdict.mended) >= 3


def only(store):
    return store._shelf.manifest("f").packs() - store._shelf.manifest("g").packs()


def test_pull_mends_a_name(store, models):
    clone(store, models / "copy")
    flip(store, 2)
    moved = Store(store.url).pull(models / "copy")
    assert moved.names == ("f",)
    assert moved.packs == 0
    assert [(one.generation, one.state) for one in store.log("f")] == [(2, "here"), (1, "here")]
    assert store.verify(depth="deep").problems == ()


def test_a_put_goes_on_after_it_and_says_so(store, models):
    flip(store, 2)
    result = Store(store.url).put("f", models / "two")
    assert result.generation == 3
    assert "version 2 before this one is damaged" in result.warnings[-1]
    with pytest.raises(DamagedError, match="tenth keep rm f"):
        store.gc(grace_seconds=0)  # version 2 may need something


def test_without_another_store_the_name_can_be_given_up(store, models):
    flip(store, 2)
    with pytest.raises(DamagedError, match="tenth keep rm f"):
        store.gc(grace_seconds=0)
    assert Store(store.url).rm("f").generation == 3
    assert store.verify().problems == ()
    store.gc(grace_seconds=0)
    store.gc(grace_seconds=0)
    states = [one.state for one in store.log("f")]
    assert states == ["removed", "damaged", "here"]  # g needs what version 1 needed
    store.put("f", models / "two")
    assert store.verify(depth="deep").problems == ()


def test_the_log_marks_what_gc_took(models):
    store = Store(models / "store", make=True)
    store.put("f", models / "one")
    store.rm("f")
    for _ in range(2):
        store.gc(grace_seconds=0)
    assert [one.state for one in store.log("f")] == ["removed", "gone"]


def test_a_version_without_bytes_is_told_once_no_writer_can_be_at_work(store, models):
    clone(store, models / "copy")
    path = Path(store.url) / "refs/f/00000002.json"
    path.chmod(0o644)
    path.write_bytes(b"")
    assert store.verify().problems == ()  # a writer may have claimed it just now
    os.utime(path, (1, 1))
    for names in ((), ("f",)):
        (problem,) = store.verify(names).problems
        assert problem.name == "f"
        assert "refs/f/00000002.json is empty" in problem.said
    assert store.verify(["g"]).problems == ()
    store.gc(grace_seconds=0)
    store.pull(models / "copy", ["f"], force=True)
    store.get("f", models / "out")
    assert files(models / "out") == files(models / "two")
    assert store.verify(depth="deep").problems == ()


def test_a_pull_does_not_put_another_variant_in_the_place_of_a_damaged_one(store, models):
    other = Store(models / "other", make=True)
    other.put("f", models / "one")
    path = flip(store, 2)
    damaged = path.read_bytes()
    with pytest.raises(ConflictError, match="by force"):
        store.pull(other)
    assert path.read_bytes() == damaged
    store.pull(other, force=True)
    assert store.show("f").ref.manifest == other.show("f").ref.manifest


def emptied(store, generation):
    path = Path(store.url) / f"refs/f/{generation:08}.json"
    path.chmod(0o644)
    path.write_bytes(b"")
    os.utime(path, (1, 1))


def test_a_version_without_bytes_is_repaired_where_the_other_store_goes_on_from_it(store, models):
    other = Store(models / "other", make=True)
    other.put("f", models / "one")
    other.put("f", models / "two")
    emptied(store, 2)
    verdict = store.verify(repair_from=other.url)
    assert "refs/f/00000002.json was written anew" in verdict.mended[0]
    assert verdict.problems == ()
    store.get("f", models / "out")
    assert files(models / "out") == files(models / "two")


def test_a_name_of_which_nothing_else_is_there_is_repaired(models):
    store = Store(models / "single", make=True)
    store.put("f", models / "one")
    clone(store, models / "copy")
    emptied(store, 1)
    assert store.ls() == []
    assert store.verify(repair_from=str(models / "copy")).problems == ()
    store.get("f", models / "out")
    assert files(models / "out") == files(models / "one")


def test_a_version_without_bytes_does_not_become_another_variant(store, models):
    other = Store(models / "other", make=True)
    other.put("f", models / "two")
    emptied(store, 2)
    verdict = store.verify(repair_from=other.url)
    assert verdict.mended == ()
    assert len(verdict.problems) == 1
    store.get("f", models / "out")
    assert files(models / "out") == files(models / "one")
