"""Two lines in a loop of one's own: the pruner, and its step.

python examples/loops/plain.py
"""

import torch
from torch import nn
from torch.nn import functional

from tenth.sparsity import GRANET, Pruner, Timetable

STEPS = 200


def points(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in eight dimensions, and whether the first two have the same sign."""
    given = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    return given, (given[:, 0] * given[:, 1] > 0).long()


def main() -> tuple[nn.Module, float]:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    pruner = Pruner(model, optimizer, density=0.1, method=GRANET, timetable=Timetable(STEPS))
    for step in range(STEPS):
        given, labels = points(128, seed=step)
        optimizer.zero_grad()
        functional.cross_entropy(model(given), labels).backward()
        optimizer.step()
        pruner.step()  # after optimizer.step(), before zero_grad(): growth reads the gradients
    model = pruner.finish().eval()
    given, labels = points(2000, seed=STEPS)
    accuracy = (model(given).argmax(dim=1) == labels).float().mean().item()
    return model, accuracy


if __name__ == "__main__":
    model, accuracy = main()
    kept = sum(int(p.count_nonzero()) for p in model.parameters() if p.ndim > 1)
    print(f"accuracy {accuracy:.3f} with {kept} of {8 * 64 + 64 * 64 + 64 * 2} weights")
