"""Masks chosen at initialisation: kept as controls, because random masks do as well.

    snip, grasp     one batch, one look at its gradients
    synflow         no data, a hundred looks
    shuffle         any masks, permuted within each layer

Frankle et al. 2021, arXiv:2009.08576, found that what these methods choose within a layer does not
matter: shuffled, the masks are as good. What matters is how much of each layer they keep. Take a
route whose masks move instead.
"""

from tenth.sparsity.lab.grasp import grasp
from tenth.sparsity.lab.problem import Problem, Scorer
from tenth.sparsity.lab.shuffle import shuffle
from tenth.sparsity.lab.snip import snip
from tenth.sparsity.lab.synflow import synflow

__all__ = ["Problem", "Scorer", "grasp", "shuffle", "snip", "synflow"]
