"""Pruning in a loop that is not ours, metered: what the adapters of training libraries share.

    pruning = Pruning(density=0.1, method="granet")
    pruning.begin(model, optimizer, steps=1000)
    ...                                             # any loop: each optimizer.step() moves masks
    receipt = pruning.end()

The pruner runs in a hook of the optimizer, at the end of `optimizer.step()`. That is the one moment
which all libraries share: the gradients summed over the micro-batches are still there, no forward
pass has seen the weights yet, and a step that was skipped (an overflow in half precision) moves
nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from tenth.errors import InputError
from tenth.figures import counted
from tenth.fit import ranks
from tenth.fit.bill import Bill, shape_of
from tenth.fit.settings import MASK_UPDATES
from tenth.receipt import Aim, BeforeAfter, Meter, Receipt, Stage
from tenth.receipt.place import Place
from tenth.sparsity import Method, Pruner, Timetable
from tenth.sparsity.methods import method_of
from tenth.sparsity.weights import told_dense


class Pruning:
    """Takes the model of some training loop to a density, and meters the loop.

    Args:
        density: fraction of the prunable weights kept in the end.
        method: a `Method`, or the name of one in `METHODS`.
        every: steps of the optimizer between two looks at the masks; None: a hundredth of the run,
            but at least 10.
        ramp: share of the steps after which the final density is reached.
        rest: share of the steps after which the masks rest.
        seed: draws masks.
        exclude: names of weights or modules that stay dense.
        name: what the receipt calls the work.
        place: ISO3 country code of the receipt's electricity.

    Raises:
        InputError: no such method.
    """

    def __init__(  # noqa: PLR0913  one call with keywords holds every choice of a run
        self,
        *,
        density: float,
        method: str | Method = "granet",
        every: int | None = None,
        ramp: float = 0.5,
        rest: float = 0.75,
        seed: int = 0,
        exclude: Iterable[str] = (),
        name: str = "model",
        place: str | None = None,
    ) -> None:
        chosen = method_of(method)
        self._choices = {"density": density, "method": chosen, "seed": seed, "exclude": exclude}
        self._times = (every, ramp, rest)
        self._name, self._place = name, place
        self._earlier: list[Stage] = []
        self._close: Callable[[], None] | None = None
        self.pruner: Pruner | None = None

    def begin(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        steps: int,
        state: Mapping[str, Any] | None = None,
    ) -> Pruner:
        """Make the pruner and open the meter.

        Args:
            model: as it is, or as a checkpoint left it.
            optimizer: owns the model's weights; with its memory, if that was loaded.
            steps: of the optimizer, in the whole run.
            state: what `state_dict` gave, to go on from there.

        Raises:
            InputError: the model, the optimizer or the state does not fit (see `Pruner`).
        """
        self.abandon()
        every, ramp, rest = self._times
        timetable = Timetable(steps, every or max(10, steps // MASK_UPDATES), ramp, rest)
        with _memory_out_of_reach(optimizer):
            self.pruner = Pruner(model, optimizer, timetable=timetable, **self._choices)
            if state is not None:
                self.pruner.load_state_dict(state["pruner"])
        self._earlier = [Stage.from_json(form) for form in state["sittings"]] if state else []
        self._open_meter(model)
        hook = optimizer.register_step_post_hook(self._stepped)
        self._close = hook.remove
        return self.pruner

    def _open_meter(self, model: nn.Module) -> None:
        name = f"train (sitting {len(self._earlier) + 1})" if self._earlier else "train"
        self._meter = Meter(name, place=self._place)
        # in a context of its own: a loop that breaks off must not leave a meter open around others
        self._context = copy_context()
        self._context.run(self._meter.__enter__)
        self._bill = Bill(model, self._meter)
        self._bill.set_densities(self._running().layer_densities())
        self._kind: Hashable = None
        self._counting: AbstractContextManager[None] | None = None
        self._passes = 0

    def passes(self, *given: Any) -> None:
        """The model is about to work on this batch: what runs until the next call is its work."""
        self._settle()
        # two passes of one step are two kinds: the backward pass of both may follow the second
        self._kind = (self._passes, torch.is_grad_enabled(), shape_of(given))
        self._passes += 1
        self._counting = self._bill.count(self._kind)
        self._counting.__enter__()

    def _settle(self) -> None:
        if self._counting is not None:
            self._stop_counting()
            self._bill.charge(self._kind)

    def _stop_counting(self) -> None:
        if self._counting is not None:
            self._counting.__exit__(None, None, None)
            self._counting = None

    def _stepped(self, *_: Any) -> None:
        """After `optimizer.step()`."""
        is_counted = self._counting is not None
        self._stop_counting()
        pruner = self._running()
        update = pruner.step()
        if is_counted:
            self._bill.charge(self._kind, update.growth_weights)
        if update.changed:
            self._bill.set_densities(pruner.layer_densities())
        self._passes = 0

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on: masks, and what the work has cost so far."""
        self._bill.pay()
        sittings = [*self._earlier, self._meter.stage]
        return {
            "pruner": self._running().state_dict(),
            "sittings": [stage.to_json() for stage in sittings],
        }

    def end(self) -> Receipt:
        """Close the meter; the receipt of all sittings.

        Under torch.distributed call it in every process: the receipt is that of all of them.
        """
        pruner = self._running()
        self._settle()
        self._bill.pay()
        self.abandon()
        receipt = Receipt(
            title=f"train {self._name} to density {pruner.target_density:g}",
            task=Aim(self._name),
            place=Place.find(self._place),
            stages=[*self._earlier, *ranks.stages_of_all([self._meter.stage])],
        )
        weights = sum(mask.numel() for mask in pruner.masks.values())
        kept = sum(int(weight.count_nonzero()) for weight in pruner.weights.values())
        receipt.sizes.append(
            BeforeAfter(
                "weights",
                counted(weights, "weights", "Linear and Conv layers that are pruned"),
                counted(kept, "weights", "that are not zero"),
            )
        )
        if left := told_dense(pruner.model, pruner.weights.values()):
            receipt.notes.append(left)
        if kept > pruner.target_density * weights:
            receipt.notes.append(
                f"The model ends at density {kept / weights:.3g}, above {pruner.target_density:g}: "
                "training was stopped before, or an earlier checkpoint was loaded."
            )
        return receipt

    def abandon(self) -> None:
        """Leave the loop alone, whatever became of it."""
        if self._close is None:
            return
        self._stop_counting()
        self._close()
        self._close = None
        self._context.run(self._meter.__exit__, None, None, None)

    def _running(self) -> Pruner:
        if self.pruner is None:
            raise InputError("training has not begun: there are no masks yet.")
        return self.pruner


@contextmanager
def _memory_out_of_reach(optimizer: Optimizer) -> Iterator[None]:
    """A new pruner draws first masks, which must not cut into a memory that was loaded."""
    memory = optimizer.state
    optimizer.state = defaultdict(dict)
    try:
        yield
    finally:
        optimizer.state = memory
