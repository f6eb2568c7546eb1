"""Whole channels: which outputs of a layer may go, and which inputs of later layers go with them.

What belongs together is found by trying: on a copy of the model every channel is set to 1, or to 0
where it is removed, and one pass shows which inputs of which layers are then 0. An input that a
residual sum still feeds is not, and stays.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from tenth.errors import InputError, must
from tenth.layouts import kept_count
from tenth.sparsity.weights import plain, prunable

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_Fill = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True)
class Channels:
    """The channels that one layer makes: they go one by one, and never all.

    layer: path of the Linear or Conv layer whose outputs they are.
    norm: path of the BatchNorm behind it; "": there is none.
    """

    layer: str
    norm: str = ""

    @property
    def shown(self) -> str:
        """Path of the module that gives the channels to the rest of the net."""
        return self.norm or self.layer


Kept = Mapping[str, Tensor]


def find(model: nn.Module, example: tuple[Any, ...]) -> tuple[Channels, ...]:
    """The channels of a model that may be removed.

    They are the outputs of layers that feed a BatchNorm directly; in a model without BatchNorm, of
    all layers. Left out are those that come out of the model, and layers that run more than once.

    Raises:
        InputError: there are none.

    Cost: one pass of the example for each layer, on a copy of the model.
    """
    trial = copy.deepcopy(plain(model)).eval()
    found = tuple(each for each in _candidates(trial, example) if _inside(trial, example, each))
    if not found:
        rule = "one with layers whose channels can be removed"
        remedy = "Take a route that removes single weights, such as granet."
        raise InputError(must("model", rule, "none", remedy))
    return found


def scores(model: nn.Module, channels: tuple[Channels, ...]) -> dict[str, Tensor]:
    """How much each channel matters, by layer: higher = keep.

        with BatchNorm      |scale of the channel|
        without             mean |weight| of the channel, relative to its layer

    Cost: one pass over the scales, or the weights.
    Source: Liu et al. 2017, arXiv:1708.06519; without BatchNorm Li et al. 2017, arXiv:1608.08710.
    Differs: relative to the layer, so that layers can be compared.
    """
    net, found = plain(model), {}
    for each in channels:
        if each.norm:
            found[each.layer] = net.get_parameter(f"{each.norm}.weight").detach().abs()
        else:
            sizes = net.get_parameter(f"{each.layer}.weight").detach().abs().flatten(1).mean(1)
            found[each.layer] = sizes / sizes.mean().clamp(min=torch.finfo(sizes.dtype).tiny)
    return found


def best(scored: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """The `count` channels with the highest scores of the whole net; the best of each layer stays.

    Ties go to the channel that comes first.
    """
    ranked = [values.clone() for values in scored.values()]
    for values in ranked:
        values[values.argmax()] = torch.inf
    flat = torch.cat(ranked)
    chosen = torch.zeros_like(flat, dtype=torch.bool)
    chosen[flat.argsort(descending=True, stable=True)[:count]] = True
    parts = chosen.split([len(values) for values in ranked])
    return dict(zip(scored, parts, strict=True))


def most(
    model: nn.Module, example: tuple[Any, ...], channels: tuple[Channels, ...], density: float
) -> int:
    """How many channels, best first, the density has room for.

    Raises:
        InputError: one channel a layer is too many already.

    Cost: two passes of the example for each halving of the number of channels.
    """
    scored = scores(model, channels)
    total = sum(weight.numel() for weight in prunable(model).values())
    budget = kept_count(total, density)

    def weights(count: int) -> int:
        found = masks(model, example, channels, best(scored, count))
        return sum(int(mask.sum()) for mask in found.values())

    low, high = len(scored), sum(len(values) for values in scored.values())
    if (least := weights(low)) > budget:
        remedy = "Whole channels leave no less; other routes remove single weights."
        rule = f"at least {least / total:.3g} for whole channels of this model"
        raise InputError(must("density", rule, density, remedy))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if weights(middle) <= budget else (low, middle - 1)
    return low


@torch.no_grad()
def masks(
    model: nn.Module, example: tuple[Any, ...], channels: tuple[Channels, ...], kept: Kept
) -> dict[str, Tensor]:
    """The masks of the weights: without the removed outputs, and the inputs that only they feed.

    kept: by layer, True for each channel that stays.
    """
    trial = copy.deepcopy(plain(model)).eval()
    everything = {layer: torch.ones_like(values) for layer, values in kept.items()}
    with_all = _fed(trial, example, channels, everything)
    with_kept = _fed(trial, example, channels, kept)
    found = {}
    for name, weight in prunable(trial).items():
        path = name.removesuffix(".weight")
        mask = torch.ones_like(weight, dtype=torch.bool)
        if path in kept:
            mask[~kept[path]] = False
        if path in with_all and mask.shape[1] == len(with_all[path]):
            mask[:, with_all[path] & ~with_kept[path]] = False
        found[name] = mask
    return found


def _layers(model: nn.Module) -> dict[str, nn.Module]:
    return {
        path: model.get_submodule(path)
        for path in (name.removesuffix(".weight") for name in prunable(model))
    }


@torch.no_grad()
def _candidates(model: nn.Module, example: tuple[Any, ...]) -> list[Channels]:
    layers = _layers(model)
    norms = {path: m for path, m in model.named_modules() if isinstance(m, _NORMS) and m.affine}
    outputs: dict[str, list[Tensor]] = {path: [] for path in layers}
    inputs: dict[str, list[Tensor]] = {path: [] for path in norms}

    with _hooks() as hooks:
        for path, layer in layers.items():
            hooks.append(layer.register_forward_hook(_keeping(outputs[path])))
        for path, norm in norms.items():
            hooks.append(norm.register_forward_pre_hook(_keeping(inputs[path])))
        model(*example)
    single = [path for path, made in outputs.items() if len(made) == 1]
    if not norms:
        return [Channels(path) for path in single]
    return [
        Channels(path, norm)
        for path in single
        for norm, given in inputs.items()
        if len(given) == 1 and given[0] is outputs[path][0]
    ]


def _keeping(found: list[Tensor]) -> Callable[..., None]:
    """A hook that keeps the last thing it is given: the output, or the first of the inputs."""

    def keep(_: nn.Module, *given: Any) -> None:
        found.append(given[-1][0] if len(given) == 1 else given[-1])

    return keep


@torch.no_grad()
def _inside(model: nn.Module, example: tuple[Any, ...], channels: Channels) -> bool:
    """Whether all that the channels feed passes another layer before it comes out."""
    fills: dict[str, _Fill] = dict.fromkeys(_layers(model), lambda out, _: torch.ones_like(out))
    fills.pop(channels.layer)
    fills[channels.shown] = lambda out, _: torch.full_like(out, torch.nan)
    with _hooks() as hooks:
        for path, fill in fills.items():
            hooks.append(_filling(model.get_submodule(path), fill))
        output = model(*example)
    return not any(bool(part.isnan().any()) for part in _tensors(output))


def _fed(
    model: nn.Module, example: tuple[Any, ...], channels: tuple[Channels, ...], kept: Kept
) -> dict[str, Tensor]:
    """For each layer, which of its inputs are other than 0 when kept channels are 1, others 0."""
    fed: dict[str, Tensor] = {}

    def noting(path: str, layer: nn.Module) -> Callable[..., None]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            axis = _axis(layer) % inputs[0].dim()
            others = [at for at in range(inputs[0].dim()) if at != axis]
            now = inputs[0].abs().amax(others) > 0
            fed[path] = fed[path] | now if path in fed else now

        return note

    with _hooks() as hooks:
        for path, layer in _layers(model).items():
            hooks.append(layer.register_forward_pre_hook(noting(path, layer)))
        for each in channels:
            values = kept[each.layer]
            fill = _by_channel(values)
            hooks.append(_filling(model.get_submodule(each.shown), fill))
        model(*example)
    return fed


def _by_channel(values: Tensor) -> _Fill:
    def fill(output: Tensor, axis: int) -> Tensor:
        shape = [1] * output.dim()
        shape[axis] = len(values)
        return values.to(output).reshape(shape).expand_as(output)

    return fill


def _filling(module: nn.Module, fill: _Fill) -> RemovableHandle:
    def replace(_: nn.Module, __: Any, output: Tensor) -> Tensor:
        return fill(output, _axis(module))

    return module.register_forward_hook(replace)


def _axis(module: nn.Module) -> int:
    """Where a module's outputs and inputs have their channels."""
    return -1 if isinstance(module, nn.Linear) else 1


@contextmanager
def _hooks() -> Iterator[list[RemovableHandle]]:
    hooks: list[RemovableHandle] = []
    try:
        yield hooks
    finally:
        for hook in hooks:
            hook.remove()


def _tensors(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    parts = output.values() if isinstance(output, Mapping) else output
    if not isinstance(output, Mapping | list | tuple):
        return []
    return [tensor for part in parts for tensor in _tensors(part)]
