"""Compiling a model to plain C that runs alone."""

from tenth.ship.build import compile
from tenth.ship.manifest import Layer
from tenth.ship.onnx import to_onnx
from tenth.ship.program import Program, load

__all__ = ["Layer", "Program", "compile", "load", "to_onnx"]
