"""Trying the score on "test" before anything is paid, without reading that split.

The score runs until it asks the model what "val" asked it too, of other examples; there it is left.
So whatever comes before is tried, such as finding and loading the data, and shapes of its own are
tried to the end of the first pass. A score that calls no part of the model runs to its end.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

Met = set[tuple[int, Any]]


class _Enough(BaseException):
    """All that can differ has been tried; no user's `except Exception` may hold it."""


@contextmanager
def noting(model: nn.Module) -> Iterator[Met]:
    """Give the set of what each part of the model meets inside the block, axis 0 aside."""
    met: Met = set()
    with _hooks(model, lambda module, given: met.add((id(module), given)), lambda _: None):
        yield met


def glimpse(model: nn.Module, met: Met, score: Callable[[], float]) -> float | None:
    """What `score` gives; None if it was left where it met the model as before.

    Raises:
        Exception: what `score` raises before that.
    """
    outermost: list[nn.Module] = []

    def before(module: nn.Module, given: Any) -> None:
        if (id(module), given) in met:
            raise _Enough
        outermost.append(module)

    def behind(module: nn.Module) -> None:
        if module is outermost[0]:
            raise _Enough

    try:
        with _hooks(model, before, behind):
            return score()
    except _Enough:
        return None


@contextmanager
def _hooks(
    model: nn.Module,
    before: Callable[[nn.Module, Any], None],
    behind: Callable[[nn.Module], None],
) -> Iterator[None]:
    def called(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        before(module, _form((args, named)))

    def answered(module: nn.Module, *_: Any) -> None:
        behind(module)

    hooks = [
        hook
        for module in model.modules()
        for hook in (
            module.register_forward_pre_hook(called, with_kwargs=True),
            module.register_forward_hook(answered),
        )
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _form(given: Any) -> Any:
    """What two calls have in common that differ in the number of examples alone."""
    if isinstance(given, Tensor):
        return tuple(given.shape[1:]), given.dtype
    if isinstance(given, Mapping):
        return tuple((str(key), _form(part)) for key, part in given.items())
    if isinstance(given, list | tuple):
        return tuple(_form(part) for part in given)
    return type(given).__name__
