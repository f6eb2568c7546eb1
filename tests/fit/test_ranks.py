"""One net on two processes: the same net as one process makes, paid for once, told once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tenth.fit import ranks
from tenth.receipt import Receipt
from tenth.sparsity import checkpoint
from tenth.train import run

from .two_ranks import SETTINGS, uneven

PROGRAM = Path(__file__).with_name("two_ranks.py")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def torchrun(*words):
    return subprocess.run(
        [*TORCHRUN, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_one_process_calls_plainly():
    ranks.join()
    assert (ranks.count(), ranks.rank(), ranks.first()) == (1, 0, True)
    assert ranks.total(lambda: 2.5) == 2.5
    assert ranks.together(lambda: "all") == ranks.from_first(lambda: "all") == "all"
    with pytest.raises(ZeroDivisionError):
        ranks.together(lambda: 1 // 0)
    assert ranks.stages_of_all([]) == []


def test_two_processes_make_the_net_of_one(tmp_path):
    out = torchrun(PROGRAM, tmp_path)
    assert out.returncode == 0, out.stderr
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2)]
    assert told[0] == told[1]
    whole, stopped = told[0]["whole"], told[0]["stopped"]
    assert whole == stopped  # ctrl-C on one rank, a checkpoint, and on from it: bit for bit
    assert told[0]["threads"] == 1
    assert told[0]["error"] == "Process 1 of 2: ValueError: only here"

    alone = run(uneven(), "granet", density=0.25, settings=SETTINGS)
    assert whole["density"] == alone.density
    assert abs(whole["score"] - alone.score) < 0.05
    arrays = checkpoint.load(tmp_path / "whole" / "model.safetensors")
    for name, weight in alone.model.state_dict().items():
        assert torch.equal(torch.from_numpy(arrays[name]) != 0, weight != 0), name
        torch.testing.assert_close(torch.from_numpy(arrays[name]), weight, rtol=1e-4, atol=1e-5)
    losses = [step.loss for step in alone.history]
    assert whole["losses"] == pytest.approx(losses, rel=1e-4)

    paid = Receipt.load(tmp_path / "whole" / "receipt.json")
    for name in ("flops_useful", "flops_executed", "flops_executed_growth"):
        assert paid.stages[-1].figures[name].value == alone.receipt.stages[-1].figures[name].value
    assert paid.stages[-1].notes["processes"] == 2

    # begun by two processes, ended by one
    ended = run(uneven(), "granet", density=0.25, settings=SETTINGS, out=tmp_path / "begun")
    assert [stage.notes.get("processes") for stage in ended.receipt.stages] == [None, 2, None]
    for name, weight in alone.model.state_dict().items():
        torch.testing.assert_close(ended.model.state_dict()[name], weight, rtol=1e-4, atol=1e-5)


TASK = """
import os
import sys
sys.path.insert(0, {tests!r})
import tiny

def loss(model, batch):
    if os.environ["RANK"] == "1":
        raise ValueError("the disk of this one is broken")
    return tiny.loss(model, batch)

task = tiny.task(loss=loss)
"""


@pytest.mark.slow
def test_an_error_of_one_process_ends_all_with_one_message(tmp_path):
    task = tmp_path / "mine.py"
    task.write_text(TASK.format(tests=str(Path(__file__).parent.parent)))
    out = torchrun("-m", "tenth", "train", task, "--route", "set", "--out", tmp_path / "out")
    assert out.returncode == 1  # torchrun's own
    assert out.stderr.count("tenth: ") == 1
    assert "Process 1 of 2: task.loss raised ValueError: the disk of this one is" in out.stderr
    assert "exitcode  : 2" in out.stderr
