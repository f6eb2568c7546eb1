"""A graph as an ONNX model, for runtimes of others."""

from tenth.ship.onnx.model import NOTE, OPSETS, to_onnx

__all__ = ["NOTE", "OPSETS", "to_onnx"]
