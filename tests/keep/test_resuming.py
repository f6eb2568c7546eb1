"""What an interrupted put leaves, and what the next one says of it."""

import shutil
from contextlib import suppress

import pytest

from tenth.keep import Store
from tenth.keep.places import disk

from .interrupted import Interrupted
from .models import files, folder, tuned, weights


class Stop:
    """Raises what ctrl-C raises, once the bytes of a put have come so far."""

    def __call__(self, step):
        if step.doing.startswith("put") and step.done >= 0.6 * step.total:
            raise KeyboardInterrupt


@pytest.fixture
def arrays():
    return {f"w{i}": weights(i, {"w": (300, 300)})["w"] for i in range(8)}


def interrupted(store, model, **how):
    with pytest.raises(KeyboardInterrupt):
        store.put("task", model, progress=Stop(), threads=1, **how)
    return store.put("task", model, **how)


def collected(store):
    for _ in range(2):
        store.gc(grace_seconds=0, versions=1)
    return store.du()


def test_what_both_puts_wrote_is_what_the_store_grew_by(tmp_path, arrays):
    store, model = Store(tmp_path / "store", make=True), folder(tmp_path / "m", arrays)
    result = interrupted(store, model)
    assert result.held_bytes > 0.3 * result.full_bytes
    # beside packs and manifest there are the versions and the mark of the store
    assert result.added_bytes < collected(store).place_bytes < result.added_bytes + 3000
    assert "are from the put that was stopped." in result.warnings[-1]
    again = store.put("task", model)
    assert again.added_bytes == 0
    assert not any("stopped" in warning for warning in again.warnings)


def test_bases_are_not_counted_again(tmp_path, arrays):
    store = Store(tmp_path / "store", make=True)
    store.put("base", folder(tmp_path / "base", arrays))
    before = store.du().place_bytes
    result = interrupted(store, folder(tmp_path / "m", tuned(arrays)), base="base")
    grown = collected(store).place_bytes - before
    assert result.added_bytes < grown < result.added_bytes + 3000


def test_a_tensor_that_was_not_ended_is_not_kept_for_a_little_that_was(tmp_path):
    arrays = {"a": weights(1, {"w": (8, 8)})["w"], "w": weights(2, {"w": (4096, 1024)})["w"]}
    store, model = Store(tmp_path / "store", make=True), folder(tmp_path / "m", arrays)
    result = interrupted(store, model)
    used = collected(store)
    assert used.bound_bytes < 3000
    assert used.place_bytes < result.added_bytes + 3000
    assert not any("stopped" in warning for warning in result.warnings)
    store.get("task", tmp_path / "out")
    assert files(tmp_path / "out") == files(model)


def test_what_is_not_used_is_not_counted(tmp_path, arrays):
    store = Store(tmp_path / "store", make=True)
    with pytest.raises(KeyboardInterrupt):
        store.put("task", folder(tmp_path / "m", arrays), progress=Stop(), threads=1)
    other = {"w": weights(99, {"w": (300, 300)})["w"]}
    result = store.put("task", folder(tmp_path / "n", other))
    assert result.added_bytes < 1.2 * other["w"].nbytes
    assert [one.name for one in store.ls()] == ["task"]
    assert result.added_bytes < collected(store).place_bytes < result.added_bytes + 3000


def test_wherever_it_is_interrupted_whole_tensors_are_kept(tmp_path, arrays, monkeypatch):
    for call in ("sync_file", "sync_folder"):
        monkeypatch.setattr(disk, call, lambda *_: None)
    model = folder(tmp_path / "m", arrays)
    lines, step = 0, 67
    for at in range(0, 100_000, step):
        store = Store(tmp_path / str(at), make=True)
        with suppress(KeyboardInterrupt), Interrupted(at, armed=False) as interrupted:

            def arm(progress, interrupted=interrupted):
                if progress.doing.startswith("put") and progress.done > 0.3 * progress.total:
                    interrupted.armed = True

            store.put("task", model, progress=arm, threads=1)
            lines = at
        result = store.put("task", model)
        assert result.held_bytes > 0.25 * result.full_bytes
        assert not store.verify(depth="stored").problems
        assert [one.name for one in store.ls()] == ["task"]
        shutil.rmtree(tmp_path / str(at))
        if lines:
            break
    assert lines > 30 * step
