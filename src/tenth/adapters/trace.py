"""One training step of a task, traced without memory: torch works on tensors that have only shapes.

The tensors claim to be a processor's, so torch takes the very operations that it takes there, and
each tensor lives as long as it does in training. What is alive at once is the peak.
"""

import math
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.flop_counter import flop_registry

from tenth.errors import UnsupportedError
from tenth.plan import TracedStep
from tenth.task import Task

_aten = torch.ops.aten

# what an LSTM of oneDNN keeps beside its outputs, in numbers of a position: eight of the hidden
# width and seven of the wider of input and hidden, and 3 % of padding, as torch 2.13 shows it
_LSTM_HIDDEN, _LSTM_WIDEST, _LSTM_PADDING = 8, 7, 1.03
_PRODUCTS = ("mm", "mv", "dot", "conv", "linear", "attention", "rnn", "lstm", "gru", "einsum")


def traced_step(task: Task) -> TracedStep:
    """Trace a forward pass, a backward pass and an update of a task, the second of two.

    No weight is ever held: a model of 70 billion parameters takes less than 2 GB.

    Raises:
        UnsupportedError: the model reads numbers that a shape does not have (`.item()`, `.numpy()`,
            a branch on a value).
        TaskError: a part of the task is missing or wrong.
    """
    batch = task.first_batch()
    examples = task.examples_per_step()
    state = 0
    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as shapes, _mended(), _Watch() as watch:
            model = task.model()
            model.train()
            watch.own(model)
            batch = tree_map(lambda x: _shadow(shapes, x), batch)
            optimizer = task.optimizer([p for p in model.parameters() if p.requires_grad])
            for _ in range(2):
                watch.begin()
                _step(task, model, optimizer, batch, watch)
                state = watch.live
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnsupportedError(f"the task cannot be traced by shapes alone: {reason}") from error
    parameters = list(model.parameters())
    return TracedStep(
        examples,
        parameters=sum(p.numel() for p in parameters),
        trained=sum(p.numel() for p in parameters if p.requires_grad),
        multiplied=sum(watch.multiplied.values()),
        flops=watch.flops,
        weight_share=watch.weighed / watch.forward if watch.forward else 0.0,
        peak_bytes=watch.peak,
        state_bytes=state,
        written_bytes=watch.written,
        operations=watch.operations,
        uncounted=tuple(sorted(watch.uncounted)),
    )


@contextmanager
def _mended() -> Iterator[None]:
    """Two things that torch cannot do with tensors of shapes alone: copy them deeply, convert them.

    Its deep copy loses whose bytes they are; its `.to(dtype)` refuses tensors that are referred to
    weakly, as these always are.
    """

    def copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            plain = self.detach().clone()
            owed = self.requires_grad
            is_parameter = isinstance(self, nn.Parameter)
            memo[id(self)] = nn.Parameter(plain, owed) if is_parameter else plain
        return memo[id(self)]

    def swap(one: Any, other: Any) -> None:
        one.__class__, other.__class__ = other.__class__, one.__class__
        one.__dict__, other.__dict__ = other.__dict__, one.__dict__
        torch._C._swap_tensor_impl(one, other)

    FakeTensor.__deepcopy__ = copy
    try:
        with mock.patch.object(torch.utils, "swap_tensors", swap):
            yield
    finally:
        del FakeTensor.__deepcopy__


def _shadow(shapes: FakeTensorMode, value: Any) -> Any:
    return shapes.from_tensor(value) if isinstance(value, Tensor) else value


def _step(
    task: Task, model: nn.Module, optimizer: torch.optim.Optimizer, batch: Any, watch: "_Watch"
) -> None:
    optimizer.zero_grad()
    watch.passing = True
    loss = task.loss(model, batch)
    watch.passing = False
    loss.backward()
    del loss
    optimizer.step()


class _Watch(TorchDispatchMode):
    """Counts what passes: bytes alive, FLOPs, operations."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.passing = False
        self.uncounted: set[str] = set()
        self._alive: dict[int, int] = {}
        self._weights: dict[int, int] = {}
        self.multiplied: dict[int, int] = {}
        self.begin()

    def begin(self) -> None:
        """Start a step: counts begin anew, bytes alive stay."""
        self.flops = self.forward = self.weighed = 0.0
        self.written = self.operations = 0

    def own(self, model: nn.Module) -> None:
        """Tell the matrices and filters of a model from other tensors."""
        matrices = (parameter for parameter in model.parameters() if parameter.dim() > 1)
        self._weights = {_place(matrix): matrix.numel() for matrix in matrices}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation and count it."""
        result = func(*args, **(kwargs or {}))
        packet = getattr(func, "_overloadpacket", func)
        fresh = sum(self._take(t, func, args) for t in tree_leaves(result) if isinstance(t, Tensor))
        if packet in _SCRATCH:
            self.peak = max(self.peak, self.live + _SCRATCH[packet](args))
        self._count(packet, args, kwargs or {}, result)
        if self.passing and fresh:
            self.written += fresh
            self.operations += 1
        return result

    def _take(self, tensor: Tensor, func: Any, args: Any) -> int:
        """Bytes that this tensor adds to those alive; none if it looks at others' bytes."""
        place = _place(tensor)
        if place in self._alive:
            return 0
        storage = tensor.untyped_storage()
        size = storage.nbytes()
        if size == 0 and func is _aten.mkldnn_rnn_layer.default:
            size = _workspace(args)
        self._alive[place] = size
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._drop, place)
        return size

    def _drop(self, place: int) -> None:
        self.live -= self._alive.pop(place)

    def _count(self, packet: Any, args: Any, kwargs: Any, result: Any) -> None:
        formula = FORMULAS.get(packet)
        if formula is not None:
            work = formula(*args, **kwargs)
        elif packet in flop_registry:
            work = flop_registry[packet](*args, **kwargs, out_val=result)
        else:
            name = str(packet)
            if any(word in name.split(".")[-1] for word in _PRODUCTS) and "mask" not in name:
                self.uncounted.add(name)
            return
        self.flops += work
        if self.passing:
            self.forward += work
            places = {_place(t) for t in tree_leaves(args) if isinstance(t, Tensor)}
            found = places & self._weights.keys()
            if found:
                self.weighed += work
                self.multiplied |= {place: self._weights[place] for place in found}


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _workspace(args: Any) -> int:
    """Bytes that an LSTM layer of oneDNN keeps for its backward pass."""
    inputs, _, recurrent = args[0], args[1], args[2]
    width, hidden = inputs.shape[-1], recurrent.shape[-1]
    numbers = _LSTM_HIDDEN * hidden + _LSTM_WIDEST * max(width, hidden)
    return int(_LSTM_PADDING * 4 * numbers * inputs.numel() // width)


def _lstm_scratch(args: Any) -> int:
    """Bytes that oneDNN takes for a moment: the gates of all positions, and a matrix laid anew."""
    inputs, recurrent = args[0], args[2]
    positions = inputs.numel() // inputs.shape[-1]
    return 4 * (positions * recurrent.shape[0] + recurrent.numel())


def _lstm_backward_scratch(args: Any) -> int:
    """The same, one matrix more, and the gradient of the outputs in their own order."""
    inputs, recurrent = args[0], args[2]
    positions = inputs.numel() // inputs.shape[-1]
    more = positions * recurrent.shape[-1] + recurrent.numel()
    return _lstm_scratch(args) + 4 * more


_SCRATCH: dict[Any, Callable[[Any], int]] = {
    _aten.mkldnn_rnn_layer: _lstm_scratch,
    _aten.mkldnn_rnn_layer_backward: _lstm_backward_scratch,
}


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    """QK^T and PV, 2 FLOPs a multiply-accumulate, the whole square as other counters count."""
    batch, heads, length, width = query.shape
    return 2 * batch * heads * length * key.shape[2] * (width + value.shape[-1])


def _attention_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> int:
    """Five products where the forward pass has two: the scores are computed again.

    Source: arXiv:2205.14135, appendix B.
    """
    return _attention(query, key, value) * 5 // 2


def _lstm(inputs: Tensor, weights: Tensor, recurrent: Tensor, *_: Any, **__: Any) -> int:
    """Both matrices at each position."""
    positions = inputs.numel() // inputs.shape[-1]
    return 2 * positions * (weights.numel() + recurrent.numel())


def _lstm_backward(inputs: Tensor, weights: Tensor, recurrent: Tensor, *_: Any, **__: Any) -> int:
    """Twice the forward pass: a gradient for each operand."""
    return 2 * _lstm(inputs, weights, recurrent)


def _vector(matrix: Tensor, vector: Tensor) -> int:
    return 2 * math.prod(matrix.shape)


# where torch's own counter counts nothing: what it takes on a processor
FORMULAS: dict[Any, Callable[..., int]] = {
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    _aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    _aten.mkldnn_rnn_layer: _lstm,
    _aten.mkldnn_rnn_layer_backward: _lstm_backward,
    _aten.mv: _vector,
    _aten.dot: _vector,
}
