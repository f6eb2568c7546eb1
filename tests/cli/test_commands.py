"""The command line as a user meets it: a process, its exit code, what it prints and leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenth.cli.main import app
from tenth.receipt import Receipt

TASK = """
import torch
import tenth
from torch import nn

TRUTH = torch.tensor([[0.5, -1.0, 2.0, 0.0]])

def batches(seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(20):
        x = torch.randn(16, 4, generator=generator)
        yield x, x @ TRUTH.T

def score(model, split):
    x = torch.eye(4) * (1 if split == "val" else 2)
    return -(model(x) - x @ TRUTH.T).abs().mean().item()

task = tenth.Task(
    name="line",
    model=lambda: nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)),
    batches=batches,
    loss=lambda model, batch: (model(batch[0]) - batch[1]).square().mean(),
    score=score,
    example=(torch.zeros(1, 4),),
    steps=60,
)
"""


def tenth(*arguments, folder=None, **more):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", **more}
    return subprocess.run(
        [sys.executable, "-m", "tenth", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "line.py"
    path.write_text(TASK)
    return path


def sentence(run):
    """What a failed command says: one line, no traceback."""
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("tenth: ")
    return run.stderr


def test_help_lists_what_is_built_and_nothing_else():
    run = tenth("--help")
    assert run.returncode == 0
    for verb in ("plan", "train", "shrink", "ship", "keep", "receipt", "demo"):
        assert f" {verb} " in run.stdout
        assert tenth(verb, "--help").returncode == 0


def test_a_word_that_is_no_command_is_a_wrong_call():
    run = tenth("prune")
    assert run.returncode == 2
    assert "No such command" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan",), "from a task file or from a size"),
        (("plan", "--params", "7e9"), "--params and --tokens"),
        (("plan", "--params", "0", "--tokens", "1e9"), "must be"),
        (("plan", "--params", "7e9", "--tokens", "2e12", "--device", "h1000"), "h1000"),
        (("plan", "--params", "7e9", "--tokens", "2e12", "--place", "XXX"), "XXX"),
        (("plan", "missing.py"), "missing.py"),
        (("shrink",), "--model"),
        (("ship", "bench", "nowhere"), "a folder that save() wrote"),
        (("ship", "bench", ".", "--threads", "two"), "--threads must be whole numbers"),
        (("receipt", "show", "missing.json"), "missing.json"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_2(arguments, words, tmp_path):
    run = tenth(*arguments, folder=tmp_path)
    assert run.returncode == 2
    assert words in sentence(run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "3"), "seeds must be at least 5"),
        (("--margin", "0"), "margin must be a positive number"),
        (("--arms", "small,prune"), "route of an arm must be one of"),
        (("--density", "1.5"), "density must be"),
        (("--budget-flops", "-1"), "budget of a run must be positive"),
        (("--workers", "0"), "workers must be at least 1"),
    ],
)
def test_a_race_on_wrong_terms_leaves_nothing(words, said, task, tmp_path):
    out = tmp_path / "out"
    run = tenth("train", task, "--race", *words, "--out", out)
    assert run.returncode == 2
    assert said in sentence(run)
    assert not out.exists()


@pytest.mark.parametrize("density", ["0", "1.5", "nan"])
def test_a_density_outside_its_range_leaves_nothing(density, task, tmp_path):
    out = tmp_path / "out"
    run = tenth("train", task, "--route", "granet", "--density", density, "--out", out)
    assert run.returncode == 2
    assert "density must be" in sentence(run)
    assert not (out / "model.safetensors").exists()


def test_a_task_with_a_syntax_error_names_the_line(tmp_path):
    (tmp_path / "bad.py").write_text("task = (\n")
    run = tenth("train", tmp_path / "bad.py")
    assert run.returncode == 2
    assert "bad.py:1" in sentence(run)


def test_a_failure_in_json_is_an_object_too(tmp_path):
    run = tenth("plan", "--json", folder=tmp_path)
    assert json.loads(run.stdout)["exit_code"] == 2


def test_a_plan_from_a_size_is_one_object():
    run = tenth("plan", "--params", "7e9", "--tokens", "2e12", "--device", "h100", "--json")
    figures = json.loads(run.stdout)["figures"]
    assert figures["parameters"]["value"] == 7e9
    assert figures["carbon_kgco2e"]["value"] is None
    assert "no place was given" in figures["carbon_kgco2e"]["reason"]


@pytest.mark.slow
def test_a_run_learns_from_the_folder_of_an_earlier_one(task, tmp_path):
    made = tmp_path / "made"
    assert tenth("train", task, "--steps", "20", "--out", made).returncode == 0
    words = ("--teacher", made, "--parent", made, "--steps", "20", "--out", tmp_path / "next")
    run = tenth("train", task, *words, "--json")
    assert run.returncode == 0, run.stderr
    notes = " ".join(json.loads(run.stdout)["notes"])
    assert "What the teacher cost to make is in the sums" in notes
    assert "What the parent cost to make is in the sums" in notes
    absent = tenth("train", task, "--parent", tmp_path / "none", "--out", tmp_path / "other")
    assert absent.returncode == 2
    assert "parent" in sentence(absent)
    assert "must be the folder of a run that ended" in sentence(absent)


@pytest.mark.slow
def test_the_line_from_a_task_to_a_program(task, tmp_path):
    plan = tenth("plan", task, "--json")
    assert json.loads(plan.stdout)["figures"]["parameters"]["value"] == 4 * 16 + 16 + 16 + 1

    dense = tmp_path / "dense"
    trained = tenth("train", task, "--out", dense, "--json")
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["schema"] == "tenth-receipt/2"

    small = tmp_path / "small"
    model = dense / "model.safetensors"
    shrink = ("shrink", task, "--model", model, "--density", "0.5", "--max-drop", "9")
    assert tenth(*shrink, "--out", small).returncode == 0
    rewritten = tmp_path / "plain.safetensors"
    model = small / "model.safetensors"
    export = tenth("shrink", "--export", "dense", "--model", model, "--out", rewritten)
    assert export.returncode == 0
    assert rewritten.stat().st_size > model.stat().st_size / 2

    program = tmp_path / "program"
    shipped = tenth("ship", task, "--model", rewritten, "--out", program)
    assert shipped.returncode == 0, shipped.stderr
    assert (program / "model.c").exists()
    assert "bytes of the weights: " in shipped.stdout
    half = ("--values", "float16", "--threads", "2", "--name", "tiny", "--json")
    shipped = tenth("ship", task, "--model", rewritten, "--out", program, *half)
    assert shipped.returncode == 0, shipped.stderr
    form = json.loads(shipped.stdout)
    assert (form["values"], form["interface"]["name"]) == ("float16", "tiny")
    assert form["sizes"][1]["after"]["value"] == form["weights_bytes"]
    file = tmp_path / "model.onnx"
    exported = tenth("ship", task, "--model", rewritten, "--to", "onnx", "--out", file)
    assert exported.returncode == 0, exported.stderr
    assert "onnxruntime and OpenVINO" in exported.stdout
    assert file.stat().st_size > 0
    unheeded = tenth("ship", task, "--model", rewritten, "--to", "onnx", "--target", "wasm")
    assert unheeded.returncode == 2
    assert "--target must be left out with --to onnx" in unheeded.stderr
    timed = tenth("ship", "bench", program, "--runs", "2", "--out", tmp_path / "bench", "--json")
    assert timed.returncode == 0, timed.stderr
    assert [one["op"] for one in json.loads(timed.stdout)["steps"]].count("linear") == 2
    assert (tmp_path / "bench" / "roofline.svg").exists()

    receipts = (small / "receipt.json", dense / "receipt.json")
    assert tenth("receipt", "show", receipts[0]).returncode == 0
    assert tenth("receipt", "html", receipts[0]).returncode == 0
    assert (small / "receipt.html").read_text().startswith("<!doctype html>")
    refused = tenth("receipt", "compare", *receipts)
    assert refused.returncode == 2
    assert "cannot be compared" in sentence(refused)


@pytest.mark.slow
def test_a_density_out_of_reach_is_exit_1_and_says_what_was_reached(task, tmp_path):
    dense = tmp_path / "dense"
    assert tenth("train", task, "--steps", "1500", "--out", dense).returncode == 0
    model = dense / "model.safetensors"
    shrink = ("shrink", task, "--model", model, "--density", "0.1", "--max-drop", "0")
    shrink = (*shrink, "--steps", "20")
    run = tenth(*shrink, "--out", tmp_path / "small")
    assert run.returncode == 1
    assert "density 0.1" in sentence(run)


@pytest.mark.slow
def test_ctrl_c_is_exit_130_and_the_same_command_goes_on(task, tmp_path):
    out = tmp_path / "out"
    command = ("train", task, "--steps", "100000", "--out", out)
    process = subprocess.Popen(
        [sys.executable, "-m", "tenth", *map(str, command)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    left = sorted(path.name for path in out.iterdir()) if out.exists() else []
    assert not [name for name in left if name.endswith(".tmp")]


GOES_ON = "What was finished is kept: the same command goes on."
INTERRUPTIONS = [
    (("train", "t.py"), "tenth.task.load", GOES_ON),
    (("shrink", "t.py", "--model", "m"), "tenth.task.load", GOES_ON),
    (("keep", "get", "a", "--out", "o"), "tenth.keep.Store", GOES_ON),
    (("demo", "--out", "o"), "tenth.demo.line.run", GOES_ON),
    (("plan", "t.py"), "tenth.task.load", ""),
    (("ship", "t.py", "--model", "m"), "tenth.task.load", ""),
    (("ship", "bench", "p"), "tenth.ship.bench.measure", ""),
    (("receipt", "show", "r.json"), "tenth.receipt.Receipt.load", ""),
]


@pytest.mark.parametrize(("words", "place", "said"), INTERRUPTIONS)
def test_only_commands_that_go_on_say_so_when_stopped(words, place, said, monkeypatch, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, stop)
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 130
    assert run.stderr.strip() == f"tenth: interrupted. {said}".strip()


def test_a_place_can_be_set_by_the_environment(tmp_path):
    run = tenth("plan", "--params", "1e9", "--tokens", "1e9", "--json", TENTH_PLACE="FRA")
    assert "FRA" in json.dumps(json.loads(run.stdout)) or "France" in run.stdout


def test_receipts_are_read_back(tmp_path):
    from tenth.receipt import Aim

    Receipt("mine", Aim("digits")).save(tmp_path / "r.json")
    run = tenth("receipt", "show", tmp_path / "r.json")
    assert run.returncode == 0
    assert "mine" in run.stdout
    Path(tmp_path / "r.json").write_text('{"schema": "tenth-receipt/1"')
    assert tenth("receipt", "show", tmp_path / "r.json").returncode == 2
