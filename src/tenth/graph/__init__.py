"""The one representation of a program: counted by the planner, compiled by ship, run by numpy."""

from tenth.graph.count import Count, NodeCount, count
from tenth.graph.dims import Dim
from tenth.graph.interpret import run
from tenth.graph.program import Graph, Node, Value
from tenth.graph.render import text
from tenth.graph.shapes import bind
from tenth.graph.verify import verify

__all__ = [
    "Count",
    "Dim",
    "Graph",
    "Node",
    "NodeCount",
    "Value",
    "bind",
    "count",
    "run",
    "text",
    "verify",
]
