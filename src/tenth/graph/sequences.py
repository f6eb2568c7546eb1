"""Attention and recurrent layers, in numpy."""

from collections.abc import Callable, Sequence

import numpy as np

_HIDDEN = -1e29
Step = Callable[[np.ndarray, Sequence[np.ndarray]], list[np.ndarray]]


def attention(
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    scale: float,
    causal: bool,
) -> np.ndarray:
    """`softmax(query key^T * scale + mask) value`; a causal row r meets the keys up to r.

    A score below -1e29 is hidden; a row that sees nothing gives zeros, as in torch.

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    scores = np.matmul(query, key.swapaxes(-1, -2)) * query.dtype.type(scale)
    scores = scores if mask is None else scores + mask
    if causal:
        visible = np.tril(np.ones(scores.shape[-2:], bool))
        scores = np.where(visible, scores, scores.dtype.type(-np.inf))
    top = scores.max(-1, keepdims=True)
    powers = np.exp(scores - top)
    weights = np.where(top <= _HIDDEN, 0, powers / powers.sum(-1, keepdims=True))
    return np.matmul(weights.astype(value.dtype), value)


def lstm(
    gates: np.ndarray, *read: np.ndarray, time: int, reverse: bool, states: bool
) -> np.ndarray:
    """`c = f c + i g` and `h = o tanh(c)`, where i, f, o are sigmoids and g is a tanh.

    What they are of is the gates plus h times the weight.

    Source: Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.
    """
    *start, weight = read
    start = start or [_zeros(gates, time, weight.shape[1])] * 2

    def step(gate: np.ndarray, state: Sequence[np.ndarray]) -> list[np.ndarray]:
        h, c = state
        i, f, g, o = np.split(gate + h @ weight.T, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        return [_sigmoid(o) * np.tanh(c), c]

    shown = 2 if states else 1
    return _over_time(step, gates, start, shown=shown, time=time, reverse=reverse)


def gru(gates: np.ndarray, *read: np.ndarray, time: int, reverse: bool) -> np.ndarray:
    """`h = n + z (h - n)`, where `n = tanh(gate + r (h weight + bias))`; r and z are sigmoids.

    Source: Cho et al. 2014, arXiv:1406.1078.
    """
    *start, weight, bias = read
    start = start or [_zeros(gates, time, len(bias))]

    def step(gate: np.ndarray, state: Sequence[np.ndarray]) -> list[np.ndarray]:
        (h,) = state
        r, z, n = np.split(gate, 3, axis=1)
        by_r, by_z, by_n = np.split(h @ weight.T, 3, axis=1)
        n = np.tanh(n + _sigmoid(r + by_r) * (by_n + bias))
        return [n + _sigmoid(z + by_z) * (h - n)]

    return _over_time(step, gates, start, shown=1, time=time, reverse=reverse)


def _over_time(
    step: Step,
    gates: np.ndarray,
    state: Sequence[np.ndarray],
    *,
    shown: int,
    time: int,
    reverse: bool,
) -> np.ndarray:
    """The first `shown` states after each step, side by side."""
    rows = gates.swapaxes(0, time)
    outputs = np.empty((*rows.shape[:2], shown * state[0].shape[1]), gates.dtype)
    for t in reversed(range(len(rows))) if reverse else range(len(rows)):
        state = step(rows[t], state)
        outputs[t] = np.concatenate(state[:shown], axis=1)
    return outputs.swapaxes(0, time)


def _zeros(gates: np.ndarray, time: int, width: int) -> np.ndarray:
    return np.zeros((gates.shape[1 - time], width), gates.dtype)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
