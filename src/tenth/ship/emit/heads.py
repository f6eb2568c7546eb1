"""Attention that can run on panels: its heads are read and written where the layers have them.

    query, key, value [N, L, heads * depth] --> reshape, transpose --> attention
                                            --> transpose, reshape --> [N, L, heads * width]

The moves in between take no time at all if the kernel knows where a head's channels are. A query,
key or value may also be some channels of one value, as where one layer makes all three.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tenth.graph.program import Graph, Node
from tenth.graph.shape_rules import Shape

_SWAPPED = (0, 2, 1, 3)


@dataclass(frozen=True)
class Source:
    """Channels of a value, from `first` on; `through` are the nodes that bring them to heads."""

    value: str
    first: int
    through: tuple[str, ...]


@dataclass(frozen=True)
class Heads:
    """An attention whose moves are left out. It writes value `end`; `inner` nodes do not run."""

    query: Source
    key: Source
    value: Source
    mask: str | None
    inner: tuple[str, ...]
    end: str

    def sources(self) -> tuple[Source, Source, Source]:
        """What it reads, but for the mask."""
        return self.query, self.key, self.value


def find_heads(graph: Graph, shapes: Mapping[str, Shape]) -> dict[str, Heads]:
    """The attention nodes that can run on panels, by name."""
    found = _Finder(graph, shapes)
    heads = {node.name: found.heads(node) for node in graph.nodes if node.op == "attention"}
    return {name: one for name, one in heads.items() if one is not None}


class _Finder:
    """Follows the moves around an attention."""

    def __init__(self, graph: Graph, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self.nodes = {node.name: node for node in graph.nodes}
        readers = Counter(name for node in graph.nodes for name in node.inputs)
        self.alone = {name for name, count in readers.items() if count == 1} - set(graph.outputs)
        self.follower = {
            name: node for node in graph.nodes for name in node.inputs if name in self.alone
        }

    def heads(self, node: Node) -> Heads | None:
        """The attention with what is around it, if that is as it must be."""
        query, key, value = (self._source(name) for name in node.inputs[:3])
        ends = self._ends(node)
        if query is None or key is None or value is None or ends is None:
            return None
        through = (*query.through, *key.through, *value.through)
        mask = node.inputs[3] if len(node.inputs) > 3 else None
        return Heads(query, key, value, mask, (*through, node.name, ends[0]), ends[1])

    def _source(self, name: str) -> Source | None:
        transpose = self.nodes.get(name)
        if not self._swaps(transpose, name):
            return None
        assert transpose is not None
        reshape = self.nodes.get(transpose.inputs[0])
        if reshape is None or reshape.op != "reshape" or reshape.name not in self.alone:
            return None
        whole = reshape.inputs[0]
        if not self._splits(self.shapes[whole], self.shapes[reshape.name]):
            return None
        through = (name, reshape.name)
        part = self.nodes.get(whole)
        if part is not None and self._is_slice(part):
            return Source(part.inputs[0], part.attributes["start"], (*through, whole))
        return Source(whole, 0, through)

    def _ends(self, node: Node) -> tuple[str, str] | None:
        transpose = self.follower.get(node.name)
        if transpose is None or not self._swaps(transpose, transpose.name):
            return None
        reshape = self.follower.get(transpose.name)
        if reshape is None or reshape.op != "reshape":
            return None
        if not self._splits(self.shapes[reshape.name], self.shapes[transpose.name]):
            return None
        return transpose.name, reshape.name

    def _swaps(self, node: Node | None, name: str) -> bool:
        return (
            node is not None
            and node.op == "transpose"
            and node.attributes["order"] == _SWAPPED
            and name in self.alone
        )

    def _splits(self, whole: Shape, heads: Shape) -> bool:
        """[N, L, C] against [N, L, heads, C / heads]."""
        return len(whole) == 3 and len(heads) == 4 and whole[:2] == heads[:2]

    def _is_slice(self, node: Node) -> bool:
        return (
            node.op == "slice"
            and node.name in self.alone
            and node.attributes["axis"] == len(self.shapes[node.name]) - 1
            and node.attributes["start"] >= 0
            and node.attributes["step"] == 1
        )
