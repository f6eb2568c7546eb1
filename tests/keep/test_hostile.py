"""Manifests made to do harm, in a store: an error in a sentence, and nothing written outside."""

from dataclasses import replace

import pytest

from tenth.errors import OutputError, StoreError
from tenth.keep import Store, refs
from tenth.keep.manifest import (
    Chunk,
    File,
    Manifest,
    Part,
    Piece,
    Predictor,
    Record,
    Segment,
    encode,
)

from .models import folder, tuned, weights


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    made.put("base", folder(tmp_path / "base", weights()))
    made.put("task", folder(tmp_path / "task", tuned(weights())))
    return made


def plant(store, manifest):
    """Let the name `bad` point to a manifest of one's own making."""
    manifest_id, data = encode(manifest)
    store._shelf.place.create(f"manifests/{manifest_id}", data)
    refs.write(store._shelf.place, "bad", manifest_id, 0)


def changed(store, change):
    """The manifest of task with the record of one tensor changed."""
    manifest = store._shelf.manifest("task")
    tensor_id = store.open("task")["block.0.weight"].id
    records = dict(manifest.records)
    records[tensor_id] = change(records[tensor_id])
    return replace(manifest, records=records)


def chunks(record, **fields):
    return record._replace(chunks=tuple(chunk._replace(**fields) for chunk in record.chunks))


def pieces(record, **fields):
    moved = (chunk._replace(piece=chunk.piece._replace(**fields)) for chunk in record.chunks)
    return record._replace(chunks=tuple(moved))


def parts(record, **fields):
    return record._replace(parts=tuple(part._replace(**fields) for part in record.parts))


CHANGES = {
    "an unknown codec": (lambda r: chunks(r, codec="zip"), "Update tenth"),
    "a newer codec": (lambda r: chunks(r, version=99), "Update tenth"),
    "another codec": (lambda r: chunks(r, codec="store"), "lost"),
    "no base": (lambda r: r._replace(parts=(Part(r.size),)), "lost"),
    "an unknown predictor": (
        lambda r: parts(r, predictor=Predictor("oracle", 1, "F32", None)),
        "Update tenth",
    ),
    "a predictor without its parameters": (
        lambda r: parts(r, predictor=Predictor("lowrank", 1, "F32", None)),
        "lost",
    ),
    "a cast of what is no float": (
        lambda r: parts(r, predictor=Predictor("cast", 1, "I32", None)),
        "lost",
    ),
    "a pack that is not there": (lambda r: pieces(r, pack="7" * 64), "lost"),
    "bytes beyond the pack": (lambda r: pieces(r, start=2**40), "lost"),
    "other bytes of the pack": (lambda r: pieces(r, start=3), "lost"),
    "another dtype": (lambda r: r._replace(dtype="F64"), "lost|not those that were put"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_that_lies_is_an_error_and_no_file(change, store, tmp_path):
    make, said = CHANGES[change]
    plant(store, changed(store, make))
    with pytest.raises(StoreError, match=said):
        store.get("bad", tmp_path / "out")
    assert not (tmp_path / "out" / "model.safetensors").exists()
    with pytest.raises(StoreError):
        store.open("bad")["block.0.weight"].read()
    problems = store.verify(["bad"], depth="deep").problems
    assert any(problem.tensor == "block.0.weight" for problem in problems)
    assert store.verify(["base", "task"], depth="deep").problems == ()


def test_a_bomb_of_copies_is_refused_before_it_fills_the_disk(store, tmp_path):
    base = next(one for one in store._shelf.manifest("base").records.values() if one.size > 1 << 16)
    base_id = store.open("base")["block.0.weight"].id
    count, step = 50_000, base.size
    bomb = Record(
        "U8",
        count * step,
        tuple(Part(step, base_id, 0) for _ in range(count)),
        tuple(Chunk("copy", 1, step, None) for _ in range(count)),
    )
    records = dict(store._shelf.manifest("base").records) | {"f" * 64: bomb}
    records = {one: record for one, record in records.items() if one in ("f" * 64, base_id)}
    file = File("bomb", bomb.size * 3000, "0" * 64, (Segment("f" * 64, bomb.size),) * 3000)
    plant(store, Manifest((file,), records))
    with pytest.raises(OutputError, match="free for"):
        store.get("bad", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "a\\..\\x", "C:x", "a\0"])
def test_no_file_name_leads_out_of_the_folder(name, store, tmp_path):
    manifest = store._shelf.manifest("task")
    plant(store, replace(manifest, files=(replace(manifest.files[0], name=name),)))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="a path inside its folder"):
        store.get("bad", tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_hostile_name_does_not_stop_the_others(store, tmp_path):
    manifest = store._shelf.manifest("task")
    plant(store, replace(manifest, files=(replace(manifest.files[0], name="../x"),)))
    assert [bool(one.problem) for one in store.ls()] == [True, False, False]
    store.put("near", folder(tmp_path / "near", tuned(weights(), 7)))
    store.get("near", tmp_path / "out")
    with pytest.raises(StoreError):
        store.gc(grace_seconds=0)  # it cannot know what that name needs
    store.rm("bad")
    store.gc(grace_seconds=0)
    assert store.verify(depth="deep").problems == ()


def test_a_piece_of_another_pack_with_its_own_check_is_caught_by_the_id(store, tmp_path):
    other = store._shelf.manifest("base").records[store.open("base")["block.0.weight"].id]
    plant(store, changed(store, lambda record: other._replace(sketch=None)))
    with pytest.raises(StoreError, match="not those that were put"):
        store.get("bad", tmp_path / "out")
    assert isinstance(other.chunks[0].piece, Piece)
