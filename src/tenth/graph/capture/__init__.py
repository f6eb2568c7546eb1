"""From a torch module to a graph. The only part of this room that loads torch."""

from tenth.graph.capture.export import capture

__all__ = ["capture"]
