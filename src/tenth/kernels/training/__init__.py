"""C kernels that train: the products of a sparse layer, forwards and backwards.

    build       makes one library of all C files in c/, keeps it in the user's cache, and loads it
    patterns    where the kept entries of a matrix stand
    linear      a sparse matrix by a batch

No torch here: the functions take addresses, as of `tensor.data_ptr()`.
"""

from tenth.kernels.training.build import library

__all__ = ["library"]
