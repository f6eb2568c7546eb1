"""The networks of the benches and tests: plain torch, random weights, any width and depth."""

from nets.settle import settled
from nets.table import NETS, SMALL, Net

__all__ = ["NETS", "SMALL", "Net", "settled"]
