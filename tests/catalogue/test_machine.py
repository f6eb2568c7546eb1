import os

import pytest

from tenth.catalogue import machine


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("", 8), ("rubbish", 8)],
)
def test_threads_respect_the_quota_of_a_container(quota, expected, tmp_path, monkeypatch):
    path = tmp_path / "cpu.max"
    path.write_text(quota + "\n")
    monkeypatch.setattr(machine, "_CPU_QUOTA", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert machine.threads() == expected


def test_memory_respects_the_limit_of_a_container(tmp_path, monkeypatch):
    path = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_MEMORY_LIMIT", path)
    whole = machine.memory_bytes()
    path.write_text("max\n")
    assert machine.memory_bytes() == whole
    path.write_text("1048576\n")
    assert machine.memory_bytes() == 1 << 20


def test_a_system_that_says_nothing_is_none(monkeypatch):
    def silent(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", silent)
    assert machine.memory_bytes() is None


def test_the_cpu_is_called_what_it_calls_itself(tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nmodel name\t: Fancy 9000 @ 3 GHz\n")
    monkeypatch.setattr(machine, "_CPU_INFO", path)
    assert machine.cpu_name() == "Fancy 9000 @ 3 GHz"
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "absent")
    assert machine.cpu_name()
