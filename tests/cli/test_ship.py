"""`tenth ship` on the terminal: what it says, when it says it, and what it does not begin."""

import io
import sys
from dataclasses import replace

import numpy as np
import pytest

from tenth.cli import ship, shipping
from tenth.errors import OutputError
from tenth.graph import Graph, Node, Value
from tenth.ship import compile
from tenth.ship.progress import Step


@pytest.fixture(scope="module")
def program():
    weight = np.eye(5, 8, dtype=np.float32)
    node = Node("score", "linear", ("x", "weight"), path="head")
    graph = Graph((Value("x", (1, 8)),), (node,), ("score",), {"weight": weight})
    return compile(graph, np.zeros((1, 8), np.float32))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_folder_of_other_things_is_refused_before_the_task_is_read(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").touch()
    with pytest.raises(OutputError, match=r"Got one with me\.jpg"):
        ship.ship(tmp_path / "no_task.py", tmp_path / "no_model", out=tmp_path / "photos")


@pytest.mark.parametrize(
    ("out", "said"), [(".", "must be a file. Got a folder"), ("no/model.onnx", "No such file")]
)
def test_a_place_for_no_onnx_file_is_refused_before_the_task_is_read(out, said, tmp_path):
    with pytest.raises(OutputError, match=said):
        ship.ship(tmp_path / "no_task.py", tmp_path / "no_model", out=tmp_path / out, to="onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("alive", [True, False])
def test_a_terminal_sees_each_step(monkeypatch, alive):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with shipping.progress("read the task", alive=alive) as on_step:
        on_step(Step("time dense and sparse", 3, 8))
        on_step(Step("build the C"))
        seen = sys.stderr.getvalue()
    for told in ("read the task", "time dense and sparse", "3/8", "build the C"):
        assert told in seen
    assert "\x1b[2K" in seen  # drawn on one line, which is wiped at the end


def test_elsewhere_there_is_silence(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with shipping.progress("read the task") as on_step:
        on_step(Step("build the C"))
    assert sys.stderr.getvalue() == ""


def test_the_table_says_what_was_compared_with_the_original(program, tmp_path):
    assert "this library was compared with the original" in ship._table(program, tmp_path)
    elsewhere = replace(
        program.manifest, target="aarch64-macos", checked_on="the host's build of the same C"
    )
    told = ship._table(replace(program, manifest=elsewhere), tmp_path)
    assert "the host's build of the same C was compared with the original" in told
    assert "by density, not by time" in told


def test_layers_of_one_module_have_names_of_their_own(program, tmp_path):
    layer = program.layers[0]
    twins = tuple(replace(layer, name=name, path="cell") for name in ("cell_0", "cell_1"))
    told = ship._table(replace(program, manifest=replace(program.manifest, layers=twins)), tmp_path)
    assert [row.split()[0] for row in told.splitlines()[1:3]] == ["cell_0", "cell_1"]
