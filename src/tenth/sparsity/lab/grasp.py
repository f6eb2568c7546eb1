"""GraSP: keep what the flow of gradients through an untrained net would miss most."""

import torch
from torch import Tensor

from tenth.sparsity.lab.problem import Problem


def grasp(problem: Problem) -> dict[str, Tensor]:
    """Masks by how much the squared norm of the gradient would fall, were a weight removed.

        score = weight * (H g),   H g the gradient of |g|^2 / 2

    Raises:
        InputError: the gradients are not finite, or all 0.

    Cost: a forward pass, a backward pass, and a backward pass of both.
    Source: Wang et al. 2020, arXiv:2002.07376. Differs: no temperature of the logits, since the
    loss is the task's own; one batch of the task's size; each layer keeps its best weight.
    """
    gradients = problem.gradients(problem.loss(problem.model), again=True)
    flow = torch.stack([gradient.square().sum() for gradient in gradients.values()]).sum() / 2
    curved = problem.gradients(flow)
    scores = {name: w.detach() * curved[name] for name, w in problem.weights.items()}
    return problem.best(scores, problem.density)
