"""From scores to masks (True = kept), in the pattern of a layout.

A layout cuts a weight into *units* that live and die together: single weights, or blocks. A unit's
score is the mean over its weights. Ties go to the unit that comes first, so equal scores give equal
masks on every machine.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenth.errors import InputError, must
from tenth.layouts import Block, Layout, Unstructured, as_matrix_shape


def check_layout(layout: Layout) -> None:
    """See that masks can be made in this layout.

    Raises:
        InputError: they cannot.
    """
    if not isinstance(layout, Unstructured | Block):
        raise InputError(
            must(
                "layout", "Unstructured() or Block(r, c)", layout, "Others are not supported here."
            )
        )


def unit_means(values: Tensor, layout: Layout) -> Tensor:
    """The mean of `values` over each unit, row by row, flat."""
    if not isinstance(layout, Block):
        return values.flatten()
    rows, columns = as_matrix_shape(values.shape)
    down, across = -rows % layout.rows, -columns % layout.columns
    padded = functional.pad(values.reshape(rows, columns), (0, across, 0, down))
    grid = padded.unflatten(0, (-1, layout.rows)).unflatten(2, (-1, layout.columns))
    sizes = unit_sizes(values.shape, layout)
    return grid.sum(dim=(1, 3)).flatten() / sizes.to(values.device)


def unit_sizes(shape: torch.Size, layout: Layout) -> Tensor:
    """How many weights each unit holds; a block cut off at an edge holds fewer."""
    rows, columns = as_matrix_shape(shape)
    if not isinstance(layout, Block):
        return torch.ones((), dtype=torch.int64).expand(rows * columns)
    heights = _cut(rows, layout.rows)
    widths = _cut(columns, layout.columns)
    return torch.outer(heights, widths).flatten()


def _cut(length: int, step: int) -> Tensor:
    starts = torch.arange(0, length, step)
    return (length - starts).clamp(max=step)


def spread(chosen: Tensor, shape: torch.Size, layout: Layout) -> Tensor:
    """The mask of a weight of this shape whose units are `chosen`."""
    if not isinstance(layout, Block):
        return chosen.reshape(shape)
    rows, columns = as_matrix_shape(shape)
    grid = chosen.reshape(-(-rows // layout.rows), -(-columns // layout.columns))
    full = grid.repeat_interleave(layout.rows, 0).repeat_interleave(layout.columns, 1)
    return full[:rows, :columns].reshape(shape)


def best(scores: Tensor, sizes: Tensor, budget: int) -> Tensor:
    """The units with the highest scores that together hold at most `budget` weights.

    Best first, and none is passed over for a smaller one behind it: the first unit that does not
    fit ends the choice.

    Cost: linear in the weights where units are single weights; else one sort of the units.
    """
    if bool((sizes == 1).all()):
        return _highest(scores, budget)
    order = scores.argsort(descending=True, stable=True)
    fits = sizes.to(scores.device)[order].cumsum(0) <= budget
    return torch.zeros_like(fits).scatter(0, order, fits)


def _highest(scores: Tensor, count: int) -> Tensor:
    size = scores.numel()
    if count <= 0 or count >= size:
        return torch.full((size,), count >= size > 0, device=scores.device)
    threshold = scores.kthvalue(size - count + 1).values
    above, level = scores > threshold, scores == threshold
    return above | (level & (level.cumsum(0) <= count - above.sum()))


def choose(scores: Tensor, count: int, layout: Layout) -> Tensor:
    """The mask that keeps the units with the highest scores, at most `count` weights in all.

    Exactly `count` weights where units are single weights.
    """
    check_layout(layout)
    chosen = best(unit_means(scores, layout), unit_sizes(scores.shape, layout), count)
    return spread(chosen, scores.shape, layout)


@torch.no_grad()
def apply_masks_(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set the removed weights of `model` to exactly 0: for a copy, such as a running average.

    Raises:
        InputError: a mask names no weight of the model, or has another shape.
    """
    for name, weight in _matched(model, masks).items():
        weight.masked_fill_(~masks[name].to(weight.device), 0.0)


@torch.no_grad()
def rescale_init_(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Enlarge fresh weights so that each neuron's output varies as much as it did when dense.

    A neuron that keeps k of its n inputs has them multiplied by sqrt(n / k). Call it once, on a
    freshly initialised model, with the masks it starts with; never on a trained one.

    Raises:
        InputError: a mask names no weight of the model, or has another shape.

    Source: Evci et al. 2022 (sparse fan-in), arXiv:2010.03533.
    """
    for name, weight in _matched(model, masks).items():
        mask = masks[name].to(weight.device).flatten(1)
        live = mask.sum(dim=1).clamp(min=1)
        scale = (mask.shape[1] / live).sqrt().to(weight.dtype)
        weight.mul_(scale.reshape(-1, *[1] * (weight.dim() - 1)))
        weight.masked_fill_(~mask.reshape(weight.shape), 0.0)


def _matched(model: nn.Module, masks: Mapping[str, Tensor]) -> dict[str, nn.Parameter]:
    weights = dict(model.named_parameters(remove_duplicate=False))
    for name, mask in masks.items():
        got = tuple(weights[name].shape) if name in weights else "no such weight"
        if got != tuple(mask.shape):
            raise InputError(must(f"weight {name!r}", f"of shape {tuple(mask.shape)}", got))
    return {name: weights[name] for name in masks}
