"""A store as a user works with it, from the first put to the last gc."""

import numpy as np
import pytest

from tenth.errors import ConflictError, InputError, MissingError, StoreError
from tenth.keep import Store, clone

from .models import as_bf16, files, folder, tuned, weights


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    base = weights()
    folder(root / "base", as_bf16(base))
    folder(root / "task-a", as_bf16(tuned(base, 1)))
    folder(root / "task-b", as_bf16(tuned(base, 2, 1e-3)))
    folder(root / "other", as_bf16(weights(9)))
    return root


@pytest.fixture
def store(tmp_path, models):
    made = Store(tmp_path / "store", make=True)
    made.put("base", models / "base")
    made.put("task-a", models / "task-a")
    return made


def round_trip(place, models, out):
    store = Store(place)
    for name in ("base", "task-a", "task-b", "other"):
        store.put(name, models / name)
    for name in ("base", "task-a", "task-b", "other"):
        store.get(name, out / name)
        assert files(out / name) == files(models / name)
    assert store.verify(depth="deep").problems == ()


def test_what_is_put_comes_back_byte_by_byte(near, models, tmp_path):
    round_trip(near, models, tmp_path / "out")


@pytest.mark.slow
def test_what_is_put_into_a_bucket_comes_back_byte_by_byte(s3_server, models, tmp_path):
    round_trip(s3_server.fresh(), models, tmp_path / "out")


def test_the_names_are_listed_and_shown(store, models):
    assert [one.name for one in store.ls()] == ["base", "task-a"]
    base, task = store.ls()
    assert (base.base, task.base) == (None, "base")
    assert base.full_bytes == sum(map(len, files(models / "base").values()))
    assert (base.files, base.tensors) == (4, 3)
    shown = store.show("task-a")
    assert [tensor.name for tensor in shown.tensors] == list(weights())
    assert shown.tensors[0].difference
    assert shown.tensors[0].stored_bytes < shown.tensors[0].full_bytes / 1.8
    assert not store.show("base").tensors[0].difference
    assert shown.to_json()["base"] == "base"


def test_the_log_has_every_version_and_each_can_be_had(store, models, tmp_path):
    store.put("task-a", models / "task-b", message="more data")
    log = store.log("task-a")
    assert [one.generation for one in log] == [2, 1]
    assert log[0].message == "more data"
    store.get("task-a@1", tmp_path / "one")
    store.get("task-a", tmp_path / "two")
    assert files(tmp_path / "one") == files(models / "task-a")
    assert files(tmp_path / "two") == files(models / "task-b")
    with pytest.raises(MissingError, match="version of task-a must be one of 2, 1"):
        store.get("task-a@7", tmp_path / "seven")


def test_a_name_that_is_put_again_unchanged_stays_at_its_version(store, models):
    result = store.put("task-a", models / "task-a")
    assert (result.generation, result.added_bytes) == (1, 0)


def test_an_unknown_name_brings_the_nearest_ones(store, tmp_path):
    for verb in (
        lambda: store.get("task-b", tmp_path / "x"),
        lambda: store.open("task-b"),
        lambda: store.rm("task-b"),
        lambda: store.log("task-b"),
        lambda: store.show("task-b"),
        lambda: store.get("task-b@1", tmp_path / "x"),
    ):
        with pytest.raises(MissingError, match="Did you mean task-a"):
            verb()
    with pytest.raises(MissingError, match="There are: base, task-a"):
        store.open("zzz")


def test_a_folder_that_is_no_store_says_so(tmp_path):
    with pytest.raises(MissingError, match="holds no store"):
        Store(tmp_path)


def test_removing_and_collecting_frees_what_nobody_needs(store, models, tmp_path):
    before = store.du().place_bytes
    store.put("other", models / "other")
    store.rm("other")
    with pytest.raises(MissingError):
        store.open("other")
    kept = store.gc()  # with a day of grace
    assert kept.deleted == ()
    assert store.gc(grace_seconds=0).deleted
    assert store.gc(grace_seconds=0).deleted == ()
    assert store.du().place_bytes < before + 2000  # the log stays
    store.get("task-a", tmp_path / "out")
    assert files(tmp_path / "out") == files(models / "task-a")


def test_a_base_that_is_removed_stays_for_its_variants(store, models, tmp_path):
    store.rm("base")
    for _ in range(3):
        store.gc(grace_seconds=0)
    store.get("task-a", tmp_path / "out")
    assert files(tmp_path / "out") == files(models / "task-a")
    # and is still found as the base of others
    assert store.put("task-b", models / "task-b").basis.name == "task-a"
    assert store.verify(depth="deep").problems == ()


def test_older_versions_survive_gc_until_told_otherwise(store, models, tmp_path):
    store.put("task-a", models / "other")
    for _ in range(3):
        store.gc(grace_seconds=0)
    store.get("task-a@1", tmp_path / "one")
    for _ in range(3):
        store.gc(grace_seconds=0, versions=1)
    with pytest.raises(MissingError):
        store.get("task-a@1", tmp_path / "again")
    store.get("task-a", tmp_path / "two")
    assert files(tmp_path / "two") == files(models / "other")
    with pytest.raises(InputError, match="at least 1"):
        store.gc(versions=0)


def test_a_dry_run_of_gc_deletes_nothing(store):
    store.rm("task-a")
    before = store.du().place_bytes
    for _ in range(3):
        store.gc(grace_seconds=0, dry_run=True)
    assert store.du().place_bytes == before


def test_gc_stops_where_a_manifest_cannot_be_read(store):
    place = store._shelf.place
    key = next(entry.key for entry in place.list("manifests/"))
    place.delete(key)
    with pytest.raises(StoreError):
        Store(place).gc(grace_seconds=0)


def test_rebasing_keeps_the_files_and_changes_how_they_are_stored(store, models, tmp_path):
    result = store.rebase("task-a", base=None)
    assert result.generation == 2
    assert not any(tensor.difference for tensor in store.show("task-a").tensors)
    store.get("task-a", tmp_path / "alone")
    assert files(tmp_path / "alone") == files(models / "task-a")
    store.rebase("base", base="task-a")
    assert store.show("base").base == ("task-a", store.show("task-a").ref.manifest)
    assert all(tensor.difference for tensor in store.show("base").tensors)
    store.get("base", tmp_path / "turned")
    assert files(tmp_path / "turned") == files(models / "base")
    assert store.verify(depth="deep").problems == ()
    with pytest.raises(InputError, match="base must be another variant"):
        store.rebase("base", base="base")
    # the same tensors now stand in two manifests with each other as base: no ring comes of it
    assert store.put("again", models / "base").held_bytes > 0
    store.get("again", tmp_path / "again")
    assert files(tmp_path / "again") == files(models / "base")


def test_push_moves_what_is_missing_and_pull_brings_it_back(store, models, tmp_path):
    moved = store.push(tmp_path / "there", ["base"])
    assert moved.names == ("base",)
    moved = store.push(tmp_path / "there", ["task-a"])
    assert moved.kept_packs > 0
    again = store.push(tmp_path / "there")
    assert again.moved_bytes == 0
    assert set(again.unchanged) == {"base", "task-a"}
    other = Store(tmp_path / "new", make=True)
    other.pull(tmp_path / "there", ["task-a"])
    other.get("task-a", tmp_path / "out")
    assert files(tmp_path / "out") == files(models / "task-a")
    with pytest.raises(MissingError, match="Did you mean"):
        store.push(tmp_path / "there", ["task-x"])


def test_a_name_that_changed_there_is_not_overwritten_by_accident(store, models, tmp_path):
    store.push(tmp_path / "there")
    Store(tmp_path / "there").put("task-a", models / "other")
    store.put("task-a", models / "task-b")
    with pytest.raises(ConflictError):
        store.push(tmp_path / "there", ["task-a"])
    store.push(tmp_path / "there", ["task-a"], force=True)
    Store(tmp_path / "there").get("task-a", tmp_path / "out")
    assert files(tmp_path / "out") == files(models / "task-b")


def test_a_clone_has_everything(store, models, tmp_path):
    steps = []
    made = clone(store, tmp_path / "clone", progress=steps.append)
    assert [one.name for one in made.ls()] == ["base", "task-a"]
    assert made.verify(depth="deep").problems == ()
    assert steps[-1].done == steps[-1].total > 0


def test_two_stores_are_told_apart(store):
    assert store.url in repr(store)


def test_a_new_store_is_empty(tmp_path):
    store = Store(tmp_path / "new", make=True)
    assert store.ls() == []
    assert store.verify().problems == ()
    assert not store.du().saved_usd_per_year.known
    with pytest.raises(MissingError, match="The store is empty"):
        store.open("x")
    assert np.array_equal(store.gc().deleted, ())
