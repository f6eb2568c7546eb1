"""Engines that take turns in processes of their own."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import InputError, UnsupportedError
from tenth.graph import run
from tenth.ship import to_onnx
from tenth.ship.bench.race import Contestant, Timing, race, ratio
from tenth.ship.bench.worker import ENGINES
from tenth.ship.check import relative_error

from ..conftest import life_graph

BOARD = np.random.default_rng(0).standard_normal((2, 1, 5, 6), np.float32)


def timing(name: str, seconds: list[float], threads: int = 1) -> Timing:
    doubled = tuple(2 * s for s in seconds)
    return Timing(name, "1", threads, doubled, tuple(seconds), 1.0, None, None, ())


def test_one_engine_computes_the_same_twice_and_is_timed_in_every_round(tmp_path):
    pytest.importorskip("onnxruntime", reason="it is an extra of the tests")
    file = to_onnx(life_graph(), None, tmp_path / "life.onnx")
    contestants = [Contestant(name, "onnxruntime", file) for name in ("one", "other")]
    done = race(contestants, [BOARD], rounds=3)
    assert [one.name for one in done.timings] == ["one", "other"]
    assert not done.absent
    for one in done.timings:
        assert len(one.wall) == len(one.cpu) == 3
        assert min(one.wall) > 0
        assert relative_error(one.outputs[0], run(life_graph(), BOARD)[0]) < 1e-5
        if Path("/proc/self/clear_refs").exists():
            assert one.run_peak_bytes is not None
            assert 0 < one.run_peak_bytes < 1e9


def test_an_engine_that_is_not_installed_is_named_and_the_others_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # a package that cannot be loaded
    (tmp_path / "openvino.py").write_text("raise ImportError('openvino is not here')")
    done = race([Contestant("rival", "openvino", tmp_path / "no.onnx")], [BOARD], rounds=2)
    assert not done.timings
    assert "openvino is not here" in done.absent["rival"]


def test_an_engine_that_fails_says_why(tmp_path):
    pytest.importorskip("onnxruntime", reason="it is an extra of the tests")
    with pytest.raises(UnsupportedError, match=r"rival cannot run .*no\.onnx"):
        race([Contestant("rival", "onnxruntime", tmp_path / "no.onnx")], [BOARD])


def test_a_process_that_dies_is_no_traceback(tmp_path):
    broken = Contestant("rival", "onnxruntime", tmp_path / "no.onnx", interpreter="/bin/false")
    with pytest.raises(UnsupportedError, match="ended without a word"):
        race([broken], [BOARD])


@pytest.mark.parametrize("threads", [0, 10_000])
def test_more_threads_than_processors_are_refused(threads):
    with pytest.raises(InputError, match="threads must be from 1 to"):
        race([], [BOARD], threads=threads)


def test_a_ratio_is_that_of_the_same_round():
    slow, fast = timing("slow", [4.0, 8.0, 6.0]), timing("fast", [1.0, 2.0, 2.0])
    found = ratio(slow, fast)
    assert found.median == 4.0
    assert found.low == pytest.approx(3.1)
    assert found.high == pytest.approx(4.0)


def test_one_thread_is_timed_by_its_processor_and_several_by_the_wall():
    assert (timing("a", [3.0]).clock, timing("a", [3.0]).seconds) == ("cpu", 3.0)
    assert (timing("a", [3.0], 2).clock, timing("a", [3.0], 2).seconds) == ("wall", 6.0)


def test_every_engine_can_be_asked_for():
    assert set(ENGINES) == {"tenth", "onnxruntime", "openvino", "deepsparse"}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_all_but_the_one_that_runs_are_stopped(saved, monkeypatch):
    turns = importlib.import_module("tenth.ship.bench.race")
    begin, asked = turns._Worker.begin, turns._Worker._asked
    workers, states = [], []

    def begins(worker) -> str:
        workers.append(worker)
        return begin(worker)

    def asks(worker, runs):
        states.append({state_of(other.process.pid) for other in workers if other is not worker})
        return asked(worker, runs)

    monkeypatch.setattr(turns._Worker, "begin", begins)
    monkeypatch.setattr(turns._Worker, "_asked", asks)
    race([Contestant(name, "tenth", saved) for name in ("one", "two", "three")], [BOARD], rounds=2)
    assert states == [set(), {"T"}, {"T"}, *[{"T"}] * 6]


def state_of(pid: int) -> str:
    """T is stopped."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return text.rsplit(")", 1)[1].split()[0]
