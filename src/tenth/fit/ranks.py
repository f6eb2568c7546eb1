"""The processes that train one net together, and what they agree on.

`torchrun` starts them; each has a rank, counted from 0, and makes the same calls in the same order.
What one of them raises inside a call of this module, all raise. Where there is one process, all of
it is a plain call.

Objects travel between the processes as pickles: they trust one another.
"""

import atexit
import os
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import distributed

from tenth.errors import InputError, TenthError, must
from tenth.receipt import Stage
from tenth.receipt.processes import united

P = ParamSpec("P")
T = TypeVar("T")


def join() -> None:
    """Join the processes that `torchrun` started, if it started this one.

    Tensors of the CPU travel by gloo, those of a GPU by nccl; each process gets the GPU of its
    local rank. The processes part when they end.

    Raises:
        InputError: the program has joined a group of its own that cannot carry CPU tensors.
    """
    if count() > 1:
        _must_carry_cpu_tensors()
    elif distributed.is_available() and distributed.is_torchelastic_launched():
        if int(os.environ["WORLD_SIZE"]) == 1 or distributed.is_initialized():
            return
        # its defaults hold the group that there is when it is loaded, as it is at the first step of
        # an optimizer: the group's threads would then outlive it, and may abort the program
        import torch.distributed.nn

        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo")
        atexit.register(_part)


def _must_carry_cpu_tensors() -> None:
    backend = distributed.get_backend_config()
    if "cpu" not in str(backend):
        remedy = 'Begin it with init_process_group("cpu:gloo,cuda:nccl").'
        raise InputError(must("process group", "able to carry CPU tensors", backend, remedy))


def _part() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def count() -> int:
    """How many processes there are."""
    joined = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if joined else 1


def rank() -> int:
    """The number of this one, from 0."""
    return distributed.get_rank() if count() > 1 else 0


def first() -> bool:
    """Whether this is the one that writes files, shows progress and prints."""
    return rank() == 0


def total(attempt: Callable[[], float]) -> float:
    """The sum of what each process gives.

    Cost: one exchange of two numbers.

    Raises:
        BaseException: what `attempt` raised, here or in another process.
    """
    if count() == 1:
        return attempt()
    error, value = None, 0.0
    try:
        value = attempt()
    except BaseException as raised:
        error = raised
    sums = torch.tensor([value, float(error is not None)], dtype=torch.float64)
    distributed.all_reduce(sums)
    if sums[1] > 0:
        raise _agreed(error)
    return sums[0].item()


def together(attempt: Callable[[], T]) -> T:
    """What this process gives, if none of them fails; for parts of a run that may.

    Raises:
        BaseException: what `attempt` raised, here or in another process.
    """
    gave: list[T] = []

    def keep() -> float:
        gave.append(attempt())
        return 0.0

    total(keep)
    return gave[0]


def from_first(attempt: Callable[[], T]) -> T:
    """What process 0 gives; the others do not try.

    Raises:
        BaseException: what `attempt` raised there.
    """
    gave: list[Any] = [together(lambda: attempt() if first() else None)]
    if count() > 1:
        distributed.broadcast_object_list(gave, src=0)
    return gave[0]


def by_first(function: Callable[P, T]) -> Callable[P, T]:
    """Let process 0 alone do what a function does, and all have what it gives."""

    @wraps(function)
    def done_by_first(*args: P.args, **kwargs: P.kwargs) -> T:
        return from_first(lambda: function(*args, **kwargs))

    return done_by_first


def stages_of_all(stages: list[Stage]) -> list[Stage]:
    """The stages that all processes make up, each process having metered the same ones."""
    if count() == 1:
        return stages
    told: list[Any] = [None] * count()
    distributed.all_gather_object(told, (socket.gethostname(), [s.to_json() for s in stages]))
    machines = [machine for machine, _ in told]
    columns = zip(*([Stage.from_json(form) for form in forms] for _, forms in told), strict=True)
    return [united(list(column), machines) for column in columns]


def _agreed(error: BaseException | None) -> BaseException:
    """The error of the lowest rank that has one, on all of them."""
    errors: list[Any] = [None] * count()
    distributed.all_gather_object(errors, None if error is None else _portable(error))
    number, chosen = next((n, found) for n, found in enumerate(errors) if found is not None)
    if error is None or number != rank():
        kind, message = chosen
        error = kind(f"Process {number} of {count()}: {message}") if message else kind()
    assert error is not None
    error.__dict__["told_elsewhere"] = not first()  # whether process 0 has it, and tells the user
    return error


def _portable(error: BaseException) -> tuple[type[BaseException], str]:
    """What another process needs to raise the same."""
    if isinstance(error, TenthError | KeyboardInterrupt):
        return type(error), str(error)
    return TenthError, f"{type(error).__name__}: {error}"
