"""The referee as it is called: each kind of model that other tools hand over."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tenth.adapters.judge import judge
from tenth.errors import InputError
from tenth.receipt.judge import NOTHING

from .models import masked, onnx_file, safetensors, tiny, tiny_onnx, tiny_state, weights

FULL = weights()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """A round is one run: what is tested is what is said, not how fast this machine is."""
    import tenth.receipt.judge.timing as timing

    monkeypatch.setattr(timing, "_SAMPLE_SECONDS", 0.0)


def save(path, state):
    torch.save(state, path)
    return path


def test_a_masked_model_of_the_same_size_saves_no_byte(tmp_path):
    before = safetensors(tmp_path / "a.safetensors", FULL)
    after = safetensors(tmp_path / "b.safetensors", masked(FULL))
    judged = judge(before, after)
    assert not judged.saved
    assert NOTHING in judged.verdict
    assert "90 % of its weights are zero, yet" in judged.verdict
    assert "By zstd it would take" in judged.verdict
    assert "weights alone have no program: name their task with --task" in judged.verdict
    assert not judged.runs.ratio.known
    assert judged.notes == []


def test_a_masked_onnx_file_is_timed(tmp_path):
    before = onnx_file(tmp_path / "a.onnx", FULL)
    after = onnx_file(tmp_path / "b.onnx", masked(FULL))
    judged = judge(before, after)
    assert judged.runs.ratio.known
    assert judged.runs.before.label == "measured"
    assert "onnxruntime" in judged.runs.before.source
    assert "1 thread" in judged.runs.before.source
    assert not judged.smaller


def test_a_smaller_network_is_a_saving_and_another_architecture(tmp_path):
    before = onnx_file(tmp_path / "a.onnx", FULL)
    after = onnx_file(tmp_path / "b.onnx", weights(hidden=32))
    judged = judge(before, after)
    assert judged.saved
    assert judged.smaller
    assert judged.verdict.startswith("Saved: the file is")
    assert any("Architectures or formats differ: 1 tensors" in note for note in judged.notes)


def test_int8_by_onnxruntime_is_a_quarter_of_the_bytes(tmp_path):
    quantization = pytest.importorskip("onnxruntime.quantization")
    before = onnx_file(tmp_path / "a.onnx", FULL)
    after = tmp_path / "b.onnx"
    quantization.quantize_dynamic(before, after, weight_type=quantization.QuantType.QInt8)
    judged = judge(before, after)
    assert judged.smaller
    assert judged.after.size_bytes < 0.3 * judged.before.size_bytes
    assert judged.after.weights == judged.before.weights
    assert judged.after.dtypes["I8"] >= judged.before.weights
    assert judged.runs.ratio.known
    assert any("differ" in note for note in judged.notes)


def test_the_same_file_twice_and_a_copy(tmp_path):
    one = onnx_file(tmp_path / "a.onnx", FULL)
    copy = Path(shutil.copy(one, tmp_path / "b.onnx"))
    for other in (one, copy):
        judged = judge(one, other)
        assert judged.verdict == f"Both are the same, byte by byte: {NOTHING}."
        assert not judged.smaller


def test_states_of_torch_run_in_the_model_of_the_task(tmp_path):
    state = tiny_state()
    pruned = {n: torch.zeros_like(t) if n == "0.weight" else t for n, t in state.items()}
    before, after = save(tmp_path / "a.pt", state), save(tmp_path / "b.pt", {"model": pruned})
    judged = judge(before, after, task=tiny.task())
    assert judged.runs.ratio.known
    assert "torch" in judged.runs.before.source
    model = tiny.build()
    model.load_state_dict(state)
    assert judged.runs.score_before.value == pytest.approx(tiny.task().read_score(model, "test"))
    model.load_state_dict(pruned)
    assert judged.runs.score_after.value == pytest.approx(tiny.task().read_score(model, "test"))
    assert "The score on test" in judged.verdict


def test_safetensors_run_in_the_model_of_the_task(tmp_path):
    from safetensors.torch import save_file

    save_file(tiny_state(), tmp_path / "a.safetensors")
    judged = judge(tmp_path / "a.safetensors", tmp_path / "a.safetensors", task=tiny.task())
    assert judged.runs.score_before.known
    assert judged.runs.score_before.value == judged.runs.score_after.value


def test_torch_before_and_onnx_after_through_one_task(tmp_path):
    state = tiny_state()
    before = save(tmp_path / "a.pt", state)
    after = tiny_onnx(tmp_path / "b.onnx", state)
    judged = judge(before, after, task=tiny.task())
    # the same function in another format: the same score
    assert judged.runs.score_after.value == pytest.approx(judged.runs.score_before.value, abs=0.02)
    assert "onnxruntime" in judged.runs.ratio.source
    assert "against torch" in judged.runs.ratio.source
    assert any("Formats differ: torch before, onnx after" in note for note in judged.notes)


def test_weights_of_another_model_are_told_and_the_bytes_still_count(tmp_path):
    state = tiny_state()
    before = save(tmp_path / "a.pt", state)
    after = save(tmp_path / "b.pt", {"0.weight": torch.ones(2, 2)})
    judged = judge(before, after, task=tiny.task())
    assert judged.smaller
    assert "the weights of the task's model" in judged.runs.ratio.reason
    assert not judged.runs.score_after.known
    assert judged.runs.score_before.known


def test_a_smaller_network_has_a_task_of_its_own(tmp_path):
    def build():
        return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))

    before = save(tmp_path / "a.pt", tiny_state())
    after = save(tmp_path / "b.pt", build().state_dict())
    judged = judge(before, after, task=tiny.task(), after_task=tiny.task(model=build))
    assert judged.runs.ratio.known
    assert judged.runs.score_after.known


def test_a_score_that_fails_or_is_no_number_is_unknown(tmp_path):
    before = save(tmp_path / "a.pt", tiny_state())

    def broken(model, split):
        raise RuntimeError("no data here")

    judged = judge(before, before, task=tiny.task(score=broken))
    assert "no data here" in judged.runs.score_before.reason
    judged = judge(before, before, task=tiny.task(score=lambda model, split: float("nan")))
    assert "nan" in judged.runs.score_after.reason
    assert judged.to_json()


def test_files_with_other_inputs_are_each_run_on_their_own(tmp_path):
    import onnx

    from .models import graph

    before = onnx_file(tmp_path / "a.onnx", FULL)
    onnx.save(graph(weights(seed=3), batch=4), str(tmp_path / "b.onnx"))
    assert judge(before, tmp_path / "b.onnx").runs.ratio.known


def test_a_file_that_onnxruntime_refuses_is_told_not_timed(tmp_path):
    import onnx

    from .models import graph

    before = onnx_file(tmp_path / "a.onnx", FULL)
    model = graph(FULL)
    model.graph.node[0].op_type = "Nonsense"
    onnx.save(model, str(tmp_path / "b.onnx"))
    judged = judge(before, tmp_path / "b.onnx")
    assert "onnxruntime cannot run" in judged.runs.ratio.reason
    assert "its time was not measured" in judged.verdict


def test_without_onnxruntime_bytes_are_judged_and_time_is_unknown(tmp_path, monkeypatch):
    before = onnx_file(tmp_path / "a.onnx", FULL)
    after = onnx_file(tmp_path / "b.onnx", weights(hidden=16))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    judged = judge(before, after)
    assert judged.smaller
    assert "pip install onnxruntime" in judged.runs.ratio.reason


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    before = onnx_file(tmp_path / "a.onnx", FULL)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'tenth\[onnx\]'"):
        judge(before, before)


def test_wrong_calls(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", FULL)
    with pytest.raises(InputError, match="threads"):
        judge(path, path, threads=0)
    with pytest.raises(InputError, match="after_task"):
        judge(path, path, after_task=tiny.task())


def test_onnx_files_alone_are_judged_without_torch(tmp_path):
    import subprocess

    onnx_file(tmp_path / "a.onnx", FULL)
    code = (
        "import sys; from tenth.adapters.judge import judge; "
        f"judge(r'{tmp_path}/a.onnx', r'{tmp_path}/a.onnx'); assert 'torch' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_number_of_threads_of_torch_stays_as_it_was(tmp_path):
    before = save(tmp_path / "a.pt", tiny_state())
    held = torch.get_num_threads()
    judge(before, before, task=tiny.task(), threads=2)
    assert torch.get_num_threads() == held
