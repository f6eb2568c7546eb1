import os
import time

import pytest

from tenth.errors import InputError
from tenth.receipt.scopes import SCOPES, busy_seconds, cgroup, machine, scope

STAT = "cpu  {user} 10 20 5000 300 1 2 40 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"


def test_the_process_is_the_scope_unless_somebody_says_otherwise(monkeypatch):
    monkeypatch.delenv("TENTH_SCOPE", raising=False)
    assert scope().name == "process"
    monkeypatch.setenv("TENTH_SCOPE", "machine")
    assert scope().name == "machine"
    assert scope("process").name == "process"
    assert not scope("machine").is_part
    with pytest.raises(InputError, match="process, cgroup, machine"):
        scope("galaxy")


@pytest.mark.parametrize("name", SCOPES)
def test_each_scope_has_clocks_that_run_here(name):
    one = scope(name)
    before = one.cpu_seconds()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after = one.cpu_seconds()
    assert one.name == name
    assert (before is None) == (after is None)
    assert before is None or after >= before
    memory = one.memory_bytes()
    assert memory is None or memory > 1e6


def test_the_machine_is_busy_where_it_neither_idles_nor_waits(tmp_path):
    path = tmp_path / "stat"
    path.write_text(STAT.format(user=1000))
    assert busy_seconds(path) == pytest.approx(1033 / os.sysconf("SC_CLK_TCK"))


@pytest.mark.parametrize("text", ["", "cpu\n", "cpu a b c\n"])
def test_a_machine_that_tells_nothing_is_unknown(tmp_path, text):
    (tmp_path / "stat").write_text(text)
    assert busy_seconds(tmp_path / "stat") is None
    assert busy_seconds(tmp_path / "none") is None
    one = machine(tmp_path / "none", tmp_path / "none")
    assert one.cpu_seconds() is None
    assert one.memory_bytes() is None


def test_memory_of_the_machine_is_what_is_not_available(tmp_path):
    path = tmp_path / "meminfo"
    path.write_text("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\n")
    assert machine(tmp_path / "x", path).memory_bytes() == 600 * 1024
    path.write_text("MemTotal: many kB\nMemAvailable: 400 kB\n")
    assert machine(tmp_path / "x", path).memory_bytes() is None


def files(folder, **contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_a_group_of_version_2(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/jobs/7\n")
    files(
        tmp_path / "jobs/7", cpu__stat="usage_usec 2500000\nuser_usec 1\n", memory__current="99\n"
    )
    one = cgroup(tmp_path, own)
    assert one.cpu_seconds() == 2.5
    assert one.memory_bytes() == 99.0


def test_a_container_sees_its_group_at_the_root(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/../../elsewhere\n")
    files(tmp_path, cpu__stat="usage_usec 4000000\n", memory__current="7")
    one = cgroup(tmp_path, own)
    assert one.cpu_seconds() == 4.0
    assert one.memory_bytes() == 7.0


def test_a_group_of_version_1(tmp_path):
    own = tmp_path / "own"
    own.write_text("4:memory:/a\n2:cpu,cpuacct:/b\n1:name=systemd:/\n")
    files(tmp_path / "cpu,cpuacct/b", cpuacct__usage="3000000000\n")
    files(tmp_path / "memory", memory__usage_in_bytes="1234\n")
    one = cgroup(tmp_path, own)
    assert one.cpu_seconds() == 3.0
    assert one.memory_bytes() == 1234.0


def test_without_groups_nothing_is_known(tmp_path):
    for text in ("", "0::/\n", "nonsense\n"):
        (tmp_path / "own").write_text(text)
        one = cgroup(tmp_path, tmp_path / "own")
        assert one.cpu_seconds() is None
        assert one.memory_bytes() is None
