"""Pruning while `lightning.pytorch.Trainer` trains a small net.

python examples/loops/with_lightning.py
"""

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from tenth.adapters.lightning import PruneCallback


class Net(lightning.LightningModule):
    """Learns whether the first two of eight numbers have the same sign."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
        )

    def training_step(self, batch: list[Tensor], batch_index: int) -> Tensor:
        """The loss of one batch."""
        given, labels = batch
        return functional.cross_entropy(self.layers(given), labels)

    def validation_step(self, batch: list[Tensor], batch_index: int) -> None:
        """The share of right answers."""
        given, labels = batch
        hits = self.layers(given).argmax(dim=1) == labels
        self.log("accuracy", hits.float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW on all weights."""
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def loader(count: int, seed: int) -> DataLoader[Any]:
    given = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    labels = (given[:, 0] * given[:, 1] > 0).long()
    return DataLoader(TensorDataset(given, labels), batch_size=64)


def trainer(callback: PruneCallback, **changes: Any) -> lightning.Trainer:
    plain = {
        "max_epochs": 4,
        "accumulate_grad_batches": 2,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return lightning.Trainer(callbacks=[callback], **{**plain, **changes})


def main() -> tuple[PruneCallback, float]:
    callback = PruneCallback(density=0.1, method="granet", name="signs")
    running = trainer(callback)
    running.fit(Net(), loader(4096, seed=1), loader(1024, seed=2))
    return callback, float(running.callback_metrics["accuracy"])


if __name__ == "__main__":
    callback, accuracy = main()
    print(f"accuracy {accuracy:.3f}")
    print(callback.receipt)
