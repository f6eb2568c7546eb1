"""From a model to a program, and all that may go wrong on the way."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

from tenth.errors import CompileError, InputError
from tenth.graph import Graph, Node, Value
from tenth.kernels import sources
from tenth.ship import check, compile
from tenth.ship.check import relative_error

from .conftest import life_graph

BOARD = np.zeros((1, 1, 16, 16), np.float32)


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(32, 10)
        )

    def forward(self, x):
        return self.head(self.features(x))


def pruned(module: nn.Module, density: float) -> nn.Module:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                parameter.mul_(torch.rand_like(parameter) < density)
    return module


def test_a_module_becomes_a_program_that_computes_the_same():
    model = pruned(Classifier(), 0.2)
    program = compile(model, (torch.zeros(1, 1, 8, 8),), name="digits")
    assert model.training
    assert [layer.path for layer in program.layers] == ["features.0", "head.3"]
    assert program.manifest.relative_error <= check.LIMIT
    x = torch.randn(5, 1, 12, 10)
    expected = model.eval()(x).detach().numpy()
    assert relative_error(program(x.numpy()), expected) < 1e-5


def test_each_step_is_told_as_it_begins():
    steps = []
    graph = life_graph()
    program = compile(graph, BOARD, on_step=steps.append)
    timed = [layer for layer in program.layers if layer.sparse_seconds is not None]
    tried = [(step.done, step.total) for step in steps if step.doing == "time dense and sparse"]
    assert tried == [(i, len(timed)) for i in range(len(timed))]
    doing = list(dict.fromkeys(step.doing for step in steps))
    assert doing == [
        "follow the model",
        "build the kernels that are tried",
        "time dense and sparse",
        "build the C",
        "compare with the original",
    ]


def test_an_example_may_be_one_array():
    linear = nn.Linear(3, 2)
    program = compile(linear, np.zeros((4, 3), np.float32))
    assert program(np.ones((2, 3), np.float32)).shape == (2, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "pdp11"}, r"target must be one of host, .*\. Got 'pdp11'"),
        ({"name": "My Model"}, "name of a program must be"),
        ({"values": "int8"}, r"values must be one of float32, float16, bfloat16\. Got 'int8'"),
        ({"threads": 0}, r"threads must be 1 or more.*Got 0"),
        ({"model": "resnet50"}, r"model must be a torch module or a graph\. Got str"),
        ({"example": np.zeros((1, 2, 16, 16), np.float32)}, "'board' must be of shape"),
        ({"example": ()}, r"number of inputs must be 1\. Got 0"),
        ({"example": ["a"]}, "'board' must be of shape"),
    ],
)
def test_wrong_calls_are_refused(changes, message):
    arguments = {"model": life_graph(), "example": BOARD, **changes}
    model, example = arguments.pop("model"), arguments.pop("example")
    with pytest.raises(InputError, match=message):
        compile(model, example, **arguments)


def test_weights_that_are_no_numbers_are_refused():
    graph = life_graph()
    graph.constants["mix_bias"][0] = np.nan
    with pytest.raises(InputError, match="'mix_bias' must be finite"):
        compile(graph, BOARD)


def test_a_weight_that_is_computed_is_refused():
    graph = Graph(
        (Value("x", (2, 3)), Value("w", (4, 3))),
        (Node("y", "linear", ("x", "w"), path="mixer"),),
        ("y",),
    )
    with pytest.raises(InputError, match=r"weight of node 'y'.*must be a constant"):
        compile(graph, (np.zeros((2, 3)), np.zeros((4, 3))))


def test_a_compiler_that_fails_is_an_error(monkeypatch):
    monkeypatch.setenv("CC", "/bin/false")
    with pytest.raises(CompileError, match="/bin/false"):
        compile(life_graph(), BOARD)


def test_a_program_that_computes_something_else_is_not_given_out(monkeypatch):
    source = sources.source
    monkeypatch.setattr(
        sources, "source", lambda names: source(names).replace("1 / (1 + ", "1 / (1.001f + ")
    )
    with pytest.raises(CompileError, match=r"within 0\.0001 of the interpreter"):
        compile(life_graph(), BOARD)


def test_a_program_that_differs_from_the_model_is_not_given_out(monkeypatch):
    model = nn.Linear(3, 2)
    run = check.runner(model, (torch.zeros(1, 3),))
    assert run is not None
    monkeypatch.setattr(
        "tenth.ship.build.runner", lambda *_: lambda inputs: [y * 1.01 for y in run(inputs)]
    )
    with pytest.raises(CompileError, match="of the model"):
        compile(model, torch.zeros(1, 3))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_in_compiling_leaves_nothing(tmp_path):
    slow = tmp_path / "slow.sh"
    slow.write_text(f'#!/bin/sh\ntouch "{tmp_path}/here"\nexec sleep 60\n')
    slow.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    code = (
        "import numpy as np\nfrom tenth.graph import Graph, Node, Value\nimport tenth.ship\n"
        "g = Graph((Value('x', (2,)),), (Node('y', 'relu', ('x',)),), ('y',))\n"
        f"tenth.ship.compile(g, np.zeros(2)).save({str(work / 'out')!r})"
    )
    environment = {**os.environ, "CC": str(slow), "TMPDIR": str(work)}
    run = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    for _ in range(400):
        if (tmp_path / "here").exists():
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=20) != 0
    assert list(work.iterdir()) == []


def test_the_relative_error_by_hand():
    ones = np.ones(4, np.float32)
    assert relative_error(ones, ones) == 0
    assert relative_error(ones * 1.5, ones) == pytest.approx(0.5)
    assert relative_error(ones * 0, ones * 0) == 0
    assert relative_error(ones, ones * 0) == pytest.approx(2)
    assert relative_error(ones[:3], ones) == np.inf
    assert relative_error(ones * np.nan, ones) == np.inf
    assert relative_error(ones * np.nan, ones * np.nan) == 0
    assert relative_error(ones, ones * np.nan) == np.inf
    assert relative_error(ones * np.inf, ones * np.inf) == 0
    assert relative_error(ones, ones * np.inf) == np.inf
