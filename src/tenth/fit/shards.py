"""One step of a net that several processes train: each learns from its shard of the batch.

A global batch of n examples is cut along axis 0; a process with k of them weighs its loss by k/n,
so that the sum of the gradients is the gradient of the whole batch, however uneven the cut. This
holds for a loss that is a mean over axis 0.

What looks across a batch sees a shard alone: BatchNorm normalises by the statistics of the shard,
and keeps those that process 0 saw. Dropout draws other numbers in each process.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn

from tenth.errors import TaskError, must
from tenth.fit import ranks
from tenth.fit.seeds import derive, reseed

T = TypeVar("T", bound=Tensor)


def shard(batch: Any, rank: int, count: int) -> tuple[Any, float]:
    """The examples of one process, and their share of the batch.

    Tensors and arrays are cut, in dicts, lists and tuples too; all else is given whole. A process
    for which no example is left gets None, with share 0.

    Raises:
        TaskError: nothing can be cut, or the parts have different lengths.
    """
    lengths = {len(part) for part in _arrays(batch)}
    if len(lengths) != 1 or 0 in lengths:
        rule = "made of tensors of one length along axis 0 when several processes share it"
        got = f"lengths {sorted(lengths)}" if lengths else "no tensor with an axis"
        raise TaskError(must("a batch of task.batches", rule, got))
    (length,) = lengths
    begin, end = length * rank // count, length * (rank + 1) // count
    if begin == end:
        return None, 0.0
    return _cut(batch, slice(begin, end)), (end - begin) / length


def _has_examples(part: Any) -> bool:
    return isinstance(part, Tensor | np.ndarray) and part.ndim > 0


def _arrays(batch: Any) -> Iterator[Any]:
    if _has_examples(batch):
        yield batch
    elif isinstance(batch, Mapping):
        for part in batch.values():
            yield from _arrays(part)
    elif isinstance(batch, list | tuple):
        for part in batch:
            yield from _arrays(part)


def _cut(batch: Any, cut: slice) -> Any:
    if _has_examples(batch):
        return batch[cut]
    if isinstance(batch, MutableMapping):
        made = copy.copy(batch)
        for name, part in batch.items():
            made[name] = _cut(part, cut)
        return made
    if isinstance(batch, list | tuple):
        parts = [_cut(part, cut) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    return batch


class Shards:
    """Loss and gradients of `model`, over all processes; with one process, plain ones.

    loss: of a batch, with `model` inside.

    Cost: one exchange of all gradients a step, after the backward pass, and one of the buffers.
    torch's DistributedDataParallel would hide some of it behind the backward pass; it needs a
    forward pass of every process, averages evenly, and warns of each net whose loss reaches all.
    """

    def __init__(self, model: nn.Module, loss: Callable[[Any], Tensor], seed: int) -> None:
        self._model = model
        self._loss = loss
        self._seed = seed
        if ranks.count() > 1:
            _take_from_first([*model.parameters(), *model.buffers()])

    def mine(self, batch: Any, step: int) -> tuple[Any, float]:
        """The examples of this process and their share; from now on it draws its own numbers.

        Raises:
            TaskError: the batch cannot be cut.
        """
        if ranks.count() == 1:
            return batch, 1.0
        if not ranks.first():
            reseed(derive(self._seed, f"process {ranks.rank()}", step))
        return shard(batch, ranks.rank(), ranks.count())

    def loss(self, batch: Any, share: float) -> Tensor:
        """The loss of the examples of this process; 0 where it has none."""
        return self._loss(batch) if share else torch.zeros(())

    def backward(self, loss: Tensor, share: float) -> None:
        """Leave the gradients of the whole batch in each process."""
        if ranks.count() == 1:
            loss.backward()
            return
        if share:
            (loss * share).backward()
        for owned in _alike(p for p in self._model.parameters() if p.requires_grad):
            _add_up_gradients(owned)

    def share_buffers(self) -> None:
        """Take the buffers of process 0, such as the running statistics of a BatchNorm."""
        if ranks.count() > 1:
            _take_from_first(self._model.buffers())


def _alike(tensors: Iterable[T]) -> list[list[T]]:
    """Tensors of one kind of number on one device, which can travel as one."""
    kinds: dict[tuple[torch.dtype, torch.device], list[T]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    return list(kinds.values())


def _add_up_gradients(owned: list[nn.Parameter]) -> None:
    """Sum the gradients of all processes; a weight that no loss reached keeps none."""
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in owned]
    reached = owned[0].new_tensor([p.grad is not None for p in owned])
    flat = torch.cat([*(grad.flatten() for grad in grads), reached])
    distributed.all_reduce(flat)
    *sums, reached = flat.split([*(grad.numel() for grad in grads), len(owned)])
    for parameter, grad, sums_of_it, any_reached in zip(
        owned, grads, sums, (reached > 0).tolist(), strict=True
    ):
        if any_reached:
            parameter.grad = grad.copy_(sums_of_it.view_as(grad))


@torch.no_grad()
def _take_from_first(tensors: Iterable[Tensor]) -> None:
    for group in _alike(tensors):
        flat = torch.cat([tensor.flatten() for tensor in group])
        sent = flat.to(torch.uint8) if flat.dtype == torch.bool else flat
        distributed.broadcast(sent, src=0)
        for tensor, value in zip(group, sent.split([t.numel() for t in group]), strict=True):
            tensor.copy_(value.view_as(tensor))
