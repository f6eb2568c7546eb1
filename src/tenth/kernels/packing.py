"""How weights lie in memory for the C kernels, and the plain way back.

Dense weights stand in panels, so that neighbouring outputs are neighbours in memory. Sparse ones
are compressed rows: for each output its kept values, and which inputs they meet.
"""

from dataclasses import dataclass

import numpy as np

from tenth.errors import UnsupportedError, must

LINEAR_PANEL = 16
CONV_PANEL = 4
TILE = 32
"""As in C: rows of a batch that share one pass over sparse weights."""


@dataclass(frozen=True)
class KeptRows:
    """The kept weights of output o: `values[starts[o]:starts[o + 1]]`, and their inputs."""

    values: np.ndarray
    indices: np.ndarray
    starts: np.ndarray


def kept_rows(weight: np.ndarray) -> KeptRows:
    """Compress a matrix of outputs by inputs: zeros are left out.

    Cost: 8 bytes a kept weight, 4 an output.

    Raises:
        UnsupportedError: it has more weights than 32 bits can number.
    """
    if weight.size >= 2**31:
        raise UnsupportedError(must("a layer", "below 2^31 weights", weight.size))
    rows, columns = np.nonzero(weight)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weight)))])
    return KeptRows(
        np.ascontiguousarray(weight[rows, columns], np.float32),
        columns.astype(np.int32),
        starts.astype(np.int32),
    )


def all_rows(weight: np.ndarray) -> KeptRows:
    """The same form with every weight kept, zeros too."""
    kept = kept_rows(np.ones_like(weight))
    return KeptRows(np.ascontiguousarray(weight, np.float32).ravel(), kept.indices, kept.starts)


def unpack_rows(kept: KeptRows, inputs: int) -> np.ndarray:
    """The matrix that `kept_rows` compressed."""
    weight = np.zeros((len(kept.starts) - 1, inputs), np.float32)
    rows = np.repeat(np.arange(len(weight)), np.diff(kept.starts))
    weight[rows, kept.indices] = kept.values
    return weight


def panels(weight: np.ndarray, width: int) -> np.ndarray:
    """A matrix [O, I] as panels [O / width, I, width]; the last one is filled up with zeros."""
    outputs, inputs = weight.shape
    count = -(-outputs // width)
    filled = np.zeros((count * width, inputs), np.float32)
    filled[:outputs] = weight
    return np.ascontiguousarray(filled.reshape(count, width, inputs).transpose(0, 2, 1))


def unpack_panels(packed: np.ndarray, outputs: int) -> np.ndarray:
    """The matrix that `panels` cut up."""
    return packed.transpose(0, 2, 1).reshape(-1, packed.shape[1])[:outputs]


def first_inputs(outputs: int, groups: int, inputs: int) -> np.ndarray:
    """For each output of a grouped convolution, the number of its first tap.

    `inputs` is how many taps (input channels times kernel positions) a group has.
    """
    return np.arange(outputs) // (outputs // groups) * inputs


def shift_rows(kept: KeptRows, firsts: np.ndarray) -> KeptRows:
    """The same rows with the inputs of output o counted from `firsts[o]` on."""
    shift = np.repeat(firsts, np.diff(kept.starts))
    return KeptRows(kept.values, (kept.indices + shift).astype(np.int32), kept.starts)
