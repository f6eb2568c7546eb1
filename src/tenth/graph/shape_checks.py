"""The words of shape rules: what a shape is, how it is shown, and how a rule refuses one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenth.errors import InputError, must
from tenth.graph.dims import Size, at

Shape = tuple[Size, ...]
Rule = Callable[[Sequence[Shape], Mapping[str, Any]], Shape]


def show(shape: Sequence[Size]) -> str:
    """A shape as people write it: `[n, 3, h // 2]`."""
    return f"[{', '.join(str(size) for size in shape)}]"


def check(holds: bool, thing: str, rule: Any, got: Any) -> None:
    """Raise InputError unless it holds."""
    if not holds:
        raise InputError(must(thing, rule, got))


def check_axis(axis: int, x: Shape) -> None:
    """Raise InputError unless x has that axis."""
    check(axis < len(x), "axis", f"below {len(x)}", axis)


def may_equal(one: Size, other: Size) -> bool:
    """Whether two sizes are equal, or are so at sizes that divide evenly.

    The same free sizes halved and doubled again are equal where nothing is rounded: a program asks
    for that when it runs. h // 2 and 2 * (h // 4) may be equal; h and h + 1, or h and w, may not.
    """
    if isinstance(one, int) or isinstance(other, int) or one == other:
        return one == other
    names = one.symbols()
    even = (dict.fromkeys(names, 2**power) for power in (12, 13))
    return names == other.symbols() and all(at(one, s) == at(other, s) for s in even)
