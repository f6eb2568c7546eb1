"""Boards of both vendors, by libraries that look like theirs."""

import subprocess
import sys

import pytest

from tenth.receipt.instruments.amdsmi import AmdSmi
from tenth.receipt.instruments.face import NOT_OURS_ALONE
from tenth.receipt.instruments.nvml import Nvml
from tenth.receipt.instruments.visible import visible

from .fakes import BURN, NVMLError, amdsmi, nvml

VENDORS = {"NVML": (Nvml, nvml), "AMD SMI": (AmdSmi, amdsmi)}


def after(instrument, fake, seconds, watts, step=1.0):
    """The figure after some seconds at some watts a board."""
    mark = instrument.mark()
    for tick in range(1, round(seconds / step) + 1):
        fake.joules = [joules + watts * step for joules in fake.joules]
        instrument.sample(tick * step)
    return instrument.since(mark, BURN).get("accelerators")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_hundred_watts_for_36_seconds_is_one_watt_hour(vendor):
    kind, make = VENDORS[vendor]
    fake = make()
    figure = after(kind(fake, environment={}, now=0.0), fake, 36, 100.0)
    assert figure.value / 3600 == pytest.approx(1.0, rel=1e-5)
    assert figure.label == "measured"
    assert vendor in figure.source
    assert NOT_OURS_ALONE in figure.source
    assert figure.low < 3600 < figure.high


@pytest.mark.parametrize("vendor", VENDORS)
def test_boards_add_up(vendor):
    kind, make = VENDORS[vendor]
    fake = make(count=4)
    one = kind(fake, environment={}, now=0.0)
    assert after(one, fake, 10, 50.0).value == pytest.approx(2000.0, rel=1e-4)
    assert len(one.kept["boards"].split()) == 4


def test_a_board_without_an_energy_counter_is_read_by_its_power():
    fake = nvml(energy=False)
    one = Nvml(fake, environment={}, now=0.0)
    assert one.period == 0.1
    figure = after(one, fake, 36, 0.0, step=0.1)
    assert figure.value / 3600 == pytest.approx(1.0)
    assert "power read at 10 Hz" in figure.source


def test_amd_power_stands_in_too_and_words_are_no_numbers():
    fake = amdsmi(accumulator=None)
    one = AmdSmi(fake, environment={}, now=0.0)
    assert after(one, fake, 36, 0.0, step=0.1).value / 3600 == pytest.approx(1.0)


def test_an_older_library_calls_the_same_counter_power():
    fake = amdsmi(accumulator="power")
    assert after(AmdSmi(fake, environment={}, now=0.0), fake, 10, 10.0).value == pytest.approx(
        100.0, rel=1e-3
    )


def test_a_package_of_two_dies_counts_once():
    fake = amdsmi(count=4, dies=True)
    one = AmdSmi(fake, environment={}, now=0.0)
    assert one.kept["boards"] == "amd-0 amd-2"
    assert after(one, fake, 10, 10.0).value == pytest.approx(200.0, rel=1e-3)


def test_boards_of_one_name_all_count():
    fake = amdsmi(count=3)
    fake.amdsmi_get_gpu_device_uuid = lambda handle: "0000"
    one = AmdSmi(fake, environment={}, now=0.0)
    assert after(one, fake, 10, 10.0).value == pytest.approx(300.0, rel=1e-3)
    assert len(one.kept["boards"].split()) == 3


def test_a_board_that_tells_nothing_is_missing():
    one = Nvml(nvml(energy=False, power=False), environment={}, now=0.0)
    figure = one.since(one.mark(), BURN)["accelerators"]
    assert "neither energy nor power of GPU-0000" in figure.reason


def test_one_board_that_goes_silent_makes_the_sum_missing():
    fake = nvml(count=2)
    one = Nvml(fake, environment={}, now=0.0)
    mark = one.mark()
    fake.joules = [500.0, 0.0]
    one.sample(5.0)
    assert "GPU-0001-aa did not move" in one.since(mark, BURN)["accelerators"].reason


def test_a_driver_that_was_loaded_anew_is_missing():
    fake = nvml()
    fake.joules = [9e6]
    one = Nvml(fake, environment={}, now=0.0)
    mark = one.mark()
    fake.joules = [1.0]
    one.sample(5.0)
    assert "jumped back" in one.since(mark, BURN)["accelerators"].reason


@pytest.mark.parametrize(
    ("chosen", "boards"),
    [
        ("0,1", "GPU-0000-aa GPU-0001-aa"),
        ("2", "GPU-0002-aa"),
        ("GPU-0001", "GPU-0001-aa"),
        ("1,-1,0", "GPU-0001-aa"),
        ("1,9,0", "GPU-0001-aa"),
        ("1,1", "GPU-0001-aa"),
    ],
)
def test_only_boards_that_the_process_may_use_count(chosen, boards):
    one = Nvml(nvml(count=3), environment={"CUDA_VISIBLE_DEVICES": chosen})
    assert one.kept["boards"] == boards


@pytest.mark.parametrize("chosen", ["", "-1", "MIG-1234", "GPU-"])
def test_a_process_that_may_use_no_whole_board_has_none(chosen):
    one = Nvml(nvml(count=3), environment={"CUDA_VISIBLE_DEVICES": chosen})
    assert "no board that this process may use" in one.missing
    assert one.since(one.mark(), BURN) == {}


def test_without_a_choice_all_are_visible():
    assert visible(["a", "b"], {}, ("X",)) == [0, 1]
    assert visible(["a", "b"], {"Y": "1"}, ("X", "Y")) == [1]


def test_a_library_that_fails_is_missing_with_its_words():
    fake = nvml()

    def refuse():
        raise NVMLError("Driver/library version mismatch")

    fake.nvmlInit = refuse
    assert "version mismatch" in Nvml(fake, environment={}).missing


def test_a_machine_without_boards_does_not_load_a_library(tmp_path):
    assert Nvml(devices=tmp_path).missing == "no NVIDIA accelerator here"
    assert AmdSmi(devices=tmp_path).missing == "no AMD accelerator here"
    code = "import sys; from tenth.receipt import Meter\nwith Meter('a'): pass\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"pynvml", "amdsmi"} & set(loaded.split())


def test_the_real_library_says_why_it_cannot_here(tmp_path):
    (tmp_path / "nvidia0").touch()
    one = Nvml(devices=tmp_path, environment={"CUDA_VISIBLE_DEVICES": ""})
    assert one.missing


def test_a_missing_package_is_told_how_to_get(tmp_path, monkeypatch):
    (tmp_path / "nvidia0").touch()
    (tmp_path / "kfd").touch()
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    assert "tenth[gpu]" in Nvml(devices=tmp_path).missing
    assert "ROCm" in AmdSmi(devices=tmp_path).missing
