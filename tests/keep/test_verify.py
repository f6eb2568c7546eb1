"""Whatever is changed in a store is found, named, and told whether another copy helps."""

from dataclasses import replace
from pathlib import Path

import pytest

from tenth.errors import InputError, MissingError
from tenth.keep import Store, clone, refs
from tenth.keep.manifest import encode
from tenth.keep.verdict import DEPTHS

from .models import folder, tuned, weights


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    sizes = {"a": (40, 40), "b": (30,)}
    made.put("base", folder(tmp_path / "base", weights(0, sizes)))
    made.put("task", folder(tmp_path / "task", tuned(weights(0, sizes))))
    clone(made, tmp_path / "copy")
    return made


def path_of(store, key):
    return Path(store.url) / key


def packs(store):
    return sorted(entry.key for entry in store._shelf.place.list("objects/"))


def flip(path, at, bits=1):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_whole_store_has_no_problems(store, depth):
    verdict = store.verify(depth=depth)
    assert verdict.problems == ()
    assert (verdict.depth, verdict.names, verdict.packs) == (depth, 2, len(packs(store)))
    assert verdict.tensors == (4 if depth == "deep" else 0)
    assert verdict.to_json()["problems"] == []


def test_every_byte_of_a_pack_matters(store):
    for key in packs(store):
        path = path_of(store, key)
        data = path.read_bytes()
        for at in range(0, len(data), 37):
            flip(path, at)
            verdict = Store(store.url).verify(depth="stored")
            assert verdict.problems
            assert all(problem.fetch_helps for problem in verdict.problems)
            flip(path, at)
        assert path.read_bytes() == data
    assert store.verify(depth="stored").problems == ()


def test_a_cut_pack_is_found_by_the_quick_look(store):
    path = path_of(store, packs(store)[0])
    whole = path.read_bytes()
    path.chmod(0o644)
    for size in (0, 1, 20, len(whole) // 2):
        path.write_bytes(whole[:size])
        problems = Store(store.url).verify().problems
        assert problems
        assert any("cut short" in p.said or "not there" in p.said for p in problems)
    path.unlink()
    problems = Store(store.url).verify().problems
    assert any("is not there" in problem.said for problem in problems)


def test_only_the_tensor_that_is_hit_is_named(store):
    record = store._shelf.manifest("task").records[store.open("task")["a"].id]
    piece = record.chunks[0].piece
    flip(path_of(store, f"objects/{piece.pack[:2]}/{piece.pack}"), piece.start + 3)
    for depth in ("stored", "deep"):
        (problem,) = Store(store.url).verify(depth=depth).problems
        assert (problem.name, problem.file, problem.tensor) == ("task", "model.safetensors", "a")
        assert "Another copy of the store can repair it" in str(problem)


def test_a_hit_base_names_the_variants_tensors_too(store):
    record = store._shelf.manifest("base").records[store.open("base")["a"].id]
    piece = record.chunks[0].piece
    flip(path_of(store, f"objects/{piece.pack[:2]}/{piece.pack}"), piece.start + 3)
    for depth in ("stored", "deep"):
        problems = Store(store.url).verify(depth=depth).problems
        assert {(p.name, p.tensor) for p in problems} == {("base", "a"), ("task", "a")}


def test_damage_outside_of_any_tensor_is_told_as_such(store):
    key = packs(store)[0]
    flip(path_of(store, key), 9)  # in the header of the pack
    problems = Store(store.url).verify(depth="stored").problems
    assert problems
    assert all(problem.key == key for problem in problems)


def test_a_damaged_manifest_and_a_damaged_name_hide_nothing_else(store):
    manifest = store.show("base").ref.manifest
    flip(path_of(store, f"manifests/{manifest}"), 50)
    (problem,) = Store(store.url).verify().problems
    assert (problem.name, problem.key) == ("base", f"manifests/{manifest}")
    ref = next(entry.key for entry in store._shelf.place.list("refs/task/"))
    flip(path_of(store, ref), 10)
    problems = Store(store.url).verify().problems
    assert {(problem.name, problem.key) for problem in problems} == {
        ("base", f"manifests/{manifest}"),
        ("task", ref),
    }
    assert [one.problem != "" for one in Store(store.url).ls()] == [True, True]


def test_repair_fetches_what_is_damaged_and_what_is_gone(store, tmp_path):
    first, second = packs(store)[:2]
    flip(path_of(store, first), 30)
    path_of(store, second).unlink()
    manifest = store.show("task").ref.manifest
    flip(path_of(store, f"manifests/{manifest}"), 50)
    assert Store(store.url).verify(depth="stored").problems
    mended = Store(store.url).verify(depth="stored", repair_from=tmp_path / "copy")
    assert mended.problems == ()
    assert Store(store.url).verify(depth="deep").problems == ()


def test_repair_from_a_damaged_copy_changes_nothing(store, tmp_path):
    first = packs(store)[0]
    for root in (store.url, tmp_path / "copy"):
        flip(Path(root) / first, 30)
    before = path_of(store, first).read_bytes()
    assert Store(store.url).verify(depth="stored", repair_from=tmp_path / "copy").problems
    assert path_of(store, first).read_bytes() == before


def test_what_was_wrong_when_it_was_stored_is_not_repaired_by_fetching(store):
    manifest = store._shelf.manifest("task")
    wrong = [file for file in manifest.files if file.name == "model.safetensors"]
    forged = replace(manifest, files=(replace(wrong[0], sha256="0" * 64),))
    manifest_id, data = encode(forged)
    store._shelf.place.create(f"manifests/{manifest_id}", data)
    refs.write(store._shelf.place, "forged", manifest_id, 0)
    (problem,) = store.verify(["forged"], depth="deep").problems
    assert not problem.fetch_helps
    assert "Fetching it again does not help" in str(problem)
    assert store.verify(["task"], depth="deep").problems == ()


def test_names_and_depths_that_are_not_there(store):
    with pytest.raises(MissingError, match="Did you mean task"):
        store.verify(["tusk"])
    with pytest.raises(InputError, match="depth must be one of"):
        store.verify(depth="deeper")


def test_what_an_older_version_would_miss_is_named(store, tmp_path):
    sizes = {"a": (40, 40), "b": (30,)}
    before = {*packs(store)}
    store.put("task", folder(tmp_path / "later", weights(7, sizes)), base=None)
    (later,) = {*packs(store)} - before
    assert not store.verify(depth="deep").problems
    older = next(key for key in before if not needed_by(store, "base", key))
    data = path_of(store, older).read_bytes()
    path_of(store, older).unlink()
    problems = Store(store.url).verify().problems
    assert {problem.name for problem in problems} == {"task@1"}
    assert {problem.tensor for problem in problems} >= {"a", "b"}
    assert Store(store.url).verify(["base"]).problems == ()
    assert Store(store.url).verify(["task@2"]).problems == ()
    assert Store(store.url).verify(["task"]).problems == problems
    mended = Store(store.url).verify(repair_from=str(tmp_path / "copy"))
    assert mended.problems == ()
    assert path_of(store, older).read_bytes() == data
    assert later in packs(store)


def needed_by(store, name, key):
    manifest = store._shelf.manifest(name)
    return key.rpartition("/")[2] in manifest.packs()


def test_an_older_version_that_gc_took_is_no_problem(store, tmp_path):
    sizes = {"a": (40, 40), "b": (30,)}
    store.put("task", folder(tmp_path / "later", weights(7, sizes)), base=None)
    for _ in range(2):
        store.gc(grace_seconds=0, versions=1)
    assert [one.state for one in store.log("task")] == ["here", "gone"]
    assert not store.verify(depth="deep").problems
