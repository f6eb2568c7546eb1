"""Two processes, gloo: both must hold the same masks."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import sys
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from tenth.sparsity import METHODS, Pruner, Timetable

torch.set_num_threads(1)
distributed.init_process_group("gloo")
rank = distributed.get_rank()
digests = {}
for name, method in METHODS.items():
    for wrapped in (True, False):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(12, 30), nn.ReLU(), nn.Linear(30, 4))
        model = DistributedDataParallel(net) if wrapped else net
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
        # without the wrapper each rank sees its own gradients, and has another seed
        seed = 0 if wrapped else rank
        pruner = Pruner(model, optimizer, density=0.2, method=method, seed=seed,
                        timetable=Timetable(20, every=2))
        assert pruner.model is net
        torch.manual_seed(rank)
        for _ in range(20):
            optimizer.zero_grad()
            model(torch.randn(8, 12)).square().mean().backward()
            optimizer.step()
            pruner.step()
            mine = torch.cat([m.flatten() for m in pruner.masks.values()]).to(torch.uint8)
            first = mine.clone()
            distributed.broadcast(first, src=0)
            assert torch.equal(mine, first), (name, wrapped, rank)
        if wrapped:
            weights = torch.cat([w.detach().flatten() for w in pruner.weights.values()])
            first = weights.clone()
            distributed.broadcast(first, src=0)
            assert torch.equal(weights, first), (name, rank)
        assert pruner.density() <= 0.2, name
distributed.destroy_process_group()
print("same")
"""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_two_ranks_hold_identical_masks(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    settings = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }
    ranks = [
        subprocess.Popen(
            [sys.executable, str(program)],
            env={**settings, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parent,
        )
        for rank in range(2)
    ]
    try:
        said = [rank.communicate(timeout=120)[0] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [(rank.returncode, text[-5:]) for rank, text in zip(ranks, said, strict=True)] == [
        (0, "same\n")
    ] * 2, "\n".join(said)
