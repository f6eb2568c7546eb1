"""Training by words: what is refused, what is told beforehand, and which threads work."""

import json
import re

import pytest
from typer.testing import CliRunner

from tenth.cli.main import app

TASK = """
import torch
from torch import nn
from tenth import Task

points = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))


def loss(model, batch):
    return (model(batch) - batch.sum(1, keepdim=True)).square().mean()


task = Task(
    name="sum",
    model=lambda: nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)),
    batches=lambda seed: points.split(8),
    loss=loss,
    score=lambda model, split: -loss(model, points).item(),
    example=(torch.zeros(1, 4),),
    small=lambda weights: nn.Sequential(nn.Linear(4, max(1, weights // 5)), nn.ReLU(),
                                        nn.Linear(max(1, weights // 5), 1)),
    steps=20,
    best=0.0,
)
"""


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "sum.py"
    path.write_text(TASK)
    return path


def tenth(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(run):
    """The one sentence of a call that was wrong."""
    assert run.exit_code == 2
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("tenth: ")
    return run.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--arms", "small"),
        ("--margin", "0.01"),
        ("--seeds", "14"),
        ("--trials", "2"),
        ("--restarts", "1"),
        ("--by", "flops"),
        ("--budget-flops", "1e9"),
        ("--budget-seconds", "2"),
        ("--engine", "ray"),
        ("--workers", "1"),
    ],
)
def test_a_word_of_a_race_without_one_is_refused(words, task, tmp_path):
    out = tmp_path / "out"
    said = refused(tenth("train", task, *words, "--out", out))
    assert f"{words[0]} must be left out without --race" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "2"), "target must be at most 0, the highest score of this task. Got 2"),
        (("--seed", "-1"), "seed must be a whole number of at least 0. Got -1"),
        (("--threads", "0"), "threads must be"),
        (("--race", "--seed", "-1"), "seed must be a whole number of at least 0. Got -1"),
        (("--race", "--target", "2"), "target must be at most 0"),
        (("--race", "--threads", "0"), "threads must be at least 1"),
        (("--race", "--route", "granet"), "--route must be left out with --race"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(words, said, task, tmp_path):
    out = tmp_path / "out"
    assert said in refused(tenth("train", task, *words, "--out", out))
    assert not out.exists()


def test_defaults_and_least_values_are_told():
    told = re.sub(r"\s+", " ", tenth("train", "--help").stdout)
    for words in (
        "default: 0.1, a tenth, for every route but dense",
        "default: 4 where there is a target, else 0",
        "at least 5",
        "one for each 100 MFLOP of a step",
    ):
        assert words in told


@pytest.mark.parametrize(("words", "threads"), [((), 1), (("--threads", "2"), 2)])
def test_the_receipt_tells_the_threads(words, threads, task, tmp_path):
    run = tenth("train", task, *words, "--json", "--out", tmp_path / "out")
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout)["stages"][-1]["notes"]["threads"] == threads
    model = tmp_path / "out" / "model.safetensors"
    shrink = ("shrink", task, "--model", model, "--density", "0.5", "--max-drop", "99", *words)
    run = tenth(*shrink, "--json", "--out", tmp_path / "small")
    assert run.exit_code == 0, run.stderr
    told = [stage["notes"].get("threads") for stage in json.loads(run.stdout)["stages"]]
    assert threads in told


def test_shrink_refuses_a_seed_below_0(task, tmp_path):
    out = tmp_path / "small"
    said = refused(tenth("shrink", task, "--model", "none", "--seed", "-1", "--out", out))
    assert "seed must be a whole number of at least 0" in said


@pytest.mark.slow
def test_a_race_says_beforehand_what_it_will_run(task, tmp_path):
    words = ("--arms", "small", "--trials", "2", "--seeds", "5", "--density", "0.5")
    run = tenth("train", task, "--race", *words, "--margin", "9", "--out", tmp_path / "race")
    assert run.exit_code in (0, 1), run.stderr
    first = run.stderr.splitlines()[0]
    assert first.startswith("sum: 2 arms, at most 18 runs (8 to tune, 10 for the verdict), about ")
    assert "estimated" in first
    again = tenth("train", task, "--race", *words, "--margin", "9", "--out", tmp_path / "race")
    assert ", 18 of them made already" in again.stderr
