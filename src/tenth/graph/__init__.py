"""The one representation of a program: counted by the planner, compiled by ship, run by numpy."""

from tenth.graph.dims import Dim
from tenth.graph.interpret import run
from tenth.graph.program import Graph, Node, Value
from tenth.graph.verify import verify

__all__ = ["Dim", "Graph", "Node", "Value", "run", "verify"]
