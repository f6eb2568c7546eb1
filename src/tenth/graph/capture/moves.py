"""What moves data: shapes, axes, parts, padding."""

import sys
from collections.abc import Sequence
from typing import Any

from tenth.graph.capture.build import Ref
from tenth.graph.capture.call import Call
from tenth.graph.capture.masks import expanded
from tenth.graph.capture.sized import Both
from tenth.graph.dims import Dim, Size
from tenth.graph.shape_rules import Shape, show


def reshape(call: Call) -> Any:
    """To the sizes that torch was given."""
    if "size" in call.arguments:
        return _reshaped(call, call["self"], call["size"])
    if "shape" in call.arguments:
        return _reshaped(call, call["self"], call["shape"])
    raise call.refuse("a change of shape", "a change of type")


def flatten(call: Call) -> Any:
    """Several axes in one."""
    x = call["self"]
    shape = call.shape(x)
    start, end = call.axis(x, call["start_dim"]), call.axis(x, call["end_dim"])
    merged: Size = 1
    for size in shape[start : end + 1]:
        merged = merged * size
    return _reshaped(call, x, [*shape[:start], merged, *shape[end + 1 :]])


def unflatten(call: Call) -> Any:
    """One axis in several."""
    x = call["self"]
    shape, axis = call.shape(x), call.axis(x, call["dim"])
    return _reshaped(call, x, [*shape[:axis], *call["sizes"], *shape[axis + 1 :]])


def unsqueeze(call: Call) -> Any:
    """A new axis of size 1."""
    x = call["self"]
    shape = list(call.shape(x))
    shape.insert(call["dim"] % (len(shape) + 1), 1)
    return _reshaped(call, x, shape)


def squeeze(call: Call) -> Any:
    """Axes of size 1 vanish: all of them, or those named."""
    x = call["self"]
    shape = call.shape(x)
    named = call.get("dim", range(len(shape)))
    named = [named] if isinstance(named, int) else named
    axes = {call.axis(x, axis) for axis in named}
    return _reshaped(call, x, [s for i, s in enumerate(shape) if not (s == 1 and i in axes)])


def expand(call: Call) -> Any:
    """Axes of size 1 stretched; new ones in front."""
    x = call["self"]
    wanted = list(call["size"])
    shape = [1] * (len(wanted) - len(call.shape(x))) + list(call.shape(x))
    whole = tuple(have if want == -1 else want for have, want in zip(shape, wanted, strict=True))
    if isinstance(x, Both):
        return expanded(x, whole)
    return call.stretched(_reshaped(call, x, shape), whole)


def repeat(call: Call) -> Any:
    """An axis of size 1 so many times; other axes once."""
    x = call["self"]
    times = list(call["repeats"])
    shape = [1] * (len(times) - len(call.shape(x))) + list(call.shape(x))
    if any(size != 1 and time != 1 for size, time in zip(shape, times, strict=True)):
        raise call.refuse("of axes of size 1", f"{show(shape)} by {times}")
    whole = tuple(size * time for size, time in zip(shape, times, strict=True))
    return call.stretched(_reshaped(call, x, shape), whole)


def transpose(call: Call) -> Ref:
    """Two axes change places."""
    x = call["self"]
    names = ("dim0", "dim1") if "dim0" in call.arguments else ("axis0", "axis1")
    return _swapped(call, x, *(call.axis(x, call[name]) for name in names))


def transpose_last(call: Call) -> Ref:
    """The last two axes change places."""
    rank = len(call.shape(call["self"]))
    return _swapped(call, call["self"], rank - 2, rank - 1)


def reverse(call: Call) -> Ref:
    """All axes in reverse order."""
    rank = len(call.shape(call["self"]))
    return call.emit("transpose", call["self"], order=tuple(reversed(range(rank))))


def permute(call: Call) -> Ref:
    """Axes in another order."""
    x = call["self"]
    return call.emit("transpose", x, order=tuple(call.axis(x, axis) for axis in call["dims"]))


def concat(call: Call) -> Ref:
    """One after another."""
    parts = call["tensors"]
    return call.emit("concat", *parts, axis=call.axis(parts[0], call["dim"]))


def stack(call: Call) -> Ref:
    """One after another along a new axis."""
    parts = call["tensors"]
    shape = call.shape(parts[0])
    axis = call["dim"] % (len(shape) + 1)
    wider = [*shape[:axis], 1, *shape[axis:]]
    return call.emit("concat", *(_reshaped(call, part, wider) for part in parts), axis=axis)


def slice_(call: Call) -> Any:
    """From start to end, each step-th."""
    x = call["self"]
    axis = call.axis(x, call["dim"])
    start = 0 if call["start"] is None else call["start"]
    end = sys.maxsize if call["end"] is None else call["end"]
    return _part(call, x, axis, start, end, call.fixed(call["step"]))


def select(call: Call) -> Any:
    """One place of an axis, which vanishes."""
    x = call["self"]
    axis = call.axis(x, call["dim"])
    return _place(call, x, axis, call.fixed(_from_end(call.shape(x)[axis], call["index"])))


def unbind(call: Call) -> tuple[Any, ...]:
    """Each place of an axis."""
    x = call["self"]
    axis = call.axis(x, call["dim"])
    return tuple(_place(call, x, axis, i) for i in range(call.fixed(call.shape(x)[axis])))


def chunk(call: Call) -> tuple[Any, ...]:
    """So many parts, the last one perhaps smaller."""
    length = call.fixed(call.shape(call["self"])[call.axis(call["self"], call["dim"])])
    return _parts(call, _lengths(length, -(-length // call.fixed(call["chunks"]))))


def split(call: Call) -> tuple[Any, ...]:
    """Parts of one length, or of those given."""
    given = call.get("split_sizes", call.get("split_size"))
    if isinstance(given, list | tuple):
        return _parts(call, [call.fixed(length) for length in given])
    length = call.fixed(call.shape(call["self"])[call.axis(call["self"], call["dim"])])
    return _parts(call, _lengths(length, call.fixed(given)))


def pad(call: Call) -> Any:
    """Zeros around, or the opposite side."""
    x = call["self"]
    mode = {"constant": "zeros", "circular": "circular"}.get(call.get("mode", "constant"))
    amounts = call.ints("pad", 1)
    if mode is None or call.get("value") or min(amounts, default=0) < 0:
        raise call.refuse(
            "with zeros or circular, and not negative",
            f"mode={call.get('mode', 'constant')!r}, value={call.get('value')}, {amounts}",
        )
    # torch lists (before, after) from the last axis to the first
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))
    pairs = [(0, 0)] * (len(call.shape(x)) - len(pairs)) + pairs[::-1]
    if not any(map(any, pairs)):
        return x
    before, after = zip(*pairs, strict=True)
    return call.emit("pad", x, before=before, after=after, mode=mode)


def _reshaped(call: Call, x: Any, wanted: Sequence[Size]) -> Any:
    """Reshaped, with a size of -1 worked out; ids only move as floating point numbers."""
    shape = call.shape(x)
    if -1 in wanted:
        rest = _rest(shape, [size for size in wanted if size != -1])
        wanted = [rest if size == -1 else size for size in wanted]
    if isinstance(x, Both):
        raise call.refuse("of a mask that is stretched, not moved", show(wanted))
    return call.reshaped(x if tuple(wanted) == shape else call.floats(x), wanted)


def _rest(shape: Shape, others: Sequence[Size]) -> Size:
    """What is left of a product of sizes, divided by others."""
    left = list(shape)
    number = 1
    for size in others:
        if size in left:
            left.remove(size)
        else:
            number = number * size
    total: Size = 1
    for size in left:
        total = total * size
    return -1 if isinstance(number, Dim) else total // number


def _swapped(call: Call, x: Any, one: int, other: int) -> Ref:
    order = list(range(len(call.shape(x))))
    order[one], order[other] = other, one
    return call.emit("transpose", x, order=tuple(order))


def _part(call: Call, x: Any, axis: int, start: Size, end: Size, step: int = 1) -> Any:
    size = call.shape(x)[axis]
    start = _from_end(size, start)
    if isinstance(size, int):
        start, end, _ = slice(call.fixed(start), call.fixed(end)).indices(size)
    whole = end == size or (isinstance(end, int) and end >= sys.maxsize)
    stop = 0 if whole else call.fixed(_from_end(size, end))
    if (start, stop, step) == (0, 0, 1):
        return x
    if isinstance(x, Both):
        raise call.refuse("of a mask that is stretched, not cut", f"{start} to {end}")
    start = call.fixed(start)
    return call.emit("slice", call.floats(x), axis=axis, start=start, stop=stop, step=step)


def _from_end(size: Size, place: Size) -> Size:
    """A place of a free axis that is said by its size, l - 2, counted from the end: -2."""
    if isinstance(place, Dim) and isinstance(place - size, int) and place != size:
        return place - size
    return place


def _place(call: Call, x: Any, axis: int, index: int) -> Any:
    shape = call.shape(x)
    one = _part(call, x, axis, index, index + 1 or sys.maxsize)
    return _reshaped(call, one, [*shape[:axis], *shape[axis + 1 :]])


def _lengths(total: int, each: int) -> list[int]:
    return [min(each, total - start) for start in range(0, total, each)]


def _parts(call: Call, lengths: Sequence[int]) -> tuple[Any, ...]:
    x = call["self"]
    axis = call.axis(x, call["dim"])
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return tuple(
        _part(call, x, axis, start, start + length)
        for start, length in zip(starts, lengths, strict=True)
    )
