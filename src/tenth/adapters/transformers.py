"""Pruning inside `transformers.Trainer`.

    callback = PruneCallback(density=0.1, method="granet")
    trainer = Trainer(model, args, train_dataset=data, callbacks=[callback])
    trainer.train()
    print(callback.receipt)

Gradient accumulation, clipping, schedules and evaluation are the Trainer's own. Each checkpoint
folder gets the masks too, in `tenth.pt`; `trainer.train(resume_from_checkpoint=...)` goes on from
them.
"""

from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle

from tenth.adapters.extras import needing
from tenth.adapters.pruning import Pruning
from tenth.errors import InputError, must
from tenth.fit import checkpoint
from tenth.receipt import Receipt
from tenth.sparsity.pruner import Pruner

with needing("transformers"):
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_FILE = "tenth.pt"
_IDENTITY = {"verb": "prune in transformers"}


class PruneCallback(TrainerCallback):
    """Prunes during `Trainer.train()`, and makes a receipt of it.

    Args:
        resume_from: the checkpoint folder that `train` is told to resume from, where that is not
            in `args.output_dir`.
        choices: as of `tenth.adapters.pruning.Pruning`: density, method, every, ...

    Attributes:
        receipt: what training cost, once it has ended.
    """

    def __init__(self, *, resume_from: str | Path | None = None, **choices: Any) -> None:
        self._pruning = Pruning(**choices)
        self._resume_from = resume_from
        self._hook: RemovableHandle | None = None
        self.receipt: Receipt | None = None

    @property
    def pruner(self) -> Pruner | None:
        """The pruner, once training has begun."""
        return self._pruning.pruner

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Make the pruner; model and optimizer are loaded by now."""
        model: nn.Module = kwargs["model"]
        # accelerate wraps the optimizer; hooks belong to the one inside
        optimizer = getattr(kwargs["optimizer"], "optimizer", kwargs["optimizer"])
        saved = self._saved(args, state) if state.global_step else None
        self._forget()
        self._pruning.begin(model, optimizer, state.max_steps, saved)
        self._hook = model.register_forward_pre_hook(self._before_forward, with_kwargs=True)

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Put the masks beside the weights."""
        folder = _folder(args, state)
        if args.should_save and folder.is_dir():
            checkpoint.save(folder / _FILE, self._pruning.state_dict(), _IDENTITY)

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Write the receipt."""
        self._forget()
        self.receipt = self._pruning.end()

    def _before_forward(self, _: nn.Module, given: Any, named: Any) -> None:
        self._pruning.passes(given, named)

    def _forget(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _saved(self, args: TrainingArguments, state: TrainerState) -> dict[str, Any]:
        folder = Path(self._resume_from) if self._resume_from else _folder(args, state)
        path = folder / _FILE
        if not path.exists():
            remedy = "Name the folder of the checkpoint: PruneCallback(resume_from=...)."
            rule = f"beside the weights of step {state.global_step}"
            raise InputError(must(f"masks ({path})", rule, "no such file", remedy))
        return checkpoint.load(path, _IDENTITY)


def _folder(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(args.output_dir or ".") / f"checkpoint-{state.global_step}"
