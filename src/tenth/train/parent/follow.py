"""How each operation of torch carries units from what it reads to what it writes.

    trace = follow(model, lambda net: task.loss(net, batch))

An operation that is not known here is one on each element if what it writes has the shape of what
it reads. Else its units are lost, and a weight that reads them later is refused.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tenth.train.parent.labels import Book, Planes, Trace, key_of
from tenth.train.parent.products import convolution, heads, product

# fmt: off
_MOVES = frozenset((
    "view", "_unsafe_view", "reshape", "_reshape_alias", "permute", "transpose", "t", "expand",
    "slice", "select", "unsqueeze", "squeeze", "clone", "contiguous", "alias", "detach", "split",
    "split_with_sizes", "chunk", "unbind", "narrow", "repeat", "flip", "roll", "index",
    "index_select", "unfold", "pixel_shuffle", "diagonal",
))
# fmt: on
_JOINS = frozenset(("cat", "stack"))
_FALLS = frozenset(("mean", "sum", "amax", "amin", "max", "min", "logsumexp"))
_ZERO_STAYS_ZERO = frozenset(("relu", "gelu", "silu", "tanh", "native_dropout", "relu_", "silu_"))


def follow(model: nn.Module, run: Callable[[nn.Module], Any]) -> Trace:
    """Run a model once, in evaluation mode, and tell its units.

    Raises:
        UnsupportedError: a weight reads what an operation made that is not known here.
    Cost: one run, and about ten times its memory and time for the planes.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    follower = _Follower(model)
    try:
        with torch.enable_grad(), follower:  # without gradients torch fuses whole layers
            run(model)
    finally:
        for module, training in modes.items():
            module.training = training
    return follower.book.trace()


class _Follower(TorchDispatchMode):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.book = Book(model)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if next(_tensors([out]), None) is None:
            return out
        name = func._schema.name.removeprefix("aten::")
        with torch.no_grad():
            given = {key_of(x) for x in _tensors([*args, *kwargs.values()])}
            for tensor in _tensors([out]):
                if key_of(tensor) not in given:  # in place, or a view of the whole
                    self.book.write(tensor, ())
            self._read(name, func, args, kwargs, out)
        return out

    def _read(self, name: str, func: Any, args: Any, kwargs: Any, out: Any) -> None:
        book = self.book
        if name in _MOVES:
            _move(book, func, args, kwargs, out)
        elif name in _JOINS:
            _join(book, name, func, args, kwargs, out)
        elif name in ("mm", "bmm"):
            product(book, args[0], args[1], out)
        elif name in ("addmm", "baddbmm"):
            product(book, args[1], args[2], out, bias=args[0])
        elif name == "convolution":
            convolution(book, args, out)
        elif name == "embedding":
            _look_up(book, args[0], out)
        elif name.startswith("_scaled_dot_product"):
            heads(book, args[0], args[1], args[2], out[0])
        elif "batch_norm" in name or "group_norm" in name:
            _normalise(book, args, out[0], groups=args[6] if "group_norm" in name else 0)
        else:
            _each_element(book, name, [*args, *kwargs.values()], next(_tensors([out])))


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _move(book: Book, func: Any, args: Any, kwargs: Any, out: Any) -> None:
    source = args[0]
    moved = [func(plane.contiguous(), *args[1:], **kwargs) for plane in book.of(source)]
    outs = out if isinstance(out, list | tuple) else [out]
    for place, tensor in enumerate(outs):
        planes = [m[place] if isinstance(out, list | tuple) else m for m in moved]
        book.write(tensor, planes, book.made_by(source))
        _pass_on(book, "of a view", [source], tensor)
        name = book.name(source)
        if name is not None:
            book.rename(tensor, name)


def _join(book: Book, name: str, func: Any, args: Any, kwargs: Any, out: Tensor) -> None:
    """Tensors one after the other: units lie along that axis, or are the same in all of them."""
    parts = [part for part in args[0] if part.numel()]  # an empty cache has no units
    axis = (args[1] if len(args) > 1 else kwargs.get("dim", 0)) % out.ndim
    hidden = {axis} if name == "cat" else set()
    keyed = [{frozenset(varying(p) - hidden): p for p in book.of(part)} for part in parts]
    planes = []
    for key in dict.fromkeys(key for held in keyed for key in held):
        rows = [held.get(key, _none(part)) for held, part in zip(keyed, parts, strict=True)]
        if hidden and key and not any(axis in varying(row) for row in rows):
            rows = [_same_units(book, rows, part, axis) for part in rows]
        planes.append(func(rows, *args[1:], **kwargs))
    book.write(out, planes)
    _pass_on(book, name, parts, out)


def _same_units(book: Book, rows: list[Tensor], row: Tensor, axis: int) -> Tensor:
    first = next(other for other in rows if bool(other.any())).narrow(axis, 0, 1)
    book.units.join(first, row.narrow(axis, 0, 1))
    return first.expand(row.shape)


def _none(tensor: Tensor) -> Tensor:
    return torch.zeros(tensor.shape, dtype=torch.int64, device=tensor.device)


def _look_up(book: Book, weight: Tensor, out: Tensor) -> None:
    name = book.name(weight)
    if name is not None and len(book.of(weight)) == 2:
        book.looked_up.add(name)
        book.write(out, [book.of(weight)[1][0].expand(out.shape)], [name])


def _normalise(book: Book, args: Any, out: Tensor, groups: int) -> None:
    """The parameters of a norm lie along axis 1."""
    along = [1, -1, *[1] * (out.ndim - 2)]
    makers = []
    planes = book.of(args[0])
    for tensor in args[1:5]:
        if isinstance(tensor, Tensor) and book.of(tensor):
            own = book.of(tensor)[0].reshape(along).expand(out.shape)
            planes = merged(book, [planes, (own,)])
            makers.append(book.name(tensor) or "")
    if groups and planes:
        units = planes[0].transpose(0, 1).flatten(1)[:, 0].reshape(groups, -1)
        book.bundles.join(units[:, :1].expand(units.shape), units)
    book.write(out, planes, makers[:2])


def _each_element(book: Book, name: str, given: Any, out: Tensor) -> None:
    read = [x for x in _tensors(given) if book.of(x) or book.lost_by(x)]
    if not read or not out.is_floating_point():
        return
    fitted = [_fitted(book, name, x, given, out) for x in read]
    planes = merged(book, fitted)
    branches = [x for x in read if book.name(x) is None and book.of(x)]
    if re.fullmatch("add_?", name) and len(branches) == 2:
        book.sums.append((book.made_by(branches[0]), book.made_by(branches[1])))
        makers: frozenset[str] = frozenset()
    else:
        makers = _makers(book, name, read, branches)
    book.write(out, planes, makers)
    _pass_on(book, name, read, out)


def _makers(book: Book, name: str, read: list[Tensor], branches: list[Tensor]) -> frozenset[str]:
    own = frozenset(book.name(x) or "" for x in read if book.name(x) is not None)
    if name == "native_layer_norm" or name.startswith("mul"):
        return own or (book.made_by(branches[0]) if branches else frozenset())
    if name.startswith("add") or name in _ZERO_STAYS_ZERO:
        return own.union(*(book.made_by(x) for x in branches))
    return frozenset()


def _fitted(book: Book, name: str, x: Tensor, given: Any, out: Tensor) -> Planes:
    """The planes of `x` in the shape of `out`; those of which that is no longer true are left."""
    if _spreads(x, out):
        return tuple(plane.expand(out.shape) for plane in book.of(x))
    planes = book.of(x)
    if x.ndim != out.ndim and name in _FALLS and len(given) > 1:
        axes = given[1] if isinstance(given[1], list | tuple) else [given[1]]
        axes = sorted((axis % x.ndim for axis in axes), reverse=True)
        for axis in axes:
            planes = [plane for plane in planes if axis not in varying(plane)]
            planes = [plane.select(axis, 0) for plane in planes]
        return tuple(plane.expand(out.shape) for plane in planes if plane.ndim == out.ndim)
    if x.ndim != out.ndim:
        return ()
    changed = {axis for axis in range(x.ndim) if x.shape[axis] != out.shape[axis]}
    kept = [plane for plane in planes if not changed & varying(plane)]
    for axis in changed:
        kept = [plane.narrow(axis, 0, 1) for plane in kept]
    return tuple(plane.expand(out.shape) for plane in kept)


def _spreads(x: Tensor, out: Tensor) -> bool:
    short = zip(reversed(x.shape), reversed(out.shape), strict=False)
    return x.ndim <= out.ndim and all(one in (1, other) for one, other in short)


def _pass_on(book: Book, name: str, read: list[Tensor], out: Tensor) -> None:
    """Remember where units were lost, until others take their place."""
    if book.of(out) or not out.is_floating_point():
        return
    for x in read:
        by = f"the operation {name}" if book.of(x) else book.lost_by(x)
        if by is not None:
            book.lose(out, by)


def varying(plane: Tensor) -> set[int]:
    """The axes along which the units of a plane differ."""
    return {
        axis
        for axis, size in enumerate(plane.shape)
        if size > 1 and not bool((plane == plane.narrow(axis, 0, 1)).all())
    }


def merged(book: Book, many: list[Planes]) -> Planes:
    """The planes of several tensors of one shape, met place by place: equal axes are one."""
    found: dict[frozenset[int], Tensor] = {}
    for planes in many:
        for plane in planes:
            axes = frozenset(varying(plane))
            if axes in found:
                book.units.join(found[axes], plane)
                found[axes] = torch.where(found[axes] == 0, plane, found[axes])
            else:
                found[axes] = plane
    return tuple(found.values())
