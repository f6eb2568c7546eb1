"""What each of two processes does for test_ranks.py; also the task that it trains."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import nn

import tiny
from runs import stop_at
from tenth.errors import TenthError
from tenth.fit import ranks
from tenth.train import Settings, run

SETTINGS = Settings(steps=24, mask_every=2)


class Idle(nn.Sequential):
    """Holds a weight that no loss reaches, and a buffer."""

    def __init__(self):
        super().__init__(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 3))
        self.unused = nn.Parameter(torch.ones(2))
        self.register_buffer("constant", torch.tensor([True, False]))


def batches(seed):
    """Of 1, 3 and 20 examples: one process gets none, then fewer than the other."""
    points = torch.randn(48, 6, generator=torch.Generator().manual_seed(seed))
    for part in points.split([1, 3, 20, 24]):
        yield {"points": (part, tiny.labels(part)), "name": "mine"}


def uneven(**changes):
    parts = {"model": Idle, "batches": batches, "loss": loss, **changes}
    return tiny.task(optimizer=lambda p: torch.optim.AdamW(p, lr=0.01), **parts)


def loss(model, batch):
    assert batch["name"] == "mine"
    return tiny.loss(model, batch["points"])


def train(out, **options):
    made = run(uneven(), "granet", density=0.25, settings=SETTINGS, out=out, **options)
    weights = {name: value.tolist() for name, value in made.model.state_dict().items()}
    losses = [step.loss for step in made.history]
    return {"weights": weights, "losses": losses, "density": made.density, "score": made.score}


def stopped(out, *steps):
    """A run that rank 0 interrupts; the other one must end too."""
    for _ in steps:
        try:
            train(out, on_step=stop_at(*steps))
        except KeyboardInterrupt:
            continue
        raise AssertionError("it went on")


def only_here():
    if ranks.rank() == 1:
        raise ValueError("only here")


def main(folder):
    told = {"whole": train(folder / "whole")}
    stopped(folder / "stopped", 7)
    told["stopped"] = train(folder / "stopped")
    stopped(folder / "begun", 9)
    assert train(folder / "whole") == told["whole"]  # read back, by both
    try:
        ranks.together(only_here)
    except (TenthError, ValueError) as error:
        told["error"] = str(error) if ranks.first() else f"Process 1 of 2: ValueError: {error}"
    number = ranks.rank()
    ranks._part()
    # a thread that outlives the group may end the program when Python is gone
    told["threads"] = len(list(Path("/proc/self/task").glob("*"))) or 1
    (folder / f"rank{number}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
