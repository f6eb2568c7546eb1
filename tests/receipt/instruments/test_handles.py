import os

import pytest

from tenth.receipt.instruments.handles import computes


def process(proc, pid, *files, children=()):
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    for number, file in enumerate(files):
        (folder / "fd" / str(number)).symlink_to(file)
    (folder / "task" / str(pid)).mkdir(parents=True)
    (folder / "task" / str(pid) / "children").write_text(" ".join(map(str, children)))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["/dev/null", "/tmp/x"], False),
        (["/dev/nvidiactl", "/dev/nvidia0"], False),  # who reads meters opens these
        (["/dev/nvidiactl", "/dev/nvidia-uvm"], True),
        (["/dev/kfd"], True),
        ([], False),
    ],
)
def test_who_computes_has_the_device_open(tmp_path, files, expected):
    process(tmp_path, 7, *files)
    assert computes(tmp_path, 7) is expected


def test_a_descendant_that_computes_counts(tmp_path):
    process(tmp_path, 7, children=[8, 9])
    process(tmp_path, 8, children=[10])
    process(tmp_path, 10, "/dev/nvidia-uvm")
    assert computes(tmp_path, 7) is True


def test_where_the_system_does_not_say_nobody_knows(tmp_path):
    assert computes(tmp_path, 7) is None


def test_this_process_computes_on_no_accelerator():
    assert computes(pid=os.getpid()) in (False, None)
