"""SynFlow: keep the paths through an untrained net, without a look at any data."""

import copy
from typing import Any

import torch
from torch import Tensor

from tenth.errors import InputError, must
from tenth.sparsity.lab.problem import Problem

ROUNDS = 100


def synflow(problem: Problem) -> dict[str, Tensor]:
    """Masks by what a weight carries of the flow through the net of absolute weights.

        score = |weight * dR / dweight|,   R = sum of the outputs for inputs of 1

    by rounds: in round k of 100 the density is density^(k / 100), and scores are taken anew. In
    float64, since R is a product over layers; in evaluation mode, so that norms do not undo it.

    Raises:
        InputError: the model gives no tensor of numbers, or its scores overflow or are all 0.

    Cost: 100 forward and backward passes of the task's example.
    Source: Tanaka et al. 2020, arXiv:2006.05467. Differs: each layer keeps its best weight.
    """
    model = copy.deepcopy(problem.model).double().eval()
    twin = Problem(model, problem.loss, problem.example, problem.density)
    ones = tuple(_ones(given) for given in problem.example)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    masks = {n: torch.ones_like(w, dtype=torch.bool) for n, w in twin.weights.items()}
    for number in range(1, ROUNDS + 1):
        gradients = twin.gradients(_numbers(model(*ones)).sum())
        scores = {name: (w.detach() * gradients[name]).abs() for name, w in twin.weights.items()}
        masks = twin.best(scores, problem.density ** (number / ROUNDS), masks)
        with torch.no_grad():
            for name, weight in twin.weights.items():
                weight.mul_(masks[name])
    return masks


def _ones(given: Any) -> Any:
    if isinstance(given, Tensor) and given.is_floating_point():
        return torch.ones_like(given[:1], dtype=torch.float64)
    return given[:1] if isinstance(given, Tensor) and given.dim() else given


def _numbers(output: Any) -> Tensor:
    """The first tensor of floating numbers in what a model gives."""
    parts = output.values() if isinstance(output, dict) else output
    for part in (output,) if isinstance(output, Tensor) else parts:
        if isinstance(part, Tensor) and part.is_floating_point():
            return part
    got = type(output).__name__
    raise InputError(must("output of the model", "a tensor of floating numbers", got))
