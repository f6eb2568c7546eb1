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

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from tenth.errors import DivergedError, InputError, NothingSavedError, must
from tenth.layouts import check_density
from tenth.sparsity import regrowth, scores
from tenth.sparsity.allocation import Layer
from tenth.sparsity.masks import bits_of, erase_
from tenth.sparsity.methods import GRADUAL, Method
from tenth.sparsity.moves import exchange, layer_of, shrink
from tenth.sparsity.schedules import Timetable
from tenth.sparsity.weights import check_finite, held_dense, plain, prunable

_LOWER_RATE = "Lower the learning rate, or start again from the last good checkpoint."


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
    masks: by weight name, True = kept. Read them, do not write them.

    Raises:
        InputError: no weight can be pruned, one is not finite, the optimizer does not own one, or
            the density leaves less than one unit a layer.
    """

    def __init__(  # noqa: PLR0913  one call with keywords holds every choice of a run
        self,
        model: nn.Module,
        optimizer: Optimizer,
        *,
        density: float,
        timetable: Timetable,
        method: Method = GRADUAL,
        seed: int = 0,
        exclude: Iterable[str] = (),
    ) -> None:
        self.target_density = check_density(density)
        self.model, self.optimizer = plain(model), optimizer
        self.method, self.timetable = method, timetable
        self.weights = prunable(self.model, exclude)
        _check_weights(self.weights, optimizer)
        self._held = held_dense(self.model, self.weights, self.target_density)
        self._generator = torch.Generator().manual_seed(seed)
        self._steps = 0
        self.masks: dict[str, Tensor] = {}
        self._set({n: torch.ones_like(w, dtype=torch.bool) for n, w in self.weights.items()})
        self._untouched = self._start()

    @torch.no_grad()
    def _start(self) -> dict[str, Tensor]:
        """Make the first masks; returns the weights as they were, where any was removed."""
        drawn = {n: scores.random(w, None, self._generator) for n, w in self.weights.items()}
        layers = self._layers(drawn)
        self.method.allocation(layers, self.target_density)  # refuses what cannot be reached
        if self._scheduled() == 1:
            return {}
        counts = self.method.allocation(layers, self._scheduled())
        untouched = {name: weight.clone() for name, weight in self.weights.items()}
        masks = {
            name: shrink(layer, self.masks[name], counts[name], self.method.layout)
            for name, layer in layers.items()
        }
        self._set(_of_first_rank(masks))
        self._apply()
        return untouched

    @torch.no_grad()
    def step(self) -> Update:
        """Keep removed weights at 0, and move the masks when the timetable says so.

        Call it after `optimizer.step()` and before `optimizer.zero_grad()`.

        Raises:
            DivergedError: a weight, or a gradient that is looked at, is not finite.
            InputError: masks are chosen by gradient, and there is none.
        """
        self._steps += 1
        self._untouched = {}
        self._apply()
        moves = self.method.regrow is not None and self.timetable.moves(self._steps)
        falls = self.timetable.falls(self._steps) and self._scheduled() < self.density()
        if not (moves or falls):
            return Update(False, self.density())
        masks, read = self._chosen(moves)
        changed = self._set(_of_first_rank(masks))
        self._apply()
        return Update(changed, self.density(), read)

    def density(self) -> float:
        """The fraction of prunable weights now kept."""
        return sum(self._live.values()) / sum(mask.numel() for mask in self.masks.values())

    def layer_densities(self) -> dict[str, float]:
        """The fraction kept of each weight."""
        return {name: self._live[name] / mask.numel() for name, mask in self.masks.items()}

    def finish(self) -> nn.Module:
        """The plain module, its removed weights exactly 0.

        Raises:
            NothingSavedError: no weight was removed.
        """
        if self.density() == 1:
            raise NothingSavedError(
                f"Pruning removed nothing: density is 1 after {self._steps} steps, wanted "
                f"{self.target_density:g} at step {self.timetable.ramp_end}. Train longer, or "
                "choose a density below 1."
            )
        self._apply()
        return self.model

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly here: tensors, numbers and strings only."""
        return {
            "run": self._run(),
            "steps": self._steps,
            "generator": self._generator.get_state(),
            "masks": {name: mask.clone() for name, mask in self.masks.items()},
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the pruner that gave `state` was; model and optimizer load their own.

        Raises:
            InputError: it is the state of another run or model; nothing is changed.
        """
        _check_state(state, self._run(), self.masks)
        for name, before in self._untouched.items():
            weight = self.weights[name]
            if weight.equal(before.masked_fill(~self.masks[name], 0.0)):
                # the model was loaded before this pruner was made, whose first mask cut into it
                weight.copy_(before)
        self._untouched = {}
        self._steps = state["steps"]
        self._generator.set_state(state["generator"].cpu())
        self._set({n: state["masks"][n].to(m.device, copy=True) for n, m in self.masks.items()})
        self._apply()

    def _run(self) -> dict[str, Any]:
        method, timetable = self.method.describe(), asdict(self.timetable)
        return {"density": self.target_density, "method": method, "timetable": timetable}

    def _scheduled(self) -> float:
        start = max(self.method.start, self.target_density)
        progress = self.timetable.progress(self._steps)
        return self.method.schedule(progress, start, self.target_density)

    def _set(self, masks: dict[str, Tensor]) -> bool:
        changed = any(not mask.equal(masks[name]) for name, mask in self.masks.items())
        self.masks = masks
        self._bits = {name: bits_of(mask, self.weights[name]) for name, mask in masks.items()}
        self._live = {name: int(mask.sum()) for name, mask in masks.items()}
        return changed

    def _apply(self) -> None:
        for name, weight in self.weights.items():
            erase_(weight, self._bits[name])
            for memory in self.optimizer.state.get(weight, {}).values():
                if isinstance(memory, Tensor) and memory.shape == weight.shape:
                    erase_(memory, self._bits[name])

    def _layers(self, scored: Mapping[str, Tensor]) -> dict[str, Layer]:
        layout = self.method.layout
        return {
            name: layer_of(values, self.masks[name], layout, held=name in self._held)
            for name, values in scored.items()
        }

    def _chosen(self, moves: bool) -> tuple[dict[str, Tensor], int]:
        """The next masks, and how many entries of dense gradients were read to choose them."""
        gradients = self._gradients()
        layers = self._layers({name: self._scores(name, gradients[name]) for name in self.masks})
        counts = self.method.allocation(layers, self._scheduled())
        share = self.timetable.share(self._steps, self.method.drop)
        masks, read = {}, 0
        for name, layer in layers.items():
            live, count, layout = self.masks[name], counts[name], self.method.layout
            growth = self._growth(name, gradients[name]) if moves and count < layer.size else None
            if growth is None:
                masks[name] = shrink(layer, live, count, layout)
                continue
            swap = max(1, int(share * count))
            masks[name] = exchange(layer, live, growth, count=count, swap=swap, layout=layout)
            read += 0 if self.method.regrow is regrowth.random else layer.size
        return masks, read

    def _gradients(self) -> dict[str, Tensor | None]:
        """The gradients; a layer that the loss did not reach has a zero one if others have any."""
        if all(weight.grad is None for weight in self.weights.values()):
            return dict.fromkeys(self.weights)
        return {
            name: torch.zeros_like(weight) if weight.grad is None else weight.grad
            for name, weight in self.weights.items()
        }

    def _scores(self, name: str, gradient: Tensor | None) -> Tensor:
        weight = self.weights[name]
        check_finite(weight, f"weight {name!r}", DivergedError, _LOWER_RATE)
        scored = self.method.score(weight, gradient, self._generator)
        check_finite(scored, f"score of {name!r}", DivergedError, _LOWER_RATE)
        return scored

    def _growth(self, name: str, gradient: Tensor | None) -> Tensor | None:
        """The growth scores, or None where a layer has no gradient to grow by."""
        regrow = self.method.regrow
        if regrow is None or (
            gradient is not None
            and self.weights[name].grad is None
            and regrow is not regrowth.random
        ):
            return None
        growth = regrow(self.weights[name], gradient, self._generator)
        check_finite(growth, f"gradient of {name!r}", DivergedError, _LOWER_RATE)
        return growth


def _check_weights(weights: Mapping[str, nn.Parameter], optimizer: Optimizer) -> None:
    if not weights:
        remedy = "Give it Linear or Conv layers that are neither frozen nor excluded."
        raise InputError(must("model", "a model with prunable weights", "none", remedy))
    owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for name, weight in weights.items():
        check_finite(weight, f"weight {name!r}", InputError, "Load or initialise it again.")
        if id(weight) not in owned:
            remedy = "Build it from this model's parameters, or exclude the weight."
            raise InputError(must("optimizer", f"the owner of {name!r}", "another one", remedy))


def _check_state(
    state: Mapping[str, Any], run: Mapping[str, Any], masks: Mapping[str, Tensor]
) -> None:
    for key in ("run", "steps", "generator", "masks"):
        if key not in state:
            raise InputError(must("pruner state", f"one with {key!r}", sorted(state)))
    if state["run"] != run:
        raise InputError(must("pruner state", f"of the run {run}", state["run"]))
    for name in [*masks, *state["masks"]]:
        wanted, got = (_kind(found.get(name)) for found in (masks, state["masks"]))
        if wanted != got:
            raise InputError(must(f"mask of {name!r} in the pruner state", wanted, got))


def _kind(mask: Tensor | None) -> str:
    return "absent" if mask is None else f"{mask.dtype} of shape {tuple(mask.shape)}"


def _of_first_rank(masks: dict[str, Tensor]) -> dict[str, Tensor]:
    """The masks of rank 0, on all ranks."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return masks
    agreed = {}
    for name, mask in masks.items():
        sent = mask.to(torch.uint8)
        distributed.broadcast(sent, src=0)
        agreed[name] = sent.bool()
    return agreed
