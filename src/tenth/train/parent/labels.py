"""Which numbers of a net are one unit: a channel, a hidden neuron, a dimension of a head.

The net runs once on a batch. Beside each tensor run its *planes*: tensors of whole numbers, of the
same shape, that say which unit each number belongs to. A weight begins with one plane for each of
its axes; moves of data (views, transposes, splits) move the planes too; where two units meet, in a
sum or in the two sides of a product, they are one:

    h = fc1(x)            the planes of h are the outputs of fc1
    y = fc2(relu(h))      so the inputs of fc2 are the outputs of fc1
    x = x + y             and the outputs of fc2 are the units of x

What was found stands in a `Trace`. Here is the book that is kept; `follow` reads the operations.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from tenth.sparsity.weights import plain

Axis = tuple[str, int]  # a tensor of the state, and one of its axes
Planes = tuple[Tensor, ...]


@dataclass
class Trace:
    """What one run told of a net.

    Attributes:
        axes: for each axis of each tensor of the state, the unit of each of its places.
        bundles: for each unit, the number of the bundle (such as a head) that it lives in.
        importance: for each unit, its size times the size of the weights that read it.
        read: axes along which a weight reads its input.
        used: units that something reads.
        looked_up: tensors that an embedding looks up.
        sums: of each sum of two branches, the tensors that made either side last.
        feeds: for each axis in `read`, the tensors that made what it reads last.
    """

    axes: dict[Axis, np.ndarray]
    bundles: np.ndarray
    importance: np.ndarray
    read: set[Axis]
    used: np.ndarray
    looked_up: set[str]
    sums: list[tuple[frozenset[str], frozenset[str]]]
    feeds: dict[Axis, frozenset[str]]


def first_names(model: nn.Module) -> dict[str, str]:
    """For each floating tensor of the state the first name of the same tensor (tied weights)."""
    seen: dict[tuple, str] = {}
    state = plain(model).state_dict()
    return {
        name: seen.setdefault(key_of(value), name)
        for name, value in state.items()
        if value.is_floating_point() and value.ndim and value.numel()
    }


class _Merged:
    """Numbers that turned out to be one (union-find)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, ours: Tensor, theirs: Tensor) -> None:
        """Make each number one with the number at its place; 0 stands for no unit."""
        pairs = torch.stack([ours.flatten(), theirs.flatten()])
        pairs = pairs[:, (pairs != 0).all(dim=0) & (pairs[0] != pairs[1])]
        for one, other in torch.unique(pairs, dim=1).T.tolist():
            self.join_two(one, other)

    def join_two(self, one: int, other: int) -> None:
        """Make two numbers one; the smaller stands for both."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low

    def all(self) -> np.ndarray:
        """What each number is one with."""
        return np.array([self.find(number) for number in range(len(self._parents))])


@dataclass
class Book:
    """What is known so far of every tensor of a run.

    A tensor is known by where it lies in memory; all are kept, so that no place is used again.
    """

    model: nn.Module
    planes: dict[tuple, Planes] = field(default_factory=dict)
    names: dict[tuple, str] = field(default_factory=dict)  # tensors of the state, and views of them
    makers: dict[tuple, frozenset[str]] = field(default_factory=dict)
    lost: dict[tuple, str] = field(default_factory=dict)  # by which operation
    read: set[Axis] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    sums: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    feeds: dict[Axis, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._kept: list[Tensor] = []
        self._starts: list[int] = []
        self._axes: list[Axis] = []
        count = 1
        state = plain(self.model).state_dict()
        for name in dict.fromkeys(first_names(self.model).values()):
            tensor, planes = state[name], []
            for axis, size in enumerate(tensor.shape):
                self._starts.append(count)
                self._axes.append((name, axis))
                units = torch.arange(count, count + size, device=tensor.device)
                count += size
                along = [1] * tensor.ndim
                along[axis] = size
                if size > 1 or tensor.ndim < 3 or self._is_convolution(name):
                    planes.append(units.reshape(along).expand(tensor.shape))
            self.planes[key_of(tensor)] = tuple(planes)
            self.names[key_of(tensor)] = name
        self.units, self.bundles = _Merged(count), _Merged(count)
        self._importance = np.zeros(count)
        self._used = np.zeros(count, dtype=bool)

    def _is_convolution(self, name: str) -> bool:
        """Whether axes of size 1 hold a unit too; those of a token that is added do not."""
        module = plain(self.model).get_submodule(name.rpartition(".")[0])
        return isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)

    def of(self, tensor: Tensor) -> Planes:
        """The planes of a tensor."""
        return self.planes.get(key_of(tensor), ())

    def name(self, tensor: Tensor) -> str | None:
        """Its name in the state, if it is a part of that or a view of one."""
        return self.names.get(key_of(tensor))

    def made_by(self, tensor: Tensor) -> frozenset[str]:
        """The tensors of the state that made it last."""
        return self.makers.get(key_of(tensor), frozenset())

    def lost_by(self, tensor: Tensor) -> str | None:
        """The operation that nobody could follow on the way to this tensor, if any."""
        return None if self.of(tensor) else self.lost.get(key_of(tensor))

    def write(self, tensor: Tensor, planes: Iterable[Tensor], makers: Iterable[str] = ()) -> None:
        """Say what is known of a new tensor."""
        self._kept.append(tensor)
        key = key_of(tensor)
        self.names.pop(key, None)
        self.planes[key], self.makers[key] = tuple(planes), frozenset(makers)

    def rename(self, tensor: Tensor, name: str) -> None:
        """Say that a tensor is a view of one of the state."""
        self.names[key_of(tensor)] = name

    def lose(self, tensor: Tensor, by: str) -> None:
        """Say that an operation made this tensor whose units nobody could follow."""
        self.lost[key_of(tensor)] = by

    def reads(self, name: str, planes: Tensor, makers: frozenset[str]) -> None:
        """A weight reads its input along the axis that these units of its own lie on."""
        axis = self._axes[int(np.searchsorted(self._starts, int(planes.flatten()[0]), "right")) - 1]
        if axis[0] == name:
            self.read.add(axis)
            self.feeds[axis] = makers

    def uses(self, units: Tensor, importance: Tensor | None = None) -> None:
        """Something reads these units."""
        places = units.flatten().cpu().numpy()
        self._used[places] = True
        if importance is not None:
            np.add.at(self._importance, places, importance.double().flatten().cpu().numpy())

    def trace(self) -> Trace:
        """All that was found."""
        units = self.units.all()
        for number, unit in enumerate(units.tolist()):
            self.bundles.join_two(number, unit)
        importance, used = np.zeros(len(units)), np.zeros(len(units), dtype=bool)
        np.add.at(importance, units, self._importance)
        np.logical_or.at(used, units, self._used)
        ends = [*self._starts[1:], len(units)][: len(self._starts)]  # a net may hold no axis
        axes = {
            axis: units[start:end]
            for axis, start, end in zip(self._axes, self._starts, ends, strict=True)
        }
        return Trace(
            axes,
            self.bundles.all(),
            importance,
            self.read,
            used,
            self.looked_up,
            self.sums,
            self.feeds,
        )


def key_of(tensor: Tensor) -> tuple:
    """Where a tensor lies in memory."""
    return (tensor.data_ptr(), tuple(tensor.shape), tensor.stride())
