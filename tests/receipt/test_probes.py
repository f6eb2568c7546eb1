import mmap
import subprocess
import sys
import time

import pytest

from tenth.receipt import probes
from tenth.receipt.probes import PeakMemory, cpu_seconds

MEGABYTE = 1_000_000
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the mark is Linux's")


def touch(size_bytes):
    """Memory that is really there, and new: an allocator would hand out pages it has already."""
    with mmap.mmap(-1, size_bytes) as pages:
        pages.write(b"\1" * MEGABYTE * (size_bytes // MEGABYTE))


def test_the_processor_clock_runs_with_work_and_not_with_sleep():
    begin = cpu_seconds()
    time.sleep(0.1)
    slept = cpu_seconds() - begin
    assert slept < 0.05
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert cpu_seconds() - begin - slept >= 0.1


def test_children_that_ended_are_counted():
    begin, own = cpu_seconds(), time.process_time()
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert cpu_seconds() - begin - (time.process_time() - own) >= 0.25


@on_linux
def test_the_peak_is_of_the_stretch_and_not_of_the_process():
    touch(200 * MEGABYTE)
    stretch = PeakMemory()
    stretch.start()
    kept = touch(50 * MEGABYTE)
    stretch.stop()
    quiet = PeakMemory()
    quiet.start()
    del kept
    quiet.stop()
    peak, later = stretch.figure(), quiet.figure()
    assert peak.label == "measured"
    assert peak.unit == "bytes"
    assert later.value <= peak.value < later.value + 150 * MEGABYTE


@on_linux
def test_a_nested_stretch_does_not_spoil_the_outer_peak():
    outer, inner = PeakMemory(), PeakMemory()
    outer.start()
    touch(150 * MEGABYTE)
    inner.start()
    inner.stop()
    outer.stop()
    assert outer.figure().value >= inner.figure().value + 100 * MEGABYTE


@on_linux
def test_the_peak_never_falls_while_it_runs():
    stretch = PeakMemory()
    stretch.start()
    first = stretch.figure().value
    touch(30 * MEGABYTE)
    second = stretch.figure().value
    third = stretch.figure().value
    stretch.stop()
    assert first <= second <= third <= stretch.figure().value
    assert second >= first + 20 * MEGABYTE


def test_where_the_mark_cannot_be_set_back_only_a_bound_is_known(monkeypatch, tmp_path):
    monkeypatch.setattr(probes, "_SELF", tmp_path / "none")
    stretch = PeakMemory()
    stretch.start()
    stretch.stop()
    figure = stretch.figure()
    assert "upper bound" in figure.source
    assert figure.low < figure.value == figure.high


def test_a_system_that_tells_nothing_gives_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(probes, "_SELF", tmp_path / "none")
    monkeypatch.setattr(probes, "_lifetime_peak", lambda: None)
    stretch = PeakMemory()
    stretch.start()
    stretch.stop()
    assert "no peak of memory" in stretch.figure().reason
