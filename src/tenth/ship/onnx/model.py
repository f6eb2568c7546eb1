"""Writing a whole graph as an ONNX file."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from tenth import __version__
from tenth.errors import InputError, UnsupportedError, must
from tenth.files import output_file, write_bytes
from tenth.graph.dims import Size
from tenth.graph.program import Graph
from tenth.graph.shapes import infer, label
from tenth.graph.verify import verify
from tenth.ship.build import captured
from tenth.ship.onnx.ops.sequences import gates
from tenth.ship.onnx.ops.table import WRITERS
from tenth.ship.onnx.sheet import Body, Sheet, Step

OPSETS = range(13, 18)
"""The versions of ONNX's operators that can be written."""

NOTE = (
    "Pruned weights stand in this file as zeros: onnxruntime and OpenVINO store and multiply them "
    "like any other number, so the file is not smaller there and the network not faster. The "
    "program that `tenth ship` compiles leaves them out."
)
_FLOAT = 1  # as ONNX numbers the types
_MOST_BYTES = 2**31 - 2**20  # a message of protobuf, less room for the nodes


def to_onnx(model: Any, example: Any, path: str | Path, *, opset: int = 17) -> Path:
    """Write a model as an ONNX file; its free sizes stay free, by their names.

    Args:
        model: a torch module or a graph.
        example: the arguments of a module, as tensors or numpy arrays; a graph needs none.
        path: the file, such as `model.onnx`.
        opset: the version of ONNX's operators: 17, or an older one for an older runtime.

    Zeros stay in the weights (see NOTE).

    Raises:
        InputError: the opset is none of OPSETS, the weights exceed 2 GB, or the call is wrong.
        UnsupportedError: the model does something that tenth, or this opset, cannot express; or the
            package `onnx` is missing.
        OutputError: the file cannot be written.
    """
    if opset not in OPSETS:
        raise InputError(must("opset", f"from {OPSETS.start} to {OPSETS.stop - 1}", opset))
    output_file(path)
    parts = tuple(example) if isinstance(example, tuple | list) else (example,)
    graph = model if isinstance(model, Graph) else captured(model, parts)[0]
    verify(graph)
    sheet = write_sheet(graph, opset)
    size_bytes = sum(array.nbytes for array in sheet.constants.values())
    if size_bytes > _MOST_BYTES:
        raise InputError(must("the weights of an ONNX file", "below 2 GB", f"{size_bytes} bytes"))
    write_bytes(path, _serialized(sheet))
    return Path(path)


def write_sheet(graph: Graph, opset: int) -> Sheet:
    """The nodes and constants of a verified graph in ONNX.

    Raises:
        UnsupportedError: an op cannot be said in this opset.
    """
    sheet = Sheet(graph, infer(graph), opset, gates(graph))
    for node in graph.nodes:
        if node.name in sheet.gates:
            continue  # the recurrent layer that reads it writes it
        if node.op not in WRITERS:
            raise UnsupportedError(
                must(label(node), "of an op that ONNX has", node.op, "Ship it as C instead.")
            )
        sheet.path = node.path
        WRITERS[node.op](node, sheet)
    return sheet


def _serialized(sheet: Sheet) -> bytes:
    onnx = _package()
    helper, graph = onnx.helper, sheet.graph
    inputs = [_port(onnx, value.name, value.dtype, value.shape) for value in graph.inputs]
    outputs = [_port(onnx, name, "float32", sheet.shapes[name]) for name in graph.outputs]
    constants = [
        onnx.numpy_helper.from_array(array, name) for name, array in sheet.constants.items()
    ]
    nodes = [_node(helper, step) for step in sheet.steps]
    model = helper.make_model(
        helper.make_graph(nodes, "tenth", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", sheet.opset)],
        # the oldest format that holds the opset: runtimes of its time read no younger one
        ir_version=helper.OP_SET_ID_VERSION_MAP["ai.onnx", sheet.opset],
        producer_name="tenth",
        producer_version=__version__,
        doc_string=NOTE,
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _node(helper: Any, step: Step) -> Any:
    attributes = {key: _attribute(helper, value) for key, value in step.attributes.items()}
    name = next(filter(None, step.outputs))
    return helper.make_node(
        step.op, step.inputs, step.outputs, name=name, doc_string=step.path, **attributes
    )


def _attribute(helper: Any, value: Any) -> Any:
    if not isinstance(value, Body):
        return list(value) if isinstance(value, tuple) else value
    nodes = [_node(helper, step) for step in value.steps]
    inputs, outputs = (
        [helper.make_tensor_value_info(name, _FLOAT, None) for name in names]
        for names in (value.inputs, value.outputs)
    )
    return helper.make_graph(nodes, "step", inputs, outputs)


def _port(onnx: Any, name: str, dtype: str, shape: tuple[Size, ...]) -> Any:
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    axes = [size if isinstance(size, int) else str(size) for size in shape]
    return onnx.helper.make_tensor_value_info(name, kind, axes)


def _package() -> Any:
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise UnsupportedError(
            "Writing ONNX needs the package onnx, which is not here. "
            "Run `pip install 'tenth[onnx]'`."
        ) from error
