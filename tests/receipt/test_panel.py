"""Instruments together: who is believed, whose work it is, what is missing."""

import os
import threading
import time

import pytest

from tenth.errors import InputError
from tenth.figures import Figure
from tenth.receipt import Meter, facts, panel
from tenth.receipt.instruments import INSTRUMENTS, UserMeter
from tenth.receipt.instruments.model import Model
from tenth.receipt.instruments.nvml import Nvml
from tenth.receipt.instruments.rapl import Rapl
from tenth.receipt.panel import Metering

from .instruments.fakes import WATTS, nvml, powercap


@pytest.fixture
def boards(monkeypatch):
    """A machine with one NVIDIA board, and its library."""
    monkeypatch.setattr(facts, "accelerators", lambda: ["nvidia0"])
    fake = nvml()
    fake.joules = [1000.0]
    return fake


def table(fake=None, root=None):
    """Instruments of a machine with these."""
    found = {"model": lambda meter: Model(WATTS)}
    if root is not None:
        found = {"RAPL": lambda meter: Rapl(root), **found}
    if fake is not None:
        found = {"NVML": lambda meter: Nvml(fake, environment={}), **found}
    return found


def run(metering, work=lambda: None):
    with Meter("a", metering=metering) as meter:
        work()
    return meter.stage


def test_each_instrument_leaves_its_fate_on_the_receipt():
    notes = run(Metering()).notes
    for name in INSTRUMENTS:
        assert f"{name}: " in notes["instruments"]
    assert notes["scope"] == "process"


def test_parts_do_not_repeat_what_the_whole_says():
    with Meter("whole") as whole, whole.part("inner") as inner:
        pass
    assert "instruments" in whole.stage.notes
    assert "instruments" not in inner.stage.notes
    assert whole.stage.price is not None
    assert inner.stage.price is None


def test_boards_of_a_process_that_computes_on_them(boards, monkeypatch):
    monkeypatch.setattr(panel, "computes", lambda: True)

    def work():
        boards.joules = [1007.0]

    stage = run(Metering(table=table(boards)), work)
    assert stage.figures["energy_joules_accelerators"].value == pytest.approx(7.0)
    assert stage.figures["energy_joules"].value > 7.0
    assert stage.notes["boards"] == "GPU-0000-aa"


def test_boards_are_not_those_of_a_process_that_opened_none(boards, monkeypatch):
    monkeypatch.setattr(panel, "computes", lambda: False)
    stage = run(Metering(table=table(boards)))
    assert stage.figures["energy_joules"].known
    assert "energy_joules_accelerators" not in stage.figures
    assert "this process opened none" in stage.notes["instruments"]
    stage = run(Metering("machine", table=table(boards)))
    assert not stage.figures["energy_joules_accelerators"].known  # it did not move


def test_boards_that_nothing_reads_make_the_energy_unknown(boards, monkeypatch):
    monkeypatch.setattr(panel, "computes", lambda: True)
    figures = run(Metering(table=table())).figures
    assert "accelerators are not metered" in figures["energy_joules"].reason
    assert "accelerators are not metered" in figures["carbon_gco2e"].reason
    assert figures["energy_joules_processor"].known


def test_a_process_has_a_share_and_the_machine_all(tmp_path, monkeypatch):
    root = powercap(tmp_path / "p", package_0=0)

    def work():
        powercap(root, package_0=40_000_000)
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass

    monkeypatch.setattr(panel.scopes, "busy_seconds", lambda *_: 4 * time.process_time())
    figure = run(Metering(table=table(root=root)), work).figures["energy_joules_processor"]
    assert figure.label == "modelled"
    assert figure.value == pytest.approx(10.0, rel=0.1)
    powercap(root, package_0=0)
    figure = run(Metering("machine", table=table(root=root)), work).figures[
        "energy_joules_processor"
    ]
    assert figure.value == pytest.approx(40.0)
    assert figure.label == "measured"


def test_a_meter_of_the_users_reads_the_machine(tmp_path):
    path = tmp_path / "joules"
    path.write_text("100")

    def work():
        path.write_text("145")

    stage = run(Metering(meter=UserMeter(path, unit="J")), work)
    assert stage.figures["energy_joules"].value == pytest.approx(45.0)
    assert stage.figures["energy_joules"].label == "measured"
    assert stage.figures["energy_joules_rest"].known
    assert "external meter: reads whole" in stage.notes["instruments"]


def test_variables_set_the_scope_and_the_meter(tmp_path, monkeypatch):
    path = tmp_path / "joules"
    path.write_text("100")
    monkeypatch.setenv("TENTH_SCOPE", "machine")
    monkeypatch.setenv("TENTH_METER_FILE", str(path))
    monkeypatch.setenv("TENTH_METER_UNIT", "J")
    stage = run(Metering(), lambda: path.write_text("160") and None)
    assert stage.notes["scope"] == "machine"
    assert stage.figures["energy_joules"].value == pytest.approx(60.0)


@pytest.mark.parametrize(("name", "value"), [("TENTH_SCOPE", "all"), ("TENTH_METER_UNIT", "hp")])
def test_wrong_variables_are_told_before_the_work(name, value, monkeypatch, tmp_path):
    monkeypatch.setenv("TENTH_METER_FILE", str(tmp_path / "x"))
    monkeypatch.setenv(name, value)
    began = []
    with pytest.raises(InputError), Meter("a"):
        began.append(1)
    assert not began
    monkeypatch.undo()
    with Meter("b") as meter:  # nothing was left open
        pass
    assert meter.stage.name == "b"


def test_power_is_sampled_while_the_work_goes_on(boards, monkeypatch):
    monkeypatch.setattr(panel, "computes", lambda: True)
    fake = nvml(energy=False)
    reads = []
    usage = fake.nvmlDeviceGetPowerUsage
    enough = threading.Event()

    def counting(handle):
        reads.append(1)
        if len(reads) >= 6:
            enough.set()
        return usage(handle)

    fake.nvmlDeviceGetPowerUsage = counting
    stage = run(Metering(table=table(fake)), lambda: enough.wait(20) and None)
    assert enough.is_set()
    seconds = stage.figures["wall_seconds"].value
    joules = stage.figures["energy_joules_accelerators"]
    assert joules.value == pytest.approx(100 * seconds, rel=0.2)
    assert not [t for t in threading.enumerate() if t.name == "tenth meter"]


def test_without_an_instrument_that_needs_it_no_thread_is_started():
    with Meter("a", metering=Metering(table=table())):
        assert not [t for t in threading.enumerate() if t.name == "tenth meter"]


def test_memory_of_a_wider_scope_is_the_mean_over_the_time(monkeypatch):
    used = iter([1e9, *[3e9] * 100])
    monkeypatch.setattr(panel.scopes, "_used_memory", lambda path: next(used))
    stage = run(Metering("machine", table=table()), lambda: time.sleep(0.01))
    seconds = stage.figures["wall_seconds"].value
    memory = stage.figures["energy_joules_memory"].value
    assert memory == pytest.approx(3 * 0.3725 * seconds, rel=0.4)


def test_a_child_that_was_forked_has_a_meter_of_its_own():
    with Meter("outer") as outer:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            with Meter("child") as child:
                pass
            os.write(write, b"own" if "instruments" in child.stage.notes else b"part")
            os._exit(0)
        os.waitpid(pid, 0)
        told = os.read(read, 10)
        os.close(read), os.close(write)
    assert told == b"own"
    assert outer.stage.parts == []


def test_a_figure_of_something_else_stands_beside_the_meters_own():
    theirs = Figure(9.0, "J", label="modelled", source="another tool")
    with Meter("a") as meter:
        meter.add_figure("other_energy_joules", theirs)
        with pytest.raises(InputError, match="does not make"):
            meter.add_figure("energy_joules", theirs)
    assert meter.stage.figures["other_energy_joules"] == theirs
    assert meter.stage.figures["energy_joules"] != theirs
