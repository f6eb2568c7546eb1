"""Turning a model sparse, and dense again, with what its optimizer remembers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tenth.errors import InputError, must
from tenth.sparsity.sparse.layer import SparseLayer
from tenth.sparsity.sparse.moments import owns, replace_parameter
from tenth.sparsity.sparse.sights import Sight, watch
from tenth.sparsity.sparse.table import KINDS
from tenth.sparsity.sparse.timing import GAIN, Times, times, too_small
from tenth.sparsity.weights import plain

Clock = Callable[[nn.Module, Tensor, Sight], Times]


@dataclass(frozen=True)
class Turned:
    """What became of one layer.

    Attributes:
        name: of its weight.
        density: fraction of the weight that is kept.
        times: seconds of either form, where they were taken.
        reason: why it stays dense; "" if it runs sparse.
    """

    name: str
    density: float
    times: Times | None
    reason: str

    @property
    def sparse(self) -> bool:
        """Whether it runs sparse."""
        return not self.reason


def convert(
    model: nn.Module,
    optimizer: Optimizer | None = None,
    *,
    example: tuple[Any, ...] | None = None,
    sights: Mapping[str, Sight] | None = None,
    masks: Mapping[str, Tensor] | None = None,
    clock: Clock = times,
) -> list[Turned]:
    """Put sparse layers where they are faster on this machine; what became of each layer.

    Layers that already run sparse stay as they are. Parameters change: an optimizer that is not
    given must be made anew.

    Args:
        optimizer: its moments move to the kept values. It need not own every layer.
        example: arguments of the model, run once to see what the layers meet.
        sights: the same as seen before, of `watch`; one of the two is wanted.
        masks: by weight name, True = kept; a weight that is not named keeps what is not zero.
        clock: what times a layer.

    Raises:
        InputError: neither an example nor sights.
        CompileError: the kernels cannot be built.

    Cost: linear in the weights, and the timing of layers not seen before.
    """
    if sights is None:
        if example is None:
            remedy = "Give example=(input,), as model(input) takes it."
            raise InputError(must("example or sights", "given", "neither", remedy))
        with watch(model) as sights, torch.enable_grad():
            plain(model)(*example)
    rows, masks = [], masks or {}
    shared = _shared(plain(model))
    for path, module in list(plain(model).named_modules()):
        if type(module) not in KINDS or not isinstance(module._parameters.get("weight"), Tensor):
            continue
        name = f"{path}.weight" if path else "weight"
        weight: Tensor = module.weight  # type: ignore[assignment]
        mask = masks[name] if name in masks else weight.detach() != 0
        density = float(mask.float().mean()) if mask.numel() else 1.0
        reason = _refusal(path, module, density, shared, sights.get(path))
        taken = None
        if not reason:
            taken = clock(module, mask, sights[path])
            reason = "" if taken.gain >= GAIN else f"sparse is {taken.gain:.2g} times as fast"
        if not reason:
            _replace(plain(model), path, module, mask, optimizer)
        rows.append(Turned(name, density, taken, reason))
    return rows


def densify(model: nn.Module, optimizer: Optimizer | None = None) -> list[str]:
    """Put the dense layers back, with their moments; the names of the weights that ran sparse.

    Cost: linear in the weights of those layers.
    """
    names = []
    for path, layer in list(sparse_layers(model).items()):
        dense = layer.restore()
        _put(plain(model), path, dense)
        if optimizer is not None:
            weight = dense.weight
            assert isinstance(weight, Tensor)
            replace_parameter(optimizer, layer.values, weight, layer.spread)
        names.append(f"{path}.weight")
    return names


def sparse_layers(model: nn.Module) -> dict[str, SparseLayer]:
    """The layers that run sparse, by name."""
    return {
        path: module
        for path, module in plain(model).named_modules()
        if isinstance(module, SparseLayer)
    }


def _refusal(
    path: str, module: nn.Module, density: float, shared: set[int], sight: Sight | None
) -> str:
    weight = module.weight
    assert isinstance(weight, Tensor)
    rules = (
        (not path, "the model is this layer alone"),
        (density == 1, "it has no zeros"),
        (id(weight) in shared, "its weight or the layer is used under several names"),
        (weight.dtype != torch.float32, f"its weights are {weight.dtype}"),
        (weight.device.type != "cpu", f"it is on {weight.device}"),
        (sight is None, "it met no input"),
        (sight is not None and sight.autocast, "autocast was on"),
        (sight is not None and too_small(weight, sight), "it is too small to gain"),
    )
    return next((words for holds, words in rules if holds), "") or KINDS[type(module)].refusal(
        module
    )


def _shared(model: nn.Module) -> set[int]:
    """Weights that several layers, or one layer in several places, use."""
    seen: dict[int, int] = {}
    for _, parameter in model.named_parameters(remove_duplicate=False):
        seen[id(parameter)] = seen.get(id(parameter), 0) + 1
    return {key for key, times_seen in seen.items() if times_seen > 1}


def _replace(
    model: nn.Module, path: str, dense: nn.Module, mask: Tensor, optimizer: Optimizer | None
) -> None:
    weight = dense.weight
    assert isinstance(weight, nn.Parameter)
    layer = KINDS[type(dense)].build(dense, mask)
    _put(model, path, layer)
    if optimizer is not None and owns(optimizer, weight):
        replace_parameter(optimizer, weight, layer.values, lambda m: m.flatten()[layer.kept])


def _put(model: nn.Module, path: str, module: nn.Module) -> None:
    above, _, name = path.rpartition(".")
    setattr(model.get_submodule(above), name, module)
