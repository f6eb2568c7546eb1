"""Storing: what is shared, what is near, what is written, and what an interruption leaves."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import InputError, MissingError, OutputError, StoreError
from tenth.keep import Store, assembling, storing

from .models import as_bf16, bf16, files, folder, safetensors, tuned, weights

BASE = weights()


def new_store(tmp_path):
    return Store(tmp_path / "store", make=True)


def restored(store, name, tmp_path):
    store.get(name, tmp_path / f"out of {name.replace('/', ' ')}")
    return files(tmp_path / f"out of {name.replace('/', ' ')}")


def test_the_base_is_found_without_being_named(tmp_path):
    store = new_store(tmp_path)
    store.put("other", folder(tmp_path / "other", weights(9)))
    store.put("llama", folder(tmp_path / "llama", BASE))
    result = store.put("task", folder(tmp_path / "task", tuned(BASE)))
    assert (result.basis.name, result.basis.how) == ("llama", "found")
    assert 0 < result.basis.bits[0] < result.basis.bits[1]
    assert result.added_bytes < 0.65 * result.full_bytes
    assert restored(store, "task", tmp_path) == files(tmp_path / "task")


def test_a_declared_base_is_used_and_says_so(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    result = store.put("task", folder(tmp_path / "task", tuned(BASE)), base="llama")
    assert (result.basis.name, result.basis.how, result.warnings) == ("llama", "declared", ())


def test_a_wrong_base_is_noticed_and_a_better_one_taken(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    store.put("other", folder(tmp_path / "other", weights(9)))
    task = folder(tmp_path / "task", tuned(BASE))
    result = store.put("task", task, base="other")
    assert result.basis.name == "llama"
    assert any("other is named as the base" in warning for warning in result.warnings)
    assert restored(store, "task", tmp_path) == files(task)


def test_a_wrong_base_is_noticed_and_none_taken(tmp_path):
    store = new_store(tmp_path)
    store.put("other", folder(tmp_path / "other", weights(9)))
    result = store.put("llama", folder(tmp_path / "llama", BASE), base="other")
    assert result.basis.name is None
    assert any("other is named as the base" in warning for warning in result.warnings)
    assert not any(tensor.difference for tensor in store.show("llama").tensors)


def test_many_small_tensors_do_not_grow_and_can_be_a_base(tmp_path):
    sizes = {f"{i}.lora": (8, 384) for i in range(40)}
    store = new_store(tmp_path)
    first = store.put("first", folder(tmp_path / "first", weights(0, sizes)))
    assert first.added_bytes < first.full_bytes
    near = store.put("near", folder(tmp_path / "near", tuned(weights(0, sizes), size=1e-6)))
    assert near.basis.name == "first"
    assert near.added_bytes < 0.55 * first.added_bytes


def test_a_base_that_no_tensor_used_is_not_named(tmp_path):
    store = new_store(tmp_path)
    base = {"w": np.random.default_rng(0).integers(0, 256, (512, 256)).astype("i8")}
    store.put("base", folder(tmp_path / "base", base))
    other = {"w": np.random.default_rng(1).integers(0, 256, (512, 256)).astype("i8")}
    result = store.put("other", folder(tmp_path / "other", other))
    assert result.basis.name is None
    assert store.show("other").base is None


def test_no_base_means_none(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    store.put("task", folder(tmp_path / "task", tuned(BASE)), base=None)
    assert not any(tensor.difference for tensor in store.show("task").tensors)


def test_a_base_that_is_not_there_is_an_error_before_anything_is_read(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    with pytest.raises(MissingError, match="Did you mean llama"):
        store.put("task", tmp_path / "nowhere", base="llamb")


def test_a_base_that_the_card_names_is_believed(tmp_path):
    store = new_store(tmp_path)
    store.put("Llama-3", folder(tmp_path / "llama", BASE))
    task = folder(tmp_path / "task", tuned(BASE))
    (task / "README.md").write_text("---\nbase_model: meta/llama-3\n---\n")
    result = store.put("task", task)
    assert (result.basis.name, result.basis.how) == ("Llama-3", "declared")


def test_variants_of_variants_refer_to_the_first_base(tmp_path):
    store = new_store(tmp_path)
    first, second = tuned(BASE, 1), tuned(tuned(BASE, 1), 2)
    store.put("llama", folder(tmp_path / "llama", BASE))
    store.put("one", folder(tmp_path / "one", first))
    store.put("two", folder(tmp_path / "two", second))
    manifest = store._shelf.manifest("two")
    roots = store._shelf.manifest("llama").own()
    for record in manifest.records.values():
        assert record.bases <= roots
    assert restored(store, "two", tmp_path) == files(tmp_path / "two")


def test_equal_tensors_are_stored_once_under_whatever_name(tmp_path):
    store = new_store(tmp_path)
    tied = {"a": BASE["embed.weight"], "b": BASE["embed.weight"], "c": np.zeros((0, 4), "f4")}
    (tmp_path / "tied.safetensors").write_bytes(safetensors(tied))
    result = store.put("tied", tmp_path / "tied.safetensors")
    assert result.held_bytes == BASE["embed.weight"].nbytes
    moved = {"z": BASE["embed.weight"].reshape(64, 600)}
    (tmp_path / "moved.safetensors").write_bytes(safetensors(moved))
    result = store.put("moved", tmp_path / "moved.safetensors")
    assert result.added_bytes < 2000
    assert restored(store, "moved", tmp_path) == {
        "moved.safetensors": (tmp_path / "moved.safetensors").read_bytes()
    }


@pytest.mark.parametrize(
    ("kind", "least"),
    [("renamed", 1.5), ("fused", 1.3), ("grown", 1.5), ("wider type", 1.8), ("resharded", 1.5)],
)
def test_what_was_turned_around_is_still_found(kind, least, tmp_path):
    rng = np.random.default_rng(5)
    base = {f"{i}.{n}": rng.normal(0, 0.02, (128, 64)).astype("f4") for i in (0, 1) for n in "qkv"}
    base["embed"] = rng.normal(0, 0.02, (1000, 64)).astype("f4")
    near = tuned(base, 3, 1e-5)
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", as_bf16(base) if kind == "wider type" else base))
    task = tmp_path / "task"
    if kind == "renamed":
        folder(task, {f"model.{name}": array for name, array in near.items()})
    elif kind == "fused":
        fused = {f"{i}.qkv": np.concatenate([near[f"{i}.{n}"] for n in "qkv"]) for i in (0, 1)}
        folder(task, fused | {"embed": near["embed"]})
    elif kind == "grown":
        more = rng.normal(0, 0.02, (24, 64)).astype("f4")
        folder(task, near | {"embed": np.concatenate([near["embed"], more])})
    elif kind == "wider type":
        folder(task, {name: (bf16(a).astype("u4") << 16).view("f4") for name, a in base.items()})
    else:
        task.mkdir()
        halves = [dict(list(near.items())[:3]), dict(list(near.items())[3:])]
        index = {"weight_map": {n: f"model-{i + 1}.safetensors" for i in (0, 1) for n in halves[i]}}
        for i in (0, 1):
            (task / f"model-{i + 1}.safetensors").write_bytes(safetensors(halves[i]))
        (task / "model.safetensors.index.json").write_text(json.dumps(index))
    result = store.put("task", task)
    assert result.basis.name == "llama"
    assert result.full_bytes / result.added_bytes > least
    assert restored(store, "task", tmp_path) == files(task)
    assert store.verify(depth="deep").problems == ()


def test_a_merged_adapter_is_a_product_in_the_archive_tier(tmp_path):
    rng = np.random.default_rng(6)
    base = {"w": rng.normal(0, 0.02, (256, 320)).astype("f4")}
    product = rng.normal(0, 0.03, (256, 4)) @ rng.normal(0, 0.03, (4, 320))
    task = folder(tmp_path / "task", as_bf16({"w": (base["w"] + product).astype("f4")}))
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", as_bf16(base)))
    noticed = store.put("fast", task)
    assert any("merged adapter" in warning for warning in noticed.warnings)
    store.rm("fast")
    store.gc(grace_seconds=0)
    small = Store(store.url).put("task", task, tier="archive")
    assert small.added_bytes < noticed.added_bytes / 1.3
    assert "lowrank" in store.show("task").tensors[0].codecs
    assert restored(store, "task", tmp_path) == files(task)
    assert np.array_equal(store.open("task")["w"][7:9], store.open("task")["w"].read()[7:9])
    assert store.verify(depth="deep").problems == ()


def test_a_tensor_of_many_chunks_with_a_part_in_each(tmp_path):
    rng = np.random.default_rng(4)
    base = {"w": rng.integers(0, 1 << 16, (5, 1 << 19), "u2")}
    task = {"w": base["w"].copy()}
    task["w"][1, 5] += 1
    task["w"][4, 7:100] -= 1
    store = new_store(tmp_path)
    store.put("base", folder(tmp_path / "base", base))
    result = store.put("task", folder(tmp_path / "task", task))
    assert result.added_bytes < 5000
    assert restored(store, "task", tmp_path) == files(tmp_path / "task")


def test_the_same_bytes_whatever_the_threads(tmp_path):
    packs = set()
    for threads in (1, 3):
        store = Store(tmp_path / f"store {threads}", make=True)
        base = tmp_path / "base"
        task = tmp_path / "task"
        if threads == 1:
            folder(base, BASE)
            folder(task, tuned(BASE))
        store.put("base", base, threads=threads)
        store.put("task", task, threads=threads)
        packs.add(frozenset(store._shelf.manifest("task").packs()))
    assert len(packs) == 1


@pytest.mark.parametrize("name", ["", "a b", "../x", "a//b", "a@1", "/a", "unfinished/x", "ä"])
def test_a_bad_name_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="name of a variant must be"):
        new_store(tmp_path).put(name, folder(tmp_path / "m", BASE))


def test_what_is_not_there_or_empty_is_refused(tmp_path):
    store = new_store(tmp_path)
    with pytest.raises(InputError):
        store.put("x", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        store.put("x", tmp_path / "empty")
    assert store.ls() == []


def test_threads_must_be_some(tmp_path):
    with pytest.raises(InputError, match="threads must be at least 1"):
        new_store(tmp_path).put("x", folder(tmp_path / "m", BASE), threads=0)


def test_progress_reaches_its_end(tmp_path):
    steps = []
    result = new_store(tmp_path).put("x", folder(tmp_path / "m", BASE), progress=steps.append)
    for doing in ("read", "put x"):
        last = [step for step in steps if step.doing == doing][-1]
        assert last.done == last.total > 0
    assert result.full_bytes == [step for step in steps if step.doing == "read"][-1].total


def test_a_file_that_changes_meanwhile_is_an_error_and_nothing_is_published(tmp_path, monkeypatch):
    model = folder(tmp_path / "m", BASE)
    scan = assembling.Assembly.run

    def changes_first(self, *arguments):
        path = model / "model.safetensors"
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        return scan(self, *arguments)

    monkeypatch.setattr(assembling.Assembly, "run", changes_first)
    store = new_store(tmp_path)
    with pytest.raises(InputError, match="left alone"):
        store.put("x", model)
    assert store._shelf.names() == []


def test_a_codec_that_does_not_give_its_input_back_stores_nothing(tmp_path, monkeypatch):
    def wrong(codec, payload, dtype, base, out):
        out[:] = bytes(len(out))

    monkeypatch.setattr(storing, "decode", wrong)
    store = new_store(tmp_path)
    with pytest.raises(StoreError, match="This is a bug of tenth"):
        store.put("x", folder(tmp_path / "m", BASE))
    assert store._shelf.names() == []


class Stop:
    """Raises what ctrl-C raises, once the bytes of a put have come so far."""

    def __init__(self, share):
        self.share = share

    def __call__(self, step):
        if step.doing.startswith("put") and step.done >= self.share * step.total:
            raise KeyboardInterrupt


def test_an_interrupted_put_goes_on_where_it_stopped(tmp_path):
    arrays = {f"w{i}": weights(i, {"w": (300, 300)})["w"] for i in range(8)}
    model = folder(tmp_path / "m", arrays)
    store = new_store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.put("task", model, progress=Stop(0.6), threads=1)
    assert store._shelf.names() == []
    assert [one.name for one in store.ls()] == ["unfinished/task"]
    with pytest.raises(MissingError):
        store.open("task")
    store.gc(grace_seconds=0)
    result = store.put("task", model)
    assert result.held_bytes > 0.3 * result.full_bytes
    assert [one.name for one in store.ls()] == ["task"]
    store.gc(grace_seconds=0)
    assert restored(store, "task", tmp_path) == files(model)
    # what was done before the interruption can be a base as the rest can
    assert store.put("near", folder(tmp_path / "n", tuned(arrays))).added_bytes < (
        0.7 * result.full_bytes
    )


def test_an_interrupted_put_of_a_variant_goes_on_too(tmp_path):
    arrays = {f"w{i}": weights(i, {"w": (300, 300)})["w"] for i in range(8)}
    store = new_store(tmp_path)
    store.put("base", folder(tmp_path / "base", arrays))
    model = folder(tmp_path / "m", tuned(arrays))
    with pytest.raises(KeyboardInterrupt):
        store.put("task", model, progress=Stop(0.6), threads=1)
    store.rm("base")
    store.gc(grace_seconds=0)
    result = store.put("task", model)
    assert result.held_bytes > 0.3 * result.full_bytes
    assert restored(store, "task", tmp_path) == files(model)
    assert store.verify(depth="deep").problems == ()


def test_a_full_disk_is_an_error_and_the_name_is_as_it_was(tmp_path, monkeypatch):
    store = new_store(tmp_path)
    store.put("x", folder(tmp_path / "m", BASE))

    def full(self, data, digest=None):
        raise OutputError("the disk is full.")

    monkeypatch.setattr(assembling.Writer, "add", full)
    with pytest.raises(OutputError, match="full"):
        store.put("x", folder(tmp_path / "n", weights(3)))
    monkeypatch.undo()
    assert restored(store, "x", tmp_path) == files(tmp_path / "m")
    assert len(store.log("x")) == 1


def test_many_writers_of_one_name_and_of_many(tmp_path):
    store = new_store(tmp_path)
    store.put("base", folder(tmp_path / "base", BASE))
    models = [folder(tmp_path / f"m{i}", tuned(BASE, i)) for i in range(4)]
    failed = []

    def put(i):
        try:
            writer = Store(tmp_path / "store")
            writer.put("same", models[i], threads=1)
            writer.put(f"own/{i}", models[i], threads=1)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=put, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(store.log("same")) == 4
    for i in range(4):
        assert restored(store, f"own/{i}", tmp_path) == files(models[i])
    assert store.verify(depth="deep").problems == ()


def break_packs(store, name, step):
    """Change a byte in every `step` of the packs that only this name has."""
    others = [one.name for one in store.ls() if one.name != name]
    shared = set().union(*(store._shelf.manifest(one).packs() for one in others))
    for pack in store._shelf.manifest(name).packs() - shared:
        path = Path(store.url) / "objects" / pack[:2] / pack
        data = bytearray(path.read_bytes())
        for at in range(30, len(data), step):
            data[at] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)


@pytest.mark.parametrize("step", [10**9, 50_000, 100])
def test_what_is_damaged_is_not_relied_on_and_a_put_heals_it(step, tmp_path):
    store = new_store(tmp_path)
    store.put("base", folder(tmp_path / "base", BASE))
    store.put("task", folder(tmp_path / "task", tuned(BASE)))
    break_packs(store, "task", step)
    assert store.verify(depth="stored").problems
    store = Store(store.url)
    store.put("task", tmp_path / "task")
    assert store.verify(depth="stored").problems == ()
    assert restored(store, "task", tmp_path) == files(tmp_path / "task")
    break_packs(store, "base", 10**9)
    store = Store(store.url)
    store.put("base", tmp_path / "base")
    assert restored(store, "base", tmp_path) == files(tmp_path / "base")


@pytest.mark.parametrize("tensor", ["embed.weight", "block.0.weight"])
def test_a_damaged_base_is_not_relied_on_either(tensor, tmp_path):
    store = new_store(tmp_path)
    store.put("base", folder(tmp_path / "base", BASE))
    record = store._shelf.manifest("base").records[store.open("base")[tensor].id]
    piece = record.chunks[0].piece
    path = tmp_path / "store" / "objects" / piece.pack[:2] / piece.pack
    data = bytearray(path.read_bytes())
    data[piece.start + 9] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    store, task = Store(store.url), folder(tmp_path / "task", tuned(BASE))
    result = store.put("task", task)
    assert restored(store, "task", tmp_path) == files(task)
    made = store._shelf.manifest("task").records
    stored_alone = {name for name in BASE if not made[store.open("task")[name].id].bases}
    assert tensor in stored_alone
    assert stored_alone != set(BASE)
    # a small one cannot be sketched, and so is not looked at
    assert record.sketch is None or "1 of the tensors of base are damaged" in result.warnings[0]
    problems = store.verify(depth="stored").problems
    assert {problem.name for problem in problems if problem.tensor} == {"base"}


@pytest.mark.parametrize("sizes", [None, {f"w{i}": (40, 40) for i in range(9)}])
def test_putting_a_damaged_base_again_heals_it(sizes, tmp_path):
    store = new_store(tmp_path)
    model = folder(tmp_path / "base", BASE if sizes is None else weights(0, sizes))
    store.put("base", model)
    store.put(
        "task", folder(tmp_path / "task", tuned(BASE if sizes is None else weights(0, sizes)))
    )
    for path in sorted((tmp_path / "store" / "objects").rglob("*")):
        if not path.is_file():
            continue
        for at in range(20, path.stat().st_size, max(97, path.stat().st_size // 3)):
            data = path.read_bytes()
            path.chmod(0o644)
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            again = Store(store.url)
            result = again.put("again", model)
            assert result.basis.name is None or "task" in result.basis.name
            assert result.basis.bits[0] == 0 or result.basis.bits[0] > 2  # never of itself
            assert again.verify(["again"], depth="deep").problems == ()
            again.rm("again")
            path.write_bytes(data)


def test_a_base_that_was_not_taken_is_told_with_the_reason(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    store.put("twin", tmp_path / "llama")
    store.put("near", folder(tmp_path / "near", tuned(BASE, 1)))
    store.put("llama", folder(tmp_path / "new", weights(7)))
    task = folder(tmp_path / "task", tuned(BASE, 2))

    def said(base, path=task):
        result = store.put("task", path, base=base)
        store.rm("task")
        store.gc(grace_seconds=0)
        store.gc(grace_seconds=0)
        return result.basis.name, " ".join(result.warnings)

    assert said("twin") == ("twin", "")
    name, why = said("near")
    assert name == "twin"
    assert "near was asked for, and twin was taken: near is stored as a difference itself" in why
    name, why = said("llama@1")
    assert name == "twin"
    assert "llama is named as the base" in why or "llama@1 was asked for" in why
    name, why = said("twin", tmp_path / "near")
    assert (name, why) == ("llama", "")  # the name that it had when `near` was put
    name, why = said("llama", tmp_path / "near")
    assert name == "llama"
    assert "llama was asked for, and another version of llama was taken: every byte was in" in why


def test_a_base_that_does_not_pay_is_told(tmp_path):
    store = new_store(tmp_path)
    store.put("words", folder(tmp_path / "words", {"w": BASE["block.0.bias"]}))
    result = store.put("llama", folder(tmp_path / "llama", BASE), base="words")
    assert result.basis.name is None
    assert any("words" in warning for warning in result.warnings)


def test_a_base_is_one_word_for_one_thing(tmp_path):
    store = new_store(tmp_path)
    store.put("llama", folder(tmp_path / "llama", BASE))
    store.put("task", folder(tmp_path / "task", tuned(BASE)))
    again = store.put("twin", tmp_path / "task", tier="archive")
    assert (again.basis.name, again.basis.how) == ("llama", "held")
    assert {one.name: one.base for one in store.ls()}["twin"] == "llama"
    assert "tenth keep rebase twin --base auto --archive" in again.warnings[-1]
    root = store.put("root", tmp_path / "llama")
    assert (root.basis.name, root.basis.how) == (None, "none")


@pytest.mark.parametrize("same", [True, False])
def test_a_second_put_of_a_name_at_once_is_told_of_the_first(same, tmp_path, monkeypatch):
    store = new_store(tmp_path)
    one, two = (folder(tmp_path / str(seed), weights(seed, {"a": (9, 9)})) for seed in (1, 2))
    store.put("m", folder(tmp_path / "before", weights(3, {"a": (9, 9)})))
    choose = assembling.choose

    def meanwhile(*rest):
        monkeypatch.setattr(assembling, "choose", choose)
        assert Store(store.url).put("m", one if same else two).warnings == ()
        return choose(*rest)

    monkeypatch.setattr(assembling, "choose", meanwhile)
    result = store.put("m", one)
    assert result.generation == (2 if same else 3)
    assert "version 2" in result.warnings[0]
    assert "meanwhile by somebody else" in result.warnings[0]


def test_names_that_some_systems_refuse_say_what_the_trouble_is(tmp_path):
    store = new_store(tmp_path)
    for name in ("a:b", "a\nb"):
        model = folder(tmp_path / ascii(name), BASE)
        (model / name).write_text("x")
        with pytest.raises(InputError, match="without ':'"):
            store.put("m", model)
