"""`tenth receipt judge` as a user meets it."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tenth.cli.receipt import app
from tenth.receipt.judge import NOTHING

from .test_commands import TASK, sentence, tenth


@pytest.fixture
def models(tmp_path):
    (tmp_path / "line.py").write_text(TASK)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    torch.save(net.state_dict(), tmp_path / "before.pt")
    with torch.no_grad():
        net[0].weight[::2] = 0
    torch.save(net.state_dict(), tmp_path / "after.pt")
    return tmp_path


@pytest.mark.slow
def test_the_verdict_in_words(models):
    run = tenth("receipt", "judge", "before.pt", "after.pt", folder=models)
    assert run.returncode == 0, run.stderr
    assert NOTHING in run.stdout
    assert "whole channels" in run.stdout


@pytest.mark.slow
def test_the_verdict_in_json_with_the_score_of_a_task(models, monkeypatch):
    monkeypatch.chdir(models)
    arguments = ["judge", "before.pt", "after.pt", "--task", "line.py", "--json"]
    form = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert form["saved"] is False
    assert NOTHING in form["verdict"]
    scores = form["rows"][-1]
    assert np.isfinite(scores["value"]["value"])
    assert scores["reference"]["label"] == "measured"
    assert form["time_ratio"]["low"] <= form["time_ratio"]["value"] <= form["time_ratio"]["high"]


def test_a_damaged_file_is_one_sentence(models):
    path = models / "after.pt"
    path.write_bytes(path.read_bytes()[:200])
    run = tenth("receipt", "judge", "before.pt", "after.pt", folder=models)
    assert run.returncode == 2
    assert "after.pt" in sentence(run)
