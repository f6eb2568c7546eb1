"""A run under way: its model, optimizer, pruner and place in the data, and one step of it."""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from tenth.errors import DivergedError, FormatError
from tenth.fit import ranks
from tenth.fit.average import Average
from tenth.fit.bill import Bill, shape_of
from tenth.fit.clock import BATCHES, LEARNING, MASKS, OPTIMIZER, SCORE, Clock
from tenth.fit.feed import Feed
from tenth.fit.neurons import live_neurons
from tenth.fit.plan import Plan, Step
from tenth.fit.seeds import derive
from tenth.fit.shards import Shards
from tenth.fit.sparse import Sparse
from tenth.receipt import Meter
from tenth.sparsity import Pruner, rescale_init_, scores
from tenth.task import Task

_SCORE = "score on val"


class Run:
    """All that changes while a model is trained; `state_dict` holds it."""

    def __init__(self, model: nn.Module, task: Task, plan: Plan, meter: Meter) -> None:
        self.model = model.train()
        self.task = task
        self.plan = plan
        self._shards = Shards(model, self._loss_of, plan.seed)
        self.optimizer: Optimizer = task.call("optimizer", list(model.parameters()))
        self._rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.pruner = _pruner(model, self.optimizer, plan)
        self.average = Average(model, plan.pace.ema) if plan.pace.ema is not None else None
        self._feed = Feed(task, plan.seed)
        self._meter = meter
        self._bill = Bill(model, meter)
        if self.pruner is not None:
            self._bill.set_densities(self.pruner.layer_densities())
        self._sparse = Sparse(model, self.optimizer, self.pruner, plan.sparse)
        self.step = plan.begin
        if plan.begin:
            self._feed.start_at(epoch=0, epoch_start=plan.begin, step=plan.begin)
        self._stopped = False
        self.history: list[Step] = []
        self._losses = 0.0  # since the last entry of the history
        self._loss = math.nan
        self._clock = Clock()

    @property
    def density(self) -> float:
        """Fraction of the prunable weights now kept."""
        return 1.0 if self.pruner is None else self.pruner.density()

    @property
    def score(self) -> float | None:
        """The last score on "val"."""
        return self.history[-1].score if self.history else None

    @property
    def reached(self) -> bool:
        """Whether the target was reached, at the final density, at the last look."""
        target = self.plan.pace.target
        return target is not None and self.score is not None and self.score >= target

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.step >= self.plan.last_step or self.reached or self._stopped

    def advance(self) -> Step:
        """Make one step, and look at the score where that is due.

        Raises:
            DivergedError: the loss or the score is not a finite number.
            TaskError: an epoch is empty, or a part of the task raises.
        """
        step = self.step + 1
        self._clock.start()
        with self._sparse.watching():
            kind = self._learn(step)
        update = self.pruner.step() if self.pruner is not None else None
        if self.average is not None:
            self.average.update(self.pruner.masks if self.pruner is not None else {})
        self._bill.charge(kind, update.growth_weights if update is not None else 0)
        if self.pruner is not None and update is not None and update.changed:
            self._bill.set_densities(self.pruner.layer_densities())
        self._clock.lap(MASKS)
        self.step = step
        watch = self.plan.watch
        self._stopped = watch is not None and step % watch.every == 0 and watch.enough(self.model)
        if step % self.plan.pace.check_every == 0 or step == self.plan.last_step or self._stopped:
            self._look()
        self._sparse.settle(last=self.over)
        self._bill.set_sparse(self._sparse.weights)
        self._clock.lap(MASKS)
        return Step(step, self.plan.pace.steps, self._loss, self.score, self.density)

    def _learn(self, step: int) -> Any:
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self.plan.pace.rate(step)
        batch, share = ranks.together(lambda: self._shards.mine(self._feed.batch(step), step))
        self._clock.lap(BATCHES)
        kind = shape_of(batch)
        with self._bill.count(kind):
            self.optimizer.zero_grad()
            loss = ranks.together(lambda: self._shards.loss(batch, share))
            self._loss = ranks.total(lambda: share * loss.item())
            if not math.isfinite(self._loss):
                raise DivergedError(
                    f"The loss became {self._loss} at step {step} of {self.plan.pace.steps}. "
                    "Lower the learning rate (lr_scale), or warm it up."
                )
            self._losses += self._loss
            self._shards.backward(loss, share)
        self._clock.lap(LEARNING)
        self.optimizer.step()
        self._shards.share_buffers()
        self._clock.lap(OPTIMIZER)
        return kind

    def _loss_of(self, batch: Any) -> Tensor:
        teacher = self.plan.teacher
        if teacher is None:
            return self.task.call("loss", self.model, batch)
        return teacher.total(self.model, lambda: self.task.call("loss", self.model, batch))

    def _look(self) -> None:
        since = self.step - (self.history[-1].step if self.history else self.plan.begin)
        score = ranks.from_first(self._val) if self.step >= self.plan.final_from else None
        self._clock.lap(SCORE)
        pruner = self.pruner
        self.history.append(
            Step(
                self.step,
                self.plan.pace.steps,
                self._losses / since,
                score,
                self.density,
                rate=float(self.optimizer.param_groups[0]["lr"]),
                explored=pruner.explored() if pruner is not None else 1.0,
                layers=pruner.layer_densities() if pruner is not None else {},
                live=live_neurons(pruner.masks) if pruner is not None else {},
                seconds=self._clock.take(),
            )
        )
        self._losses = 0.0

    def _val(self) -> float:
        holding = self.average.in_place() if self.average is not None else nullcontext()
        with holding, self._bill.count(_SCORE):
            score = self.task.read_score(self.model, "val")
        self._bill.charge(_SCORE)
        if not math.isfinite(score):
            raise DivergedError(
                f"The score on 'val' became {score} at step {self.step} of "
                f"{self.plan.pace.steps}. Lower the learning rate (lr_scale)."
            )
        return score

    def pay(self) -> None:
        """Hand all counted work to the meter, with the names of what ran sparse."""
        self._bill.pay()
        if self._sparse.ran:
            self._meter.note("layers that ran sparse", ", ".join(sorted(self._sparse.ran)))
        if self._sparse.refused:
            self._meter.note("why no layer ran sparse", self._sparse.refused)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly here, in dense form."""
        sparse = self._sparse.densify()
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "pruner": self.pruner.state_dict() if self.pruner is not None else None,
            "average": dict(self.average.weights) if self.average is not None else None,
            "step": self.step,
            "epoch": self._feed.epoch,
            "epoch_start": self._feed.epoch_start,
            "losses": self._losses,
            "seconds": dict(self._clock.seconds),
            "history": [asdict(entry) for entry in self.history],
            "sparse": {**self._sparse.state_dict(), "now": sparse},
            "watch": self.plan.watch.state_dict() if self.plan.watch is not None else None,
            "stopped": self._stopped,
        }
        self._sparse.restore(sparse)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the run that gave `state` was.

        Raises:
            FormatError: it is the state of another model or optimizer.
        """
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.pruner is not None:
                self.pruner.load_state_dict(state["pruner"])
                self._bill.set_densities(self.pruner.layer_densities())
            if self.average is not None:
                self.average.weights = dict(state["average"])
            self.history = [Step(**entry) for entry in state["history"]]
            self.step, self._losses = state["step"], state["losses"]
            self._clock.load_state_dict(state["seconds"])
            self._stopped = state["stopped"]
            if self.plan.watch is not None:
                self.plan.watch.load_state_dict(state["watch"])
            self._sparse.load_state_dict(state["sparse"])
            self._sparse.restore(state["sparse"]["now"])
            self._bill.set_sparse(self._sparse.weights)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0]
            raise FormatError(
                f"The checkpoint is of another model or optimizer: {first}"
            ) from error
        self._feed.start_at(epoch=state["epoch"], epoch_start=state["epoch_start"], step=self.step)


def _pruner(model: nn.Module, optimizer: Optimizer, plan: Plan) -> Pruner | None:
    if plan.method is None:
        return None
    pruner = Pruner(
        model,
        optimizer,
        density=plan.density,
        method=plan.method,
        timetable=plan.timetable,
        seed=derive(plan.seed, "masks"),
        masks=plan.masks,
        first=scores.magnitude if plan.trained else scores.random,
    )
    if plan.keep_zeros:
        zeros = {name: weight.detach() != 0 for name, weight in pruner.weights.items()}
        pruner.load_state_dict({**pruner.state_dict(), "masks": zeros})
    if plan.rescale:
        rescale_init_(model, pruner.masks)
    return pruner
