"""Restoring: never half a file, never another one, never outside the folder."""

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tenth import files as writing
from tenth.errors import DamagedError, InputError, MissingError, OutputError
from tenth.keep import Store, refs
from tenth.keep.manifest import Manifest, Segment, encode

from .models import files, folder, safetensors, tuned, weights


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    made.put("base", folder(tmp_path / "base", weights()))
    made.put("task", folder(tmp_path / "task", tuned(weights())))
    return made


def pack_of(store, name="task"):
    own = store._shelf.manifest(name).packs() - (
        store._shelf.manifest("base").packs() if name != "base" else set()
    )
    (pack,) = own
    return Path(store.url) / "objects" / pack[:2] / pack


def break_byte(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.chmod(0o644)
    path.write_bytes(data)


def test_what_is_equal_is_left_and_what_differs_is_refused(store, tmp_path):
    out = tmp_path / "out"
    first = store.get("task", out)
    assert (len(first.written), first.kept) == (4, ())
    before = (out / "model.safetensors").stat().st_mtime_ns
    again = store.get("task", out)
    assert (again.written, len(again.kept), again.size_bytes) == ((), 4, 0)
    assert (out / "model.safetensors").stat().st_mtime_ns == before
    (out / "config.json").write_text("mine")
    (out / "empty.txt").unlink()
    with pytest.raises(OutputError, match=r"config\.json is there already and differs"):
        store.get("task", out)
    assert (out / "config.json").read_text() == "mine"
    assert not (out / "empty.txt").exists()
    assert store.get("task", out, force=True).written == ("config.json", "empty.txt")
    assert files(out) == files(tmp_path / "task")


def test_some_files_by_their_names(store, tmp_path):
    result = store.get("task", tmp_path / "out", only=("*.json", "more/*"))
    assert set(result.written) == {"config.json", "more/notes.txt"}
    with pytest.raises(InputError, match=r"a pattern of these files: config\.json"):
        store.get("task", tmp_path / "out", only=("*.gguf",))


def test_files_beside_are_left_alone(store, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    store.get("task", out)
    assert (out / "mine.txt").read_text() == "mine"


def test_a_link_out_of_the_folder_is_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "more").symlink_to(outside)
    with pytest.raises(OutputError, match="inside its folder"):
        store.get("task", out)
    assert list(outside.iterdir()) == []
    (out / "more").unlink()
    (outside / "victim").write_text("keep")
    (out / "config.json").symlink_to(outside / "victim")
    with pytest.raises(OutputError, match="inside its folder"):
        store.get("task", out, force=True)
    assert (outside / "victim").read_text() == "keep"


def test_an_output_that_is_a_file_or_holds_a_folder_in_place_of_a_file(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="must be a folder"):
        store.get("task", tmp_path / "file")
    (tmp_path / "out" / "config.json").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"config\.json must be a file"):
        store.get("task", tmp_path / "out", force=True)


def test_a_flipped_byte_is_found_and_the_tensor_named(store, tmp_path):
    pack = pack_of(store)
    tensor = store.open("task")["block.0.weight"]
    record = store._shelf.manifest("task").records[tensor.id]
    break_byte(pack, record.chunks[0].piece.start + 20)
    with pytest.raises(DamagedError, match=r"tensor block\.0\.weight of it is lost") as caught:
        store.get("task", tmp_path / "out")
    assert "verify --stored --repair" in str(caught.value)
    assert not (tmp_path / "out" / "model.safetensors").exists()
    assert [p for p in (tmp_path / "out").rglob("*") if ".tmp" in p.name] == []
    store.get("task", tmp_path / "out", only=("*.json",))  # the rest is not lost


def test_a_pack_that_is_gone_is_said_so(store, tmp_path):
    pack_of(store).unlink()
    with pytest.raises(MissingError, match=r"model\.safetensors cannot be restored: tensor"):
        store.get("task", tmp_path / "out")


def test_a_manifest_that_is_gone_or_damaged_is_said_so(store, tmp_path):
    path = Path(store.url) / "manifests" / store.show("task").ref.manifest
    break_byte(path, 100)
    with pytest.raises(DamagedError, match="hash to another id"):
        Store(store.url).get("task", tmp_path / "out")
    path.unlink()
    with pytest.raises(MissingError, match="task is not whole: its manifest"):
        Store(store.url).get("task", tmp_path / "out")


def test_a_right_manifest_with_wrong_tensors_is_caught_by_the_sha256(store, tmp_path):
    manifest = store._shelf.manifest("task")
    file = next(file for file in manifest.files if file.name == "model.safetensors")
    swapped = tuple(
        Segment(other.id, segment.size, segment.name, segment.dtype, segment.shape)
        if segment.name == other.name and segment.name
        else segment
        for segment, other in zip(
            file.segments, store._shelf.manifest("base").files[2].segments, strict=True
        )
    )
    forged = Manifest((replace(file, segments=swapped),), manifest.records)
    manifest_id, data = encode(forged)
    store._shelf.place.create(f"manifests/{manifest_id}", data)
    refs.write(store._shelf.place, "forged", manifest_id, 0)
    with pytest.raises(DamagedError, match="its bytes are not those that were put"):
        store.get("forged", tmp_path / "out")
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_a_disk_that_fills_up_leaves_no_half_file(store, tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing, "_flush", full)
    with pytest.raises(OutputError, match="No space left"):
        store.get("task", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(store, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    for out in (tmp_path / "out", tmp_path / "deep" / "out"):
        with pytest.raises(OutputError, match="free for"):
            store.get("task", out)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "deep").exists()


def test_an_interrupted_get_leaves_what_was_done_and_goes_on(store, tmp_path):
    def stop(step):
        if step.done > 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get("task", tmp_path / "out", progress=stop, threads=1)
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert not any(".tmp" in name for name in left)
    assert "model.safetensors" not in left
    assert "config.json" in store.get("task", tmp_path / "out").kept
    assert files(tmp_path / "out") == files(tmp_path / "task")


def test_the_same_bytes_whatever_the_threads(store, tmp_path):
    for threads in (1, 2, 5):
        store.get("task", tmp_path / str(threads), threads=threads)
        assert files(tmp_path / str(threads)) == files(tmp_path / "task")


STREAMS = """
import resource, sys
import numpy as np
from tenth.keep import Store

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) >> 10

store = Store(sys.argv[1], make=True)
before = peak()
store.put("base", sys.argv[2] + "/base.safetensors", threads=2)
store.put("task", sys.argv[2] + "/task.safetensors", threads=2)
store.get("task", sys.argv[3], threads=2)
assert store.verify(depth="deep").problems == ()
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_far_below_the_size_of_a_model(tmp_path):
    rng = np.random.default_rng(0)
    base = rng.integers(0, 1 << 16, 64 << 20, "u2")  # 128 MiB in one tensor
    (tmp_path / "base.safetensors").write_bytes(safetensors({"w": base}))
    base[:: 1 << 10] += 1
    (tmp_path / "task.safetensors").write_bytes(safetensors({"w": base}))
    run = subprocess.run(
        [sys.executable, "-c", STREAMS, tmp_path / "store", tmp_path, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "out" / "task.safetensors").read_bytes() == (
        tmp_path / "task.safetensors"
    ).read_bytes()
    assert int(run.stdout) < 100  # MiB: two threads, two chunks each, their bases and payloads
