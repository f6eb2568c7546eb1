import re
import sys

import pytest

from tenth.errors import TaskError
from tenth.task import Task, load

GOOD = """
import torch
from torch import nn
import tenth
from {sibling} import WIDTH

task = tenth.Task(
    name="from a file",
    model=lambda: nn.Linear(WIDTH, 2),
    batches=lambda seed: [torch.ones(4, WIDTH)],
    loss=lambda model, batch: model(batch).square().mean(),
    score=lambda model, split: 1.0,
    example=(torch.zeros(1, WIDTH),),
)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def written(folder, text, name="my_task.py"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_may_import_its_siblings(folder):
    written(folder, "WIDTH = 3", "sibling_of_a_task.py")
    task = load(written(folder, GOOD.format(sibling="sibling_of_a_task")))
    assert isinstance(task, Task)
    task.check()
    assert task.model().in_features == 3


def test_a_file_may_make_its_task(folder):
    written(folder, "WIDTH = 5", "another_sibling.py")
    text = GOOD.format(sibling="another_sibling") + "\nmade = task\ndel task\n"
    task = load(written(folder, text + "def make_task():\n    return made\n"))
    assert task.name == "from a file"


BROKEN = {
    "syntax": ("x = 1\ny = (2 +\nz = 3 3\n", r"my_task\.py:\d: .*"),
    "syntax shown": ("def f(:\n    pass\n", r"my_task\.py:1: .*: def f\(:"),
    "indent": ("if True:\nx = 1\n", r"my_task\.py:2: .*indent.*: x = 1"),
    "raises": ("x = 1\ny = 1 / 0\n", r"my_task\.py:2: ZeroDivisionError: .*\n +y = 1 / 0"),
    "deeper": ("import json\njson.loads('{')\n", r"my_task\.py:2: JSONDecodeError"),
    "leaves": ("import sys\nsys.exit(3)\n", r"my_task\.py:2: SystemExit: 3"),
    "module": ("import no_such_module_here\n", r":1: ModuleNotFoundError: .*no_such_module_here"),
    "no task": ("x = 1\n", r"neither `task` nor `make_task\(\)`. Add one:\nimport tenth"),
    "other task": ("task = 3\n", r"must be a tenth.Task. Got int 3.*\nimport tenth"),
    "maker raises": ("def make_task():\n    return {}['a']\n", r"my_task\.py:2: KeyError: 'a'"),
    "maker gives": ("def make_task():\n    return 3\n", "must be a tenth.Task"),
    "part missing": (
        "import tenth\ntask = tenth.Task(name='x')\n",
        r"my_task\.py:2: TypeError: .*\n.*\nWrite: model=lambda: .*batches=.*score=",
    ),
    "null byte": (b"x = 1\0\n", "null bytes"),
    "not text": (b"\xff\xfe\x00", "my_task"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_answered_with_its_line(folder, case):
    text, words = BROKEN[case]
    with pytest.raises(TaskError, match=words) as caught:
        load(written(folder, text))
    assert caught.value.exit_code == 2


def test_the_line_may_be_in_a_sibling(folder):
    sibling = written(folder, "\n\nWIDTH = int('three')\n", "bad_sibling.py")
    with pytest.raises(TaskError, match=re.escape(f"{sibling}:3: ValueError")):
        load(written(folder, GOOD.format(sibling="bad_sibling")))


def test_a_missing_file_and_a_folder_are_refused(folder):
    with pytest.raises(TaskError, match="cannot be read: No such file"):
        load(folder / "nothing.py")
    with pytest.raises(TaskError, match="cannot be read: Is a directory"):
        load(folder)


@pytest.mark.parametrize("name", ["life", "digits"])
def test_the_examples_are_right(folder, name):
    load(f"examples/{name}.py").check()
