"""Which dense layer becomes which sparse one.

To add a kind: a subclass of `SparseLayer` with a `refusal`, and a line in KINDS. Only modules of
exactly these classes are turned; a subclass may use its weight in ways unknown here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from tenth.sparsity.sparse.conv import SparseConv1d, SparseConv2d, conv_refusal
from tenth.sparsity.sparse.layer import SparseLayer
from tenth.sparsity.sparse.linear import SparseLinear, linear_refusal


@dataclass(frozen=True)
class Kind:
    """How one class of dense layers becomes sparse.

    build: from a dense module and its mask (True = kept) to the sparse layer.
    refusal: why a dense module of the class cannot be sparse; "" if it can.
    """

    build: Callable[[nn.Module, Tensor], SparseLayer]
    refusal: Callable[[nn.Module], str]


KINDS: Mapping[type[nn.Module], Kind] = {
    nn.Linear: Kind(SparseLinear, linear_refusal),
    nn.Conv1d: Kind(SparseConv1d, conv_refusal),
    nn.Conv2d: Kind(SparseConv2d, conv_refusal),
}
