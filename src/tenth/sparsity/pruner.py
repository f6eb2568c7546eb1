"""Holds the masks of a model in any training loop.

    pruner = Pruner(model, optimizer, density=0.1, timetable=Timetable(steps=1000))
    for batch in batches:
        optimizer.zero_grad()
        loss(model, batch).backward()
        optimizer.step()
        pruner.step()
    model = pruner.finish()

The model stays an ordinary dense module: no hooks, no wrapped layers. After each `pruner.step()`
the removed weights are exactly 0, and so is what the optimizer remembers of them: neither momentum
nor weight decay can bring them back. Gradients stay dense, since growth reads them; clipping by
norm therefore counts removed weights too.

Under torch.distributed every process decides, and all take the decision of rank 0: make the pruner
and call `step()` on every rank.
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tenth.errors import NothingSavedError, must
from tenth.layouts import check_density
from tenth.sparsity import schedules, scores
from tenth.sparsity.checks import check_masks, check_state, check_weights
from tenth.sparsity.looks import Look, of_first_rank
from tenth.sparsity.masks import bits_of, erase_
from tenth.sparsity.methods import GRADUAL, Method, method_of
from tenth.sparsity.moves import shrink
from tenth.sparsity.schedules import Timetable
from tenth.sparsity.sparse.layer import is_parked
from tenth.sparsity.use import Use
from tenth.sparsity.weights import held_dense, plain, prunable


@dataclass(frozen=True)
class Update:
    """What one step of the pruner did.

    changed: whether any mask differs from before.
    density: the fraction of prunable weights now kept.
    growth_weights: entries of dense gradients that were read to choose what grows.
    """

    changed: bool
    density: float
    growth_weights: int = 0


class Pruner:
    """Takes a model to `density` and keeps it there while it trains.

    density: the final fraction kept of all prunable weights (see `prunable`); never exceeded.
    masks: by weight name, True = kept. Read them, do not write them. Given to the constructor they
        are the first masks; otherwise the method makes those.
    first: where the first masks are drawn, the weights that score highest are kept: at random, or
        by magnitude for weights that are trained already.

    Raises:
        InputError: no weight can be pruned, one is not finite, the optimizer does not own one, the
            density leaves less than one unit a layer, or masks are given that do not fit.
    """

    def __init__(  # noqa: PLR0913  one call with keywords holds every choice of a run
        self,
        model: nn.Module,
        optimizer: Optimizer,
        *,
        density: float,
        timetable: Timetable,
        method: Method | str = GRADUAL,
        seed: int = 0,
        exclude: Iterable[str] = (),
        masks: Mapping[str, Tensor] | None = None,
        first: scores.Score = scores.random,
    ) -> None:
        self.target_density = check_density(density)
        self.model, self.optimizer = plain(model), optimizer
        self.method, self.timetable = method_of(method), timetable
        self.weights = prunable(self.model, exclude)
        check_weights(self.model, self.weights, optimizer)
        self._held = held_dense(self.model, self.weights, self.target_density)
        self._generator = torch.Generator().manual_seed(seed)
        self._steps = 0
        self.masks: dict[str, Tensor] = {}
        self._set({n: torch.ones_like(w, dtype=torch.bool) for n, w in self.weights.items()})
        self._first = first
        self._untouched = self._start(masks)
        self._use = Use(self.weights.values(), optimizer)
        self._lived = {name: mask.clone() for name, mask in self.masks.items()}

    @torch.no_grad()
    def _start(self, given: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
        """Set the first masks; returns the weights as they were, where any was removed."""
        if given is None:
            masks = self._drawn()
        else:
            check_masks(given, self.masks, "the given ones")
            masks = {n: given[n].to(m.device, copy=True) for n, m in self.masks.items()}
        untouched = {name: weight.clone() for name, weight in self.weights.items()}
        if not self._set(of_first_rank(masks)):
            return {}
        self._apply()
        return untouched

    def _drawn(self) -> dict[str, Tensor]:
        """The first masks by the method: all kept, or drawn."""
        drawn = {n: self._first(w, None, self._generator) for n, w in self.weights.items()}
        layers = self._look().layers(drawn)
        self.method.allocation(layers, self.target_density)  # refuses what cannot be reached
        density = self._scheduled(0)
        if density == 1:
            return self.masks
        counts = self.method.allocation(layers, density)
        return {
            name: shrink(layer, self.masks[name], counts[name], self.method.layout)
            for name, layer in layers.items()
        }

    @torch.no_grad()
    def step(self) -> Update:
        """Keep removed weights at 0, and move the masks when the timetable says so.

        Call it after `optimizer.step()` and before `optimizer.zero_grad()`.

        Raises:
            DivergedError: a weight, or a gradient that is looked at, is not finite.
            InputError: masks are chosen by gradient, and there is none; or another pruner was made
                for these weights. Called before `optimizer.step()`, it is that which raises.
        """
        self._use.check_alone()
        self._steps += 1
        self._use.pruned()
        self._untouched = {}
        self._apply()
        moves, turns = self._due(self._steps)
        if not (moves or turns):
            return Update(False, self.density())
        density, read = self._scheduled(self._steps), 0
        if turns and density == 1:
            masks = {name: torch.ones_like(mask) for name, mask in self.masks.items()}
        else:
            share = self.timetable.share(self._steps, self.method.drop) if moves else None
            masks, read = self._look().chosen(density, share)
        changed = self._set(masks)
        for name, mask in masks.items():
            self._lived[name] |= mask
        self._apply()
        return Update(changed, self.density(), read)

    def looks_next(self) -> bool:
        """Whether the next `step()` will look at the masks: at dense weights and gradients."""
        return any(self._due(self._steps + 1))

    def density(self) -> float:
        """The fraction of prunable weights now kept."""
        return sum(self._live.values()) / sum(mask.numel() for mask in self.masks.values())

    def layer_densities(self) -> dict[str, float]:
        """The fraction kept of each weight."""
        return {name: self._live[name] / mask.numel() for name, mask in self.masks.items()}

    def explored(self) -> float:
        """The fraction of prunable weights that were kept at any time since the start.

        Cost: one pass over the masks; kept up with one OR at each move.
        Source: Liu et al. 2021, arXiv:2102.02887 (there R_s).
        """
        lived = sum(int(mask.sum()) for mask in self._lived.values())
        return lived / sum(mask.numel() for mask in self.masks.values())

    def finish(self) -> nn.Module:
        """The plain module, its removed weights exactly 0.

        Before the final density is reached there is a warning: nothing is lost, training can go on.

        Raises:
            NothingSavedError: no weight was removed.
            InputError: another pruner was made for these weights.
        """
        self._use.check_alone()
        if self.density() == 1:
            raise NothingSavedError(
                f"Pruning removed nothing: density is 1 after {self._steps} steps, wanted "
                f"{self.target_density:g} at step {self.timetable.ramp_end}. Train longer, or "
                "choose a density below 1."
            )
        if self.density() > self.target_density:
            rule = (
                f"called after step {self.timetable.ramp_end}, at density {self.target_density:g}"
            )
            got = f"step {self._steps}, at density {self.density():.3g}"
            warnings.warn(must("pruner.finish()", rule, got, "Train on first."), stacklevel=2)
        self._apply()
        return self.model

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly here: tensors, numbers and strings only."""
        return {
            "run": self._run(),
            "steps": self._steps,
            "generator": self._generator.get_state(),
            "masks": {name: mask.clone() for name, mask in self.masks.items()},
            "lived": {name: mask.clone() for name, mask in self._lived.items()},
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the pruner that gave `state` was; model and optimizer load their own.

        Raises:
            InputError: it is the state of another run or model; nothing is changed.
        """
        check_state(state, self._run(), self.masks)
        for name, before in self._untouched.items():
            weight = self.weights[name]
            if weight.equal(before.masked_fill(~self.masks[name], 0.0)):
                # the model was loaded before this pruner was made, whose first mask cut into it
                weight.copy_(before)
        self._untouched = {}
        self._steps = state["steps"]
        self._generator.set_state(state["generator"].cpu())
        devices = {name: mask.device for name, mask in self.masks.items()}
        self._lived = {n: state["lived"][n].to(where, copy=True) for n, where in devices.items()}
        self._set({n: state["masks"][n].to(where, copy=True) for n, where in devices.items()})
        self._apply()

    def _run(self) -> dict[str, Any]:
        method, timetable = self.method.describe(), asdict(self.timetable)
        return {"density": self.target_density, "method": method, "timetable": timetable}

    def _due(self, step: int) -> tuple[bool, bool]:
        """Whether masks move at `step`, and whether the density changes."""
        density, moves = self._scheduled(step), self.timetable.moves(step)
        if self.method.schedule is schedules.alternating:
            # its phases begin at the step that is due, between two looks if need be
            turns = (density == 1) != (self.density() == 1)
            moves = moves and density < 1
        else:
            turns = self.timetable.falls(step) and density < self.density()
        return moves and self.method.regrow is not None, turns

    def _look(self) -> Look:
        return Look(self.method, self.weights, self.masks, self._held, self._generator)

    def _scheduled(self, step: int) -> float:
        start = max(self.method.start, self.target_density)
        return self.method.schedule(self.timetable.progress(step), start, self.target_density)

    def _set(self, masks: dict[str, Tensor]) -> bool:
        changed = any(not mask.equal(masks[name]) for name, mask in self.masks.items())
        self.masks = masks
        self._bits = {name: bits_of(mask, self.weights[name]) for name, mask in masks.items()}
        self._live = {name: int(mask.sum()) for name, mask in masks.items()}
        return changed

    def _apply(self) -> None:
        for name, weight in self.weights.items():
            if is_parked(weight):
                continue  # it runs sparse: nothing is there that could be erased
            erase_(weight, self._bits[name])
            for memory in self.optimizer.state.get(weight, {}).values():
                if isinstance(memory, Tensor) and memory.shape == weight.shape:
                    erase_(memory, self._bits[name])
