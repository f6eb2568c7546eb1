"""What each step of a run costs in FLOPs, growth gradients and looks at the score included."""

import sys
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from tenth.receipt import Meter
from tenth.receipt.torch_probe import StepCost, StepCounter

# a step's cost takes densities above 0 only; a layer may lose all its weights, and 1 - this is 1
_ALMOST_NONE = sys.float_info.min


class Bill:
    """Counts one step of each shape of batch, and charges every step at its own density.

    Work waits here until `pay` hands it to the meter.
    """

    def __init__(self, model: nn.Module, meter: Meter) -> None:
        self._model = model
        self._meter = meter
        self._costs: dict[Hashable, StepCost] = {}
        self._densities: dict[str, float] = {}
        self._sparse: frozenset[str] = frozenset()
        self._waiting: dict[Hashable, int] = {}

    @contextmanager
    def count(self, kind: Hashable) -> Iterator[None]:
        """The block is one step of this kind: count it if it is the first of its kind."""
        if kind in self._costs:
            yield
            return
        with StepCounter(self._model) as counter:
            yield
        self._costs[kind] = counter.cost
        if counter.cost.uncounted:
            self._meter.note("uncounted operations", ", ".join(counter.cost.uncounted))

    def charge(self, kind: Hashable, growth_weights: int = 0) -> None:
        """One step of this kind was made, at the densities of now."""
        if growth_weights:
            cost = self._costs[kind]
            self._meter.add_work(cost.work(self._known(cost), growth_weights, self._sparse))
        else:
            self._waiting[kind] = self._waiting.get(kind, 0) + 1

    def set_densities(self, densities: Mapping[str, float]) -> None:
        """From the next step on, each weight is kept to this share."""
        self.pay()
        self._densities = dict(densities)

    def set_sparse(self, weights: frozenset[str]) -> None:
        """From the next step on, these weights run sparse: their zeros are not computed."""
        if weights != self._sparse:
            self.pay()
            self._sparse = weights

    def pay(self) -> None:
        """Hand all work so far to the meter."""
        for kind, times in self._waiting.items():
            cost = self._costs[kind]
            self._meter.add_work(cost.work(self._known(cost), sparse=self._sparse) * times)
        self._waiting.clear()

    def _known(self, cost: StepCost) -> dict[str, float]:
        known = [name for name in cost.layers if name in self._densities]
        return {name: max(self._densities[name], _ALMOST_NONE) for name in known}


def shape_of(batch: Any) -> Hashable:
    """What decides a step's cost: the shapes of the tensors in a batch."""
    if isinstance(batch, Tensor):
        return tuple(batch.shape)
    if isinstance(batch, Mapping):
        return tuple(shape_of(part) for part in batch.values())
    if isinstance(batch, list | tuple):
        return tuple(shape_of(part) for part in batch)
    return None
