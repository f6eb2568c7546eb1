"""A saved program timed as a whole: steps, rivals, and what a wrong call gets."""

import json

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import count
from tenth.ship import load, to_onnx
from tenth.ship.bench import measure
from tenth.ship.bench.steps import example_inputs, time_steps

from ..conftest import life_graph, words_graph


@pytest.mark.slow
def test_a_saved_program_is_timed_by_turns_with_onnxruntime(saved, tmp_path):
    pytest.importorskip("onnxruntime", reason="it is an extra of the tests")
    file = to_onnx(life_graph(), None, tmp_path / "life.onnx")
    told = []
    report = measure(saved, against=["onnxruntime"], onnx=file, runs=3, on_step=told.append)
    assert [step.done for step in told if step.total == 3] == [0, 1, 2]
    assert {"load tenth", "load onnxruntime"} <= {step.doing for step in told}
    (race,) = report.races
    ours, theirs = race.timings
    np.testing.assert_allclose(ours.outputs[0], theirs.outputs[0], atol=1e-5)
    assert report.to_json()["races"][0]["contestants"][1]["ratio"]["median"] > 0
    report.save(tmp_path / "bench")
    assert json.loads((tmp_path / "bench" / "bench.json").read_text())["name"] == "life"


def test_each_step_has_a_time_and_each_layer_its_work(saved):
    program = load(saved)
    steps = time_steps(program, example_inputs(program), runs=2)
    assert [step.op for step in steps].count("conv") == 3
    counted = {
        node.name: node for node in count(life_graph(), program.manifest.example_sizes).nodes
    }
    for step in steps:
        assert 0 < step.seconds < 1
    for step in (step for step in steps if step.op == "conv"):
        assert step.path == step.name
        assert step.shape
        assert step.flops == counted[step.name].flops
        assert step.useful_flops == counted[step.name].useful_flops
        assert step.moved_bytes > counted[step.name].activation_bytes


def test_a_program_of_ids_and_of_built_in_weights_is_timed(words):
    steps = time_steps(words, example_inputs(words), runs=2)
    assert {"embedding", "linear", "softmax"} <= {step.op for step in steps}
    table = next(step for step in steps if step.op == "embedding")
    assert table.moved_bytes >= 2 * 7 * 8
    assert words_graph().inputs[0].dtype == "int64"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"against": ["torch"]}, "against must be some of onnxruntime, openvino, deepsparse"),
        ({"against": ["onnxruntime"]}, "--onnx FILE"),
        ({"against": ["onnxruntime"], "onnx": "nowhere.onnx"}, "no nowhere.onnx"),
        ({"runs": 0}, "runs must be 1 or more"),
        ({"threads": [0]}, "threads must be from 1 to"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(saved, wrong, words):
    with pytest.raises(InputError, match=words):
        measure(saved, **wrong)
