"""Whether a pruner is used as it must be: alone on its weights, and behind the optimizer."""

import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

from tenth.errors import InputError, must

_HOLDS: Any = WeakIdKeyDictionary()  # of each weight a weak reference to its last `Use`


class Use:
    """How one pruner is used.

    Of two pruners that share a weight the one made last has it, so that a call made again may make
    its pruner anew; the other one can no longer be used.
    """

    def __init__(self, weights: Iterable[nn.Parameter], optimizer: Optimizer) -> None:
        self._weights = list(weights)
        self._taken = False
        self._seen: tuple[weakref.ref[Tensor], int] | None = None
        alive = weakref.ref(self)  # weights and optimizer may outlive the pruner
        for weight in self._weights:
            before = _HOLDS.get(weight, lambda: None)()
            if before is not None:
                before._taken = True
            _HOLDS[weight] = alive

        def stepped(*_: Any) -> None:
            use = alive()
            if use is not None:
                use._stepped()

        with suppress(AttributeError):  # a wrapper that is no whole optimizer tells nothing
            optimizer.register_step_post_hook(stepped)

    def check_alone(self) -> None:
        """See that no other pruner has taken a weight.

        Raises:
            InputError: one has.
        """
        if self._taken:
            remedy = "Use the newer one alone."
            raise InputError(must("pruner", "the only one of its weights", "two", remedy))

    def pruned(self) -> None:
        """The pruner made its step: the gradients of now have been used up."""
        gradient = self._gradient()
        self._seen = None if gradient is None else (weakref.ref(gradient), gradient._version)

    def _stepped(self) -> None:
        """The optimizer made a step: not by the gradients that the pruner has looked at before.

        Raises:
            InputError: by those.
        """
        gradient = self._gradient()
        if self._seen is None or gradient is None or self._taken:
            return
        known, version = self._seen
        if known() is gradient and version == gradient._version:
            rule, got = "called after optimizer.step()", "a call before it"
            raise InputError(must("pruner.step()", rule, got, "Change the order of the two lines."))

    def _gradient(self) -> Tensor | None:
        return next((w.grad for w in self._weights if w.grad is not None), None)
