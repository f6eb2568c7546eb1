"""LSTM and GRU, as torch calls them: a layer and direction at a time.

torch.export would fix the length of a sequence, so while a model is exported its recurrent layers
are operations of this module, which leave it free.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.sized import is_always

# settings: layers, biases or not, both ways or one, batch first or time


@torch.library.custom_op("tenth::lstm", mutates_args=())
def _lstm(
    x: Tensor, h: Tensor, c: Tensor, weights: Sequence[Tensor], settings: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    layers, biases, both, first = settings
    flags = (False, bool(both), bool(first))
    return torch.lstm(x, (h, c), list(weights), bool(biases), layers, 0.0, *flags)


@_lstm.register_fake
def _(
    x: Tensor, h: Tensor, c: Tensor, weights: Sequence[Tensor], settings: Sequence[int]
) -> tuple[Tensor, ...]:
    return _outputs(x, h, settings), torch.empty_like(h), torch.empty_like(c)


@torch.library.custom_op("tenth::gru", mutates_args=())
def _gru(
    x: Tensor, h: Tensor, weights: Sequence[Tensor], settings: Sequence[int]
) -> tuple[Tensor, Tensor]:
    layers, biases, both, first = settings
    flags = (False, bool(both), bool(first))
    return torch.gru(x, h, list(weights), bool(biases), layers, 0.0, *flags)


@_gru.register_fake
def _(
    x: Tensor, h: Tensor, weights: Sequence[Tensor], settings: Sequence[int]
) -> tuple[Tensor, ...]:
    return _outputs(x, h, settings), torch.empty_like(h)


def _outputs(x: Tensor, h: Tensor, settings: Sequence[int]) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1], h.shape[2] * (1 + settings[2]))


@contextmanager
def free_lengths() -> Iterator[None]:
    """Recurrent layers do not fix the length of a sequence, as long as this is open."""
    functions: Any = torch._VF
    functions.lstm = _or_else(lambda x, hx, *rest: _lstm(x, *hx, *rest), torch.lstm, projected=True)
    functions.gru = _or_else(_gru, torch.gru, projected=False)
    try:
        yield
    finally:
        del functions.lstm, functions.gru


def _or_else(
    ours: Callable[..., Any], theirs: Callable[..., Any], *, projected: bool
) -> Callable[..., Any]:
    """Ours for whole batches in eval mode, else that of torch."""

    def call(x: Any, state: Any, *rest: Any) -> Any:
        plain = len(rest) == 7 and isinstance(rest[0], list | tuple) and not rest[4]
        if plain and projected:
            biases, layers, both_ways = rest[1], rest[2], rest[5]
            plain = len(rest[0]) == (4 if biases else 2) * layers * (2 if both_ways else 1)
        if not plain:
            return theirs(x, state, *rest)
        weights, biases, layers, _, _, both_ways, batch_first = rest
        settings = [int(value) for value in (layers, biases, both_ways, batch_first)]
        return ours(x, state, list(weights), settings)

    return call


def lstm(call: Call) -> tuple[Any, ...]:
    """Outputs of the last layer; the states h and c of each layer and direction at the end.

    Source: Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.
    """
    cells = 2 in call.used

    def layer(x: Any, weights: Sequence[Tensor], start: list[Any], reverse: bool) -> list[Ref]:
        gates = call.emit("linear", x, weights[0], sum(weights[2:]) if weights[2:] else None)
        time = call["settings"][3]
        y = call.emit("lstm", gates, *start, weights[1], time=time, reverse=reverse, states=cells)
        if not cells:
            return [y]
        width = weights[1].shape[1]
        return [_part(call, y, 2, 0, width), _part(call, y, 2, width, 0)]

    y, *ends = _layers(call, layer, [call["h"], call["c"]])
    return y, ends[0], ends[1] if cells else None


def gru(call: Call) -> tuple[Any, ...]:
    """Outputs of the last layer; the state of each layer and direction at the end.

    Source: Cho et al. 2014, arXiv:1406.1078.
    """

    def layer(x: Any, weights: Sequence[Tensor], start: list[Any], reverse: bool) -> list[Ref]:
        width = weights[1].shape[1]
        of_input, of_state = weights[2:] or [torch.zeros(3 * width)] * 2
        # the bias of the last gate is inside what r multiplies
        inner = torch.cat([of_state[: 2 * width], torch.zeros(width)])
        gates = call.emit("linear", x, weights[0], of_input + inner)
        bias = of_state[2 * width :].clone()
        time = call["settings"][3]
        return [call.emit("gru", gates, *start, weights[1], bias, time=time, reverse=reverse)]

    return tuple(_layers(call, layer, [call["h"]]))


def _layers(call: Call, layer: Callable[..., list[Ref]], states: list[Any]) -> list[Any]:
    """All layers: what the last one gives, and each state at the end, [layers, batch, width]."""
    layers, biases, both, time = call["settings"]
    x, ways = call["x"], 1 + both
    weights, number = call["weights"], 4 if biases else 2
    zeros = all(is_always(state, call.build, 0) for state in states)
    ends: list[list[Ref]] = []
    for i in range(layers):
        outputs = []
        for k in range(i * ways, (i + 1) * ways):
            start = [] if zeros else [_state(call, state, k) for state in states]
            reverse = k % ways == 1
            made = layer(x, weights[number * k : number * (k + 1)], start, reverse)
            outputs.append(made[0])
            last = (0, 1) if reverse else (-1, 0)
            ends.append([_end(call, _part(call, y, time, *last), time) for y in made])
        x = outputs[0] if ways == 1 else call.emit("concat", *outputs, axis=2)
    return [x, *(call.emit("concat", *column, axis=0) for column in zip(*ends, strict=True))]


def _part(call: Call, x: Ref, axis: int, start: int, stop: int) -> Ref:
    return call.emit("slice", x, axis=axis, start=start, stop=stop, step=1)


def _end(call: Call, x: Ref, time: int) -> Any:
    """[N, 1, H] or [1, N, H] to [1, N, H]."""
    shape = call.shape(x)
    return call.reshaped(x, [1, shape[1 - time], shape[2]])


def _state(call: Call, states: Any, k: int) -> Any:
    """[N, H], the k-th of [layers, N, H]."""
    if not isinstance(states, Ref):
        raise call.refuse("started from zeros or from inputs", "a learnt or computed constant")
    shape = call.shape(states)
    stop = 0 if k + 1 == shape[0] else k + 1
    return call.reshaped(_part(call, states, 0, k, stop), shape[1:])
