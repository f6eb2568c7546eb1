"""SNIP: keep what the loss of an untrained net would miss most."""

from torch import Tensor

from tenth.sparsity.lab.problem import Problem


def snip(problem: Problem) -> dict[str, Tensor]:
    """Masks by how much the loss would change, to first order, were a weight removed.

        score = |weight * gradient|

    Raises:
        InputError: the gradients are not finite, or all 0.

    Cost: one forward and backward pass of a batch.
    Source: Lee et al. 2019, arXiv:1810.02340. Differs: each layer keeps its best weight; batches
    of the task's own size.
    """
    gradients = problem.gradients(problem.loss(problem.model))
    scores = {name: (w.detach() * gradients[name]).abs() for name, w in problem.weights.items()}
    return problem.best(scores, problem.density)
