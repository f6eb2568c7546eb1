"""Layers whose zeros cost nothing: only kept weights are parameters, and only they are multiplied.

layer       what every sparse layer is: kept values in place of a dense module
linear      SparseLinear
conv        SparseConv1d, SparseConv2d
table       which dense layer becomes which sparse one
convert     a model turned sparse where that is faster, and dense again
timing      what is faster on this machine
sights      what the layers of a model meet
moments     what an optimizer remembers, moved along
"""

from tenth.sparsity.sparse.conv import SparseConv1d, SparseConv2d
from tenth.sparsity.sparse.convert import Turned, convert, densify, sparse_layers
from tenth.sparsity.sparse.layer import SparseLayer, is_parked
from tenth.sparsity.sparse.linear import SparseLinear
from tenth.sparsity.sparse.sights import Sight, watch
from tenth.sparsity.sparse.timing import Times
from tenth.sparsity.sparse.views import named_weights, write_weights

__all__ = [
    "Sight",
    "SparseConv1d",
    "SparseConv2d",
    "SparseLayer",
    "SparseLinear",
    "Times",
    "Turned",
    "convert",
    "densify",
    "is_parked",
    "named_weights",
    "sparse_layers",
    "watch",
    "write_weights",
]
