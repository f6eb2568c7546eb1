"""Running sparse between two looks at the masks, and dense for the step before a look.

A pruner looks at dense weights and gradients, so the model is dense for a step after which the
masks may change, and is turned sparse again behind it, where that is faster. What comes out is what
masked training gives, to rounding. Several processes, whose timings might not agree, stay dense.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from tenth.errors import CompileError
from tenth.fit import ranks
from tenth.sparsity import Pruner
from tenth.sparsity.sparse import Sight, Times, convert, densify, sparse_layers, watch

_AT_ONCE = Times(dense=2.0, sparse=1.0)


class Sparse:
    """Which layers of a run are sparse at the moment.

    weights: names of the weights that are sparse now.
    ran: names of all weights that ran sparse for a step or more.
    """

    def __init__(
        self, model: nn.Module, optimizer: Optimizer, pruner: Pruner | None, mode: str
    ) -> None:
        self._model, self._optimizer = model, optimizer
        self._pruner = pruner if mode == "auto" and ranks.count() == 1 else None
        self._sights: dict[str, Sight] = {}
        self._tried: dict[str, Tensor] | None = None  # the masks of the last attempt
        self.refused = ""
        self.weights: frozenset[str] = frozenset()
        self.ran: set[str] = set()

    def watching(self) -> AbstractContextManager[Any]:
        """The block is a step: the first one tells what the layers meet."""
        if self._pruner is None or self._sights:
            return nullcontext()
        return _Watching(self._model, self._sights)

    def settle(self, *, last: bool) -> None:
        """Take the form that the next step wants; behind the last one that is dense."""
        if self._pruner is None:
            return
        if last or self._pruner.looks_next():
            self.densify()
        elif self._tried is not self._pruner.masks:
            self._tried = self._pruner.masks
            self._convert()

    def densify(self) -> list[str]:
        """Be dense; the names of the weights that were not."""
        self._tried, self.weights = None, frozenset()
        return densify(self._model, self._optimizer)

    def restore(self, names: list[str]) -> None:
        """Make these weights sparse again, as they were, without timing them."""
        if self._pruner is None or not names:
            return
        self._tried = self._pruner.masks
        paths = [name.removesuffix(".weight") for name in names]
        convert(
            self._model,
            self._optimizer,
            sights={path: self._sights[path] for path in paths},
            masks=self._pruner.masks,
            clock=lambda *_: _AT_ONCE,
        )
        self.weights = frozenset(names)

    def state_dict(self) -> dict[str, Any]:
        """What the layers met, as numbers."""
        return {
            "sights": {
                path: [list(sight.shape), sight.gradient, sight.autocast]
                for path, sight in self._sights.items()
            },
            "ran": sorted(self.ran),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Know what another sitting has seen."""
        self._sights = {
            path: Sight(tuple(shape), gradient, autocast)
            for path, (shape, gradient, autocast) in state["sights"].items()
        }
        self.ran = set(state["ran"])

    def _convert(self) -> None:
        assert self._pruner is not None
        try:
            convert(self._model, self._optimizer, sights=self._sights, masks=self._pruner.masks)
        except CompileError as error:
            self.refused, self._pruner = str(error), None
        self.weights = frozenset(f"{path}.weight" for path in sparse_layers(self._model))
        self.ran |= self.weights


class _Watching:
    """Keeps what `watch` saw."""

    def __init__(self, model: nn.Module, kept: dict[str, Sight]) -> None:
        self._watch, self._kept = watch(model), kept

    def __enter__(self) -> None:
        self._seen = self._watch.__enter__()

    def __exit__(self, *failure: Any) -> None:
        self._watch.__exit__(*failure)
        self._kept.update(self._seen)
