"""Pruning inside `lightning.pytorch.Trainer`.

    callback = PruneCallback(density=0.1, method="granet")
    trainer = Trainer(max_epochs=3, callbacks=[callback])
    trainer.fit(module, loader)
    print(callback.receipt)

Gradient accumulation, clipping, schedules and validation are the Trainer's own. The masks are in
the checkpoints, with the state of the other callbacks; `trainer.fit(..., ckpt_path=...)` goes on
from them.
"""

import math
from collections.abc import Mapping
from typing import Any

from tenth.adapters.extras import needing
from tenth.adapters.pruning import Pruning
from tenth.errors import InputError, must
from tenth.receipt import Receipt
from tenth.sparsity.pruner import Pruner

with needing("lightning"):
    from lightning.pytorch import Callback, LightningModule, Trainer


class PruneCallback(Callback):
    """Prunes during `Trainer.fit()`, and makes a receipt of it; for modules with one optimizer.

    Lightning's `on_before_zero_grad` would be too late: it comes after the forward pass of the next
    batch, which would see weights that are removed.

    Args:
        steps: of the optimizer, in the whole run; None: what the trainer says.
        choices: as of `tenth.adapters.pruning.Pruning`: density, method, every, ...

    Attributes:
        receipt: what training cost, once it has ended.
    """

    def __init__(self, *, steps: int | None = None, **choices: Any) -> None:
        self._pruning = Pruning(**choices)
        self._steps = steps
        self._loaded: Mapping[str, Any] | None = None
        self.receipt: Receipt | None = None

    @property
    def pruner(self) -> Pruner | None:
        """The pruner, once training has begun."""
        return self._pruning.pruner

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the pruner; model and optimizer are loaded by now."""
        optimizers = trainer.optimizers
        if len(optimizers) != 1:
            rule, got = "a module with one optimizer", f"{len(optimizers)} optimizers"
            raise InputError(must("the Lightning module", rule, got, "Use tenth.sparsity.Pruner."))
        steps = trainer.estimated_stepping_batches if self._steps is None else self._steps
        if not math.isfinite(steps) or steps < 1:
            remedy = "Say how long it is: PruneCallback(steps=...)."
            raise InputError(must("the length of training", "known", steps, remedy))
        self._pruning.begin(pl_module, optimizers[0], int(steps), self._loaded)
        self._loaded = None

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Count the work of a training batch."""
        self._pruning.passes("train", batch)

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count the work of a validation batch."""
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._pruning.passes("validate", batch)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the receipt."""
        self.receipt = self._pruning.end()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the meter."""
        self._pruning.abandon()

    def state_dict(self) -> dict[str, Any]:
        """The masks, and what the work has cost so far."""
        return {} if self.pruner is None else self._pruning.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state of a checkpoint until training begins."""
        self._loaded = state_dict or None
