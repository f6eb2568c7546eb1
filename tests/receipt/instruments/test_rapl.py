import pytest

from tenth.receipt.instruments import rapl
from tenth.receipt.instruments.face import Burn
from tenth.receipt.instruments.rapl import WHOLE_SOCKETS, Rapl

from .fakes import BURN, RANGE, powercap


@pytest.fixture(autouse=True)
def _intel(monkeypatch):
    monkeypatch.setattr(rapl, "_is_amd", lambda: False)


def joules(meter, mark, burn=BURN):
    return {name: figure.value for name, figure in meter.since(mark, burn).items()}


def test_sockets_and_memory_are_told_apart(tmp_path):
    root = powercap(tmp_path / "p", package_0=5, package_1=10, dram=0, core=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    powercap(root, package_0=2_000_005, package_1=3_000_010, dram=500_000, core=9_000_000)
    meter.sample(1.0)
    assert joules(meter, mark) == pytest.approx({"processor": 5.0, "memory": 0.5})
    assert meter.has_memory
    figure = meter.since(mark, BURN)["processor"]
    assert figure.label == "measured"
    assert figure.source == WHOLE_SOCKETS


def test_the_platform_counter_is_not_added_to_the_packages_in_it(tmp_path):
    root = powercap(tmp_path / "p", package_0=0, psys=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    powercap(root, package_0=1_000_000, psys=7_000_000)
    meter.sample(1.0)
    assert joules(meter, mark) == pytest.approx({"processor": 1.0})
    assert not meter.has_memory


def test_a_counter_that_starts_anew_loses_nothing(tmp_path):
    root = powercap(tmp_path / "p", package_0=RANGE - 1_000_000)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    powercap(root, package_0=999_999)
    meter.sample(1.0)
    assert joules(meter, mark) == pytest.approx({"processor": 2.0})


def test_a_hundred_watts_for_36_seconds_is_one_watt_hour(tmp_path):
    root = powercap(tmp_path / "p", package_0=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    for second in range(1, 37):
        powercap(root, package_0=second * 100_000_000)
        meter.sample(float(second))
    assert joules(meter, mark)["processor"] / 3600 == pytest.approx(1.0)


@pytest.mark.parametrize(("amd", "expected"), [(True, 1.0), (False, 2.0)])
def test_dies_of_an_amd_package_repeat_its_counter(tmp_path, monkeypatch, amd, expected):
    monkeypatch.setattr(rapl, "_is_amd", lambda: amd)
    root = powercap(tmp_path / "p", package_0_die_0=0, package_0_die_1=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    powercap(root, package_0_die_0=1_000_000, package_0_die_1=1_000_000)
    meter.sample(1.0)
    assert joules(meter, mark)["processor"] == pytest.approx(expected)


def test_a_process_is_charged_its_share_of_the_processor_time(tmp_path):
    root = powercap(tmp_path / "p", package_0=0, dram=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    powercap(root, package_0=100_000_000, dram=10_000_000)
    meter.sample(1.0)
    figure = meter.since(mark, Burn(10.0, 36.0, 1e9, share=0.25))["processor"]
    assert figure.value == pytest.approx(25.0)
    assert figure.label == "modelled"
    assert figure.bounds()[1:] == pytest.approx((25 * 0.55, 25 * 1.45))
    assert "share of processor time" in figure.source
    whole = meter.since(mark, Burn(10.0, 36.0, 1e9, share=1.0))["processor"]
    assert whole.high == pytest.approx(110, rel=1e-3)


def test_a_gap_in_which_a_counter_may_have_run_round_twice_makes_it_unknown(tmp_path):
    meter = Rapl(powercap(tmp_path / "p", package_0=0), now=0.0)
    mark = meter.mark()
    meter.sample(RANGE / 1e6 / 700 + 1)
    assert "run round" in meter.since(mark, BURN)["processor"].reason
    assert meter.period == 10.0


def test_a_machine_without_counters_says_so(tmp_path):
    meter = Rapl(tmp_path / "nothing")
    meter.sample(1.0)
    assert meter.missing == "no RAPL counters here"
    assert meter.period is None
    assert meter.since(meter.mark(), BURN) == {}


def test_counters_for_root_only_are_said_to_be_so(tmp_path, monkeypatch):
    root = powercap(tmp_path / "p", package_0=0)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rapl, "_read", refuse)
    assert "root only" in Rapl(root).missing


def test_one_counter_for_root_only_is_enough(tmp_path, monkeypatch):
    root = powercap(tmp_path / "p", package_0=0)
    read = rapl._read

    def refuse(path):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(rapl, "_read", refuse)
    assert "root only" in Rapl(root).missing


def test_a_counter_that_goes_silent_is_missing_and_not_zero(tmp_path):
    root = powercap(tmp_path / "p", package_0=0)
    meter = Rapl(root, now=0.0)
    mark = meter.mark()
    meter.sample(60.0)
    assert "did not move in 60.0 s" in meter.since(mark, BURN)["processor"].reason
    (root / "intel-rapl:0" / "energy_uj").write_text("")
    meter.sample(61.0)
    assert "cannot be read" in meter.since(mark, BURN)["processor"].reason


def test_a_damaged_folder_is_missing_too(tmp_path):
    root = powercap(tmp_path / "p", package_0=0)
    (root / "intel-rapl:0" / "max_energy_range_uj").write_text("many")
    assert "cannot be read" in Rapl(root).missing
