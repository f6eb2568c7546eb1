"""What a pruner refuses: weights it cannot own, and states of another run."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from tenth.errors import InputError, must
from tenth.sparsity.weights import check_finite, told_dense


def check_weights(
    model: nn.Module, weights: Mapping[str, nn.Parameter], optimizer: Optimizer
) -> None:
    """See that there are weights, that they are finite, and that the optimizer owns them.

    Raises:
        InputError: they are not.
    """
    if not weights:
        remedy = "Give it Linear or Conv layers that are neither frozen nor excluded."
        if left := told_dense(model, ()):
            remedy = f"{remedy} {left}"
        raise InputError(must("model", "a model with prunable weights", "none", remedy))
    owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for name, weight in weights.items():
        check_finite(weight, f"weight {name!r}", InputError, "Load or initialise it again.")
        if id(weight) not in owned:
            remedy = "Build it from this model's parameters, or exclude the weight."
            raise InputError(must("optimizer", f"the owner of {name!r}", "another one", remedy))


def check_masks(found: Mapping[str, Tensor], masks: Mapping[str, Tensor], where: str) -> None:
    """See that `found` are masks of the same weights as `masks`.

    Raises:
        InputError: they are not.
    """
    for name in [*masks, *found]:
        wanted, got = (_kind(each.get(name)) for each in (masks, found))
        if wanted != got:
            raise InputError(must(f"mask of {name!r} in {where}", wanted, got))


def check_state(
    state: Mapping[str, Any], run: Mapping[str, Any], masks: Mapping[str, Tensor]
) -> None:
    """See that a saved state is of this run and this model.

    Raises:
        InputError: it is not.
    """
    for key in ("run", "steps", "generator", "masks", "lived"):
        if key not in state:
            raise InputError(must("pruner state", f"one with {key!r}", sorted(state)))
    if state["run"] != run:
        raise InputError(must("pruner state", f"of the run {run}", state["run"]))
    for key in ("masks", "lived"):
        check_masks(state[key], masks, "the pruner state")


def _kind(mask: Tensor | None) -> str:
    return "absent" if mask is None else f"{mask.dtype} of shape {tuple(mask.shape)}"
