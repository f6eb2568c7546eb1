"""Every op and some nets in ONNX, run by onnxruntime, against the interpreter."""

from pathlib import Path

import numpy as np
import pytest

from nets import SMALL
from tenth.errors import InputError, OutputError, UnsupportedError
from tenth.graph import Graph, Node, Value, run, verify
from tenth.graph.capture import capture
from tenth.graph.ops import OPS
from tenth.ship import to_onnx
from tenth.ship.check import random_inputs, relative_error
from tenth.ship.onnx import NOTE, OPSETS
from tenth.ship.onnx.ops.table import WRITERS

from ..cases import CASES, random_graph
from ..conftest import life_graph, words_graph
from .cases import MORE

REASON = "it is an extra of the tests: pip install 'tenth[onnx]' onnxruntime"
onnx = pytest.importorskip("onnx", reason=REASON)
onnxruntime = pytest.importorskip("onnxruntime", reason=REASON)

# the mean of many numbers about 0 is small beside what rounding makes of them
TOLERANCE = 1e-4


OLD_AND_NEW = (13, 17)
NETS = ("densenet121", "unet", "unet_bilinear", "vit_s16", "minilm_masked", "gpt2", "lstm",
        "gru_tagger")  # fmt: skip


def outputs(path: Path, *inputs: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip((x.name for x in session.get_inputs()), inputs, strict=True)))


def agree(graph: Graph, path: Path, *inputs: np.ndarray) -> None:
    for name, y, expected in zip(
        graph.outputs, outputs(path, *inputs), run(graph, *inputs, dtype=np.float64), strict=True
    ):
        error = relative_error(y, expected)
        assert error <= TOLERANCE, (name, error, y.shape, expected.shape, graph)


def test_every_op_can_be_written_and_is_tested():
    assert set(WRITERS) == set(OPS) == set(CASES) | set(MORE)


@pytest.mark.parametrize("op", sorted(set(CASES) - set(MORE)))
def test_each_op_computes_what_the_interpreter_computes(op, tmp_path):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        case = CASES[op](rng)
        graph = case.graph(rng)
        path = to_onnx(graph, None, tmp_path / "op.onnx", opset=OLD_AND_NEW[seed % 2])
        for shapes in (case.shapes, case.others or case.shapes):
            agree(graph, path, *case.inputs(rng, shapes))


@pytest.mark.parametrize("op", sorted(MORE))
def test_each_op_over_time_or_space_computes_what_the_interpreter_computes(op, tmp_path):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        graph, inputs = MORE[op](rng)
        verify(graph)
        path = to_onnx(graph, None, tmp_path / "op.onnx", opset=OLD_AND_NEW[seed % 2])
        agree(graph, path, *inputs)


@pytest.mark.parametrize("op", ["lstm", "gru"])
def test_the_gates_of_a_recurrent_layer_are_part_of_it(op, tmp_path):
    gates = {"lstm": 4, "gru": 3}[op]
    rng = np.random.default_rng(0)
    constants = {
        "own": rng.standard_normal((gates * 5, 3), np.float32),
        "shift": rng.standard_normal(gates * 5, np.float32),
        "weight": rng.standard_normal((gates * 5, 5), np.float32),
        **({"bias": rng.standard_normal(5, np.float32)} if op == "gru" else {}),
    }
    more = {"states": False} if op == "lstm" else {}
    nodes = (
        Node("gates", "linear", ("x", "own", "shift")),
        Node("y", op, ("gates", *list(constants)[2:]), {"time": 1, "reverse": True, **more}),
    )
    graph = Graph((Value("x", (2, 7, 3)),), nodes, ("y",), constants)
    path = to_onnx(graph, None, tmp_path / "net.onnx")
    agree(graph, path, rng.standard_normal((2, 7, 3), np.float32))
    assert {node.op_type for node in onnx.load(path).graph.node} == {
        "Transpose",
        op.upper(),
        "Squeeze",
    }


@pytest.mark.parametrize("make", [life_graph, words_graph])
def test_a_net_of_several_outputs_and_free_sizes_computes_the_same(make, tmp_path):
    graph = make()
    path = to_onnx(graph, None, tmp_path / "net.onnx")
    for n, h in ((1, 3), (2, 7), (5, 16)):
        sizes = {"n": n, "h": h, "w": h + 1, "l": h}
        agree(graph, path, *random_inputs(graph, sizes, 0))


def test_random_graphs_compute_the_same(tmp_path):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng)
        path = to_onnx(graph, None, tmp_path / "net.onnx")
        agree(graph, path, rng.standard_normal((2, 4, 5, 6), np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_a_network_of_the_benches_computes_the_same(name, tmp_path):
    net = SMALL[name]
    example = net.example()
    graph = capture(net.build(), example)
    path = to_onnx(graph, None, tmp_path / "net.onnx", opset=13)
    agree(graph, path, *(x.numpy() for x in example))


def test_free_sizes_keep_their_names_and_the_file_says_what_others_will_not_skip(tmp_path):
    model = onnx.load(to_onnx(life_graph(), None, tmp_path / "life.onnx"))
    (port,) = model.graph.input
    assert [axis.dim_param or axis.dim_value for axis in port.type.tensor_type.shape.dim] == [
        "n",
        1,
        "h",
        "w",
    ]
    assert model.doc_string == NOTE
    assert "onnxruntime and OpenVINO" in NOTE
    assert {node.doc_string for node in model.graph.node} >= {"count", "mix", "last"}


def test_weights_stand_in_the_file_as_they_are(tmp_path):
    graph = life_graph()
    model = onnx.load(to_onnx(graph, None, tmp_path / "life.onnx"))
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in model.graph.initializer}
    for name, constant in graph.constants.items():
        np.testing.assert_array_equal(arrays[name], constant)


def test_a_module_is_captured(tmp_path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.GELU(), torch.nn.Linear(7, 2))
    path = to_onnx(module, (torch.zeros(1, 5),), tmp_path / "net.onnx")
    x = torch.randn(4, 5)
    (y,) = outputs(path, x.numpy())
    assert relative_error(y, module(x).detach().numpy()) <= TOLERANCE


@pytest.mark.parametrize("opset", [OPSETS.start - 1, OPSETS.stop, "17"])
def test_an_opset_that_cannot_be_written_is_refused(opset, tmp_path):
    with pytest.raises(InputError, match="opset must be from 13 to 17"):
        to_onnx(life_graph(), None, tmp_path / "net.onnx", opset=opset)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_refused_before_anything_is_written_out(tmp_path, monkeypatch):
    monkeypatch.setattr("tenth.ship.onnx.model.write_sheet", None)
    with pytest.raises(OutputError, match="must be a file"):
        to_onnx(life_graph(), None, tmp_path)


def test_an_op_without_a_writer_is_named(tmp_path, monkeypatch):
    monkeypatch.delitem(WRITERS, "sigmoid")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnsupportedError, match=r"node 'next' \(sigmoid\)"):
        to_onnx(life_graph(), None, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_above_what_the_format_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tenth.ship.onnx.model._MOST_BYTES", 100)
    with pytest.raises(InputError, match="below 2 GB"):
        to_onnx(life_graph(), None, tmp_path / "net.onnx")


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(UnsupportedError, match="pip install 'tenth\\[onnx\\]'"):
        to_onnx(life_graph(), None, tmp_path / "net.onnx")


def test_a_weight_read_as_an_image_of_several_shapes_is_written_once(tmp_path):
    """Two layers that share a weight read one constant."""
    rng = np.random.default_rng(0)
    graph = Graph(
        (Value("x", (3, 4)),),
        (Node("a", "linear", ("x", "w")), Node("b", "linear", ("a", "w"))),
        ("b",),
        {"w": rng.standard_normal((4, 4), np.float32)},
    )
    path = to_onnx(graph, None, tmp_path / "net.onnx")
    assert len(onnx.load(path).graph.initializer) == 1
    agree(graph, path, rng.standard_normal((3, 4), np.float32))
