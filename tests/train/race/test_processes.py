"""Races in other processes: the same results, and no crash that costs more than a checkpoint."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import active_children
from pathlib import Path

import pytest

import tiny
from tenth.catalogue import machine
from tenth.errors import InputError, TaskError
from tenth.fit import Settings
from tenth.train import Arm, race
from tenth.train.race import Alone, Processes, Site
from tenth.train.race.jobs import Job

from .test_race import facts

TASK_FILE = """
import os, pathlib, sys, time
sys.path.insert(0, {tests!r})
import tiny

folder = pathlib.Path(__file__).parent
calls = []


def loss(model, batch):
    if (folder / "slow").exists():
        time.sleep(0.02)
    if (folder / "deadly").exists() and len(model) == 3:
        os._exit(7)
    calls.append(batch)
    if len(calls) > 20 and (folder / "deadly once").exists():
        (folder / "deadly once").unlink()
        os._exit(9)
    return tiny.loss(model, batch)


task = tiny.task(steps=40, loss=loss)
"""
OPTIONS = {"margin": 0.2, "seeds": 5, "trials": 1}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny_task.py"
    path.write_text(TASK_FILE.format(tests=str(Path(tiny.__file__).parent)))
    return path


def jobs(*routes):
    arms = [Arm(route, None if route == "dense" else 0.5) for route in routes]
    return arms, [Job(arm, "verdict", 0, 1.0, Settings(steps=40)) for arm in arms]


@pytest.mark.slow
def test_a_worker_that_dies_gets_a_second_chance_and_is_then_failed(file, tmp_path, capsys):
    arms, work = jobs("dense", "small")
    (tmp_path / "deadly once").touch()
    (tmp_path / "deadly").touch()
    site = Site(file, arms, tmp_path / "runs")
    with Processes(1).open(site) as run:
        ends = {job.arm.name: ended for job, ended in run(work)}
    assert [bool(one.failure) for one in ends["dense"].tries] == [True, False]
    assert ends["dense"].best.test is not None
    assert [one.failure for one in ends["small 0.5"].tries] == [
        "its process died (exit code 7)"
    ] * 2
    assert ends["small 0.5"].best is None
    assert ends["small 0.5"].cost.figures["wall_seconds"].value > 0
    assert ends["small 0.5"].cost.figures["price_usd"].value > 0
    assert "process died" in capsys.readouterr().err
    with Alone().open(Site(file, arms, tmp_path / "alone")) as run:
        ((_, alone),) = run(work[:1])
    assert alone.best.score == ends["dense"].best.score
    assert alone.best.test == ends["dense"].best.test


def test_a_task_that_cannot_travel_runs_here_and_a_note_says_so(capsys):
    verdict = race(tiny.task(steps=10), [], **OPTIONS)  # its optimizer is a lambda
    assert verdict.standings[0].verdict == "baseline"
    assert "no other process can load the task" in verdict.notes[0]
    assert verdict.notes[0] in str(verdict).replace("\n", " ")
    assert "no other process can load the task" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_race_that_was_killed_goes_on(number, file, tmp_path):
    (tmp_path / "slow").touch()
    out = tmp_path / "out"
    words = ("--race", "--arms", "granet", "--density", "0.5", "--margin", "0.2", "--seeds", "5")
    command = [sys.executable, "-m", "tenth", "train", file, *words, "--trials", "1", "--out", out]
    with subprocess.Popen(
        [*map(str, command)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        ended = _wait_for_jobs(out, process)
        workers = _children(process.pid)
        assert workers
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
    assert "Traceback" not in said
    for _ in range(100):  # no worker outlives its race
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a worker outlived its race")
    if number == signal.SIGINT:
        assert list(out.glob("runs/*/*/*/run.pt"))  # what was under way is saved
    (tmp_path / "slow").unlink()
    made = []
    arms = [Arm("granet", 0.5)]
    told = {"on_job": lambda job, step: made.append(job.name) if step is None else None}
    verdict = race(file, arms, **OPTIONS, out=out, engine=Alone(), **told)
    assert not set(made) & ended
    assert facts(verdict) == facts(race(file, arms, **OPTIONS, engine=Alone()))


def _wait_for_jobs(out, process):
    """The names of the jobs that have ended, when there are two."""
    for _ in range(900):
        ended = {f"{path.parent.name}/{path.stem}" for path in out.glob("runs/*/*.json")}
        if len(ended) >= 2:
            time.sleep(0.3)
            return ended
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.kill()
    pytest.fail("no job ended within a minute and a half")


def _children(pid):
    """Processes whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def test_the_threads_of_the_machine_are_shared_out_and_none_twice(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "threads", lambda: 8)
    made = [Processes(), Processes(2), Processes(threads=4), Processes(3, 2), Processes(threads=9)]
    shares = [(one.workers, one.threads) for one in made]
    assert shares == [(8, 1), (2, 4), (2, 4), (3, 2), (1, 9)]
    for wrong in ({"workers": 0}, {"threads": 0}):
        with pytest.raises(InputError, match="must be at least 1"):
            Processes(**wrong)
    notes = {}
    for one in (*made, Processes(16)):
        site = Site(tiny.task(optimizer=lambda parameters: None), [], tmp_path)
        with suppress(TaskError), one.open(site):
            pass
        notes[one.workers, one.threads] = any("took turns" in note for note in site.notes)
    assert [key for key, told in notes.items() if told] == [(1, 9), (16, 1)]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_idle_worker_is_not_waited_for(file, tmp_path):
    arms, work = jobs("dense")
    with Processes(1).open(Site(file, arms, tmp_path / "runs")) as run:
        list(run(work))
        (worker,) = active_children()
    assert worker.exitcode == -signal.SIGKILL  # it took down nothing
