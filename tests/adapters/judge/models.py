"""Small models as other tools leave them."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

import tiny

WIDTH, HIDDEN = 64, 256


def weights(hidden=HIDDEN, seed=0):
    """Three layers, names and shapes as torch has them."""
    draw = np.random.default_rng(seed)
    sizes = [(hidden, WIDTH), (hidden, hidden), (10, hidden)]
    made = {f"{i}.weight": draw.normal(size=s).astype("f4") / 8 for i, s in enumerate(sizes)}
    return made | {f"{i}.bias": np.zeros(s[0], "f4") for i, s in enumerate(sizes)}


def masked(arrays, share=0.9):
    """The same weights, the smallest set to zero, in a file of the same size."""
    return {
        name: array * (np.abs(array) >= np.quantile(np.abs(array), share))
        if array.ndim > 1
        else array
        for name, array in arrays.items()
    }


def safetensors(path, arrays):
    save_file({name: np.ascontiguousarray(array, "f4") for name, array in arrays.items()}, path)
    return path


def graph(arrays, batch="n"):
    """The program of these weights: Gemm and Relu, by turns."""
    nodes, held = [], "x"
    for i in range(3):
        out = "y" if i == 2 else f"h{i}"
        nodes.append(helper.make_node("Gemm", [held, f"{i}.weight", f"{i}.bias"], [out], transB=1))
        if i < 2:
            nodes.append(helper.make_node("Relu", [out], [f"r{i}"]))
            held = f"r{i}"
    made = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 10])],
        [numpy_helper.from_array(np.asarray(a, "f4"), name) for name, a in arrays.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def onnx_file(path, arrays, **more):
    onnx.save(graph(arrays), str(path), **more)
    return path


def tiny_state(seed=0):
    torch.manual_seed(seed)
    return tiny.build().state_dict()


def tiny_onnx(path, state):
    """The tiny task's network, batch norm folded away by hand."""
    scale = state["1.weight"] / (state["1.running_var"] + 1e-5).sqrt()
    first = state["0.weight"] * scale[:, None]
    shift = (state["0.bias"] - state["1.running_mean"]) * scale + state["1.bias"]
    arrays = {"a": first, "b": shift, "c": state["4.weight"], "d": state["4.bias"]}
    nodes = [
        helper.make_node("Gemm", ["x", "a", "b"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "c", "d"], ["y"], transB=1),
    ]
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(a.numpy(), name) for name, a in arrays.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path
