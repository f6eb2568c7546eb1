"""MNIST-1D, as in `mnist_1d.py`, learned by a convolutional net of 5,000 weights.

tenth train examples/mnist_1d_conv.py --route granet --density 0.1
"""

from mnist_1d import conv as task

__all__ = ["task"]
