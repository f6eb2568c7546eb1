"""Units in products: those that are summed over meet, and the others pass."""

from typing import Any

import torch
from torch import Tensor

from tenth.errors import UnsupportedError, must
from tenth.train.parent.labels import Book, Planes


def product(book: Book, a: Tensor, b: Tensor, out: Tensor, bias: Tensor | None = None) -> None:
    """`a` [.., N, K] times `b` [.., K, M], with a bias [M] or [.., N, M] perhaps.

    Of a batch of products in which the units differ, those of one are a bundle: they are the
    dimensions of a head. The result carries a plane that says so to what it is multiplied with.
    """
    planes = _product(book, a, b, tuple(out.shape), _as_batch(book.of(a)), _as_batch(book.of(b)))
    if a.ndim == 2:
        planes = tuple(plane[0] for plane in planes)
    makers = [name for x in (a, b, bias) if x is not None and (name := book.name(x)) is not None]
    if bias is not None and book.of(bias):
        planes = _met(book, planes, tuple(plane.expand(out.shape) for plane in book.of(bias)))
    book.write(out, planes, makers)


def heads(book: Book, query: Tensor, key: Tensor, value: Tensor, out: Tensor) -> None:
    """Attention: queries [.., T, D] meet keys [.., S, D], and the values pass."""
    flat = [tuple(plane.flatten(0, -3) for plane in book.of(x)) for x in (query, key, value)]
    count = query.shape[:-2].numel()
    if any(plane.shape[0] != count for planes in flat for plane in planes):
        flat = [
            tuple(p.repeat_interleave(count // p.shape[0], 0) for p in planes) for planes in flat
        ]
    turned = tuple(plane.transpose(1, 2) for plane in flat[1])
    size, depth = query.shape[-2], key.shape[-2]
    scores = _product(book, query, key, (count, size, depth), flat[0], turned)
    weights = torch.empty(0)
    passed = _product(book, weights, value, (count, size, value.shape[-1]), scores, flat[2])
    book.write(out, [plane.reshape(out.shape) for plane in passed])


def convolution(book: Book, args: Any, out: Tensor) -> None:
    """`x` [N, C, *S] by a weight [O, C / groups, *K]: channels meet."""
    x, weight, bias, *_, transposed, _, groups = args[:9]
    name, own, given = book.name(weight), book.of(weight), book.of(x)
    depthwise = groups > 1 and weight.shape[1] == 1 and not transposed
    if transposed or name is None or not (groups == 1 or depthwise):
        if given or own:
            book.lose(out, "a transposed or grouped convolution")
        return
    _refuse_lost(book, x, name)
    along = [1, -1, *[1] * (out.ndim - 2)]
    outs = own[0].flatten(1)[:, 0]
    met = [plane for plane in given if _along(plane, 1)]
    if depthwise:
        for plane in met:
            book.units.join(outs, _channels(plane).repeat_interleave(len(outs) // groups))
            book.uses(outs)
    else:
        ins = own[1].transpose(0, 1).flatten(1)[:, 0]
        sizes = x.detach().abs().double().transpose(0, 1).flatten(1).mean(1)
        strength = sizes * weight.detach().double().transpose(0, 1).flatten(1).norm(dim=1)
        book.reads(name, ins, book.made_by(x))
        book.uses(ins, strength)
        for plane in met:
            book.units.join(_channels(plane), ins)
    planes: Planes = (outs.reshape(along).expand(out.shape),)
    makers = [name]
    if isinstance(bias, Tensor) and book.of(bias):
        planes = _met(book, planes, (book.of(bias)[0].reshape(along).expand(out.shape),))
        makers.append(book.name(bias) or "")
    book.write(out, planes, makers)


def _product(
    book: Book, a: Tensor, b: Tensor, shape: tuple[int, ...], pa: Planes, pb: Planes
) -> Planes:
    """Planes of a batch of products, from those of both sides: [B, N, K] and [B, K, M]."""
    shape = shape if len(shape) == 3 else (1, *shape)
    inner_a = [plane for plane in pa if _along(plane, 2)]
    inner_b = [plane for plane in pb if _along(plane, 1)]
    for x, other, inner in ((a, b, inner_b), (b, a, inner_a)):
        name = book.name(other)
        if name is not None and inner:
            _refuse_lost(book, x, name)
            units = inner[0][0, :, 0] if inner is inner_b else inner[0][0, 0, :]
            book.reads(name, units, book.made_by(x))
            book.uses(units, _strength(x, other, after=inner is inner_a))
    planes: list[Tensor] = []
    if inner_a and inner_b:
        ours, theirs = inner_a[0][:, 0, :], inner_b[0][:, :, 0]
        book.units.join(ours, theirs)
        book.uses(ours)
        if not bool((ours == ours[:1]).all()):  # as many kinds of units as products: heads
            book.bundles.join(ours[:, :1].expand(ours.shape), ours)
            planes.append(ours[:, :1, None].expand(shape))
    rest_a = [plane[:, :, :1] for plane in pa if not any(plane is x for x in inner_a)]
    rest_b = [plane[:, :1, :] for plane in pb if not any(plane is x for x in inner_b)]
    for head in rest_a:
        of_head = bool((head == head[:, :1]).all()) and not bool((head == head[:1]).all())
        for units in rest_b if of_head else ():
            book.bundles.join(head[:, :1].expand(units.shape), units)
    passed = [plane.expand(shape) for plane in (*rest_b, *rest_a)]
    return (*passed[: len(rest_b)], *planes) if rest_b else (*planes, *passed)


def _strength(x: Tensor, weight: Tensor, after: bool) -> Tensor:
    """For each unit read: the mean size of what is read, times the norm of what reads it."""
    sizes, read = x.detach().double().abs(), weight.detach().double()
    if after:  # the weight stands first: weight [N, K] by x [K, M]
        return sizes.transpose(-1, -2).flatten(0, -2).mean(0) * read.flatten(0, -2).norm(dim=0)
    return sizes.flatten(0, -2).mean(0) * read.transpose(-1, -2).flatten(0, -2).norm(dim=0)


def _refuse_lost(book: Book, x: Tensor, name: str) -> None:
    lost = book.lost_by(x)
    if lost is not None:
        rule = "read from operations whose units can be followed"
        raise UnsupportedError(must(f"the input of {name!r}", rule, lost))


def _as_batch(planes: Planes) -> Planes:
    return tuple(plane[None] if plane.ndim == 2 else plane for plane in planes)


def _along(plane: Tensor, axis: int) -> bool:
    """Whether a plane holds the units of an axis; one of size 1, if they lie along no other."""
    others = [other for other in range(1, plane.ndim) if other != axis]
    first = plane.narrow(axis, 0, 1)
    if plane.shape[axis] > 1:
        return not bool((plane == first).all())
    return all(bool((plane == plane.narrow(other, 0, 1)).all()) for other in others)


def _channels(plane: Tensor) -> Tensor:
    return plane.transpose(0, 1).flatten(1)[:, 0]


def _met(book: Book, planes: Planes, bias: Planes) -> Planes:
    for own in bias:
        axes = [axis for axis, size in enumerate(own.shape) if size > 1]
        for plane in planes:
            same = all(
                bool((plane == plane.narrow(a, 0, 1)).all())
                == bool((own == own.narrow(a, 0, 1)).all())
                for a in axes
            )
            if same:
                book.units.join(plane, own)
    return planes or bias
