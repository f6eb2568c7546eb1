"""docs/formats.md is enough to read a store: an independent reader restores what tenth wrote."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tenth.keep import Store

from . import reader
from .codecs import plain_reader
from .models import as_bf16, files, folder, tuned, weights

RNG = np.random.default_rng(0)
BASE = {
    "many": RNG.integers(-(2**40), 2**40, (300, 40)),
    "still": RNG.integers(-(2**40), 2**40, (40, 40)),
    "few": RNG.integers(-(2**40), 2**40, 2000),
    "rows": RNG.integers(-(2**40), 2**40, (50, 64)),
    "single": weights(1, {"w": (50, 50)})["w"],
    "half": as_bf16(weights(2, {"w": (50, 50)}))["w"],
    "zero": np.zeros((0, 3), "f4"),
}


def task():
    arrays = {name: array.copy() for name, array in BASE.items()}
    arrays["many"] += RNG.integers(-9, 9, arrays["many"].shape)
    arrays["few"][[3, 4, 1999]] += (5, -7, 1)
    arrays["rows"] = np.concatenate([arrays["rows"] + 1, RNG.integers(0, 2**60, (3, 64))])
    return arrays


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("formats")
    store = Store(root / "store", make=True)
    store.put("base", folder(root / "base", BASE))
    store.put("team/task", folder(root / "task", task()))
    store.put("team/task", folder(root / "again", task(), more=1))
    return store


def test_another_reader_restores_the_same_files(store):
    root = Path(store.url)
    assert reader.restore(root, "base") == files(root.parent / "base")
    assert reader.restore(root, "team/task") == files(root.parent / "again")


def test_with_the_entropy_coder_it_restores_a_common_model(tmp_path, monkeypatch):
    def decoded(codec, payload, dtype, size, base):
        width = reader.WORDS.get(dtype, 1)
        under = None if base is None else np.frombuffer(base, f"<u{width}").tolist()
        words = plain_reader.read(codec, bytes(payload), dtype, width, under, size // width)
        return np.array(words, f"<u{width}").tobytes()

    monkeypatch.setattr(reader, "decoded", decoded)
    base = weights(0, {"w": (100, 64), "b": (64,)})
    store = Store(tmp_path / "store", make=True)
    store.put("base", folder(tmp_path / "base", as_bf16(base)))
    store.put("task", folder(tmp_path / "task", as_bf16(tuned(base))))
    assert "ctx" in store.du().by_codec
    for name in ("base", "task"):
        assert reader.restore(store.url, name) == files(tmp_path / name)


def test_that_reader_has_met_every_codec_it_knows(store):
    met = {codec for share in store.du().shares for codec in share.by_codec}
    assert met >= {"store", "raw", "sub", "sparse"}
    manifest = store._shelf.manifest("team/task")
    assert any(len(record.parts) > 1 for record in manifest.records.values())


def test_that_reader_needs_nothing_of_tenth():
    code = "import reader, sys; print([name for name in sys.modules if name.startswith('tenth')])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"
