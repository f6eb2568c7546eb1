import pytest

from tenth.receipt import rapl
from tenth.receipt.rapl import Rapl

RANGE = 262_143_328_850


def counters(root, **domains):
    """A folder as Linux lays it out: a folder a domain, named by number."""
    root.mkdir(exist_ok=True)
    for number, (name, micro) in enumerate(domains.items()):
        folder = root / f"intel-rapl:{number}"
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(name.replace("_", "-") + "\n")
        (folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (folder / "energy_uj").write_text(f"{micro}\n")
    return root


@pytest.fixture(autouse=True)
def _intel(monkeypatch):
    monkeypatch.setattr(rapl, "_is_amd", lambda: False)


def test_sockets_and_memory_add_up(tmp_path):
    root = counters(tmp_path / "p", package_0=5, package_1=10, dram=0, core=0)
    meter = Rapl(root)
    counters(root, package_0=2_000_005, package_1=3_000_010, dram=500_000, core=9_000_000)
    meter.sample()
    assert meter.missing == ""
    assert meter.joules == pytest.approx(5.5)
    assert meter.has_memory


def test_the_platform_counter_is_not_added_to_the_packages_in_it(tmp_path):
    root = counters(tmp_path / "p", package_0=0, psys=0)
    meter = Rapl(root)
    counters(root, package_0=1_000_000, psys=7_000_000)
    meter.sample()
    assert meter.joules == pytest.approx(1.0)
    assert not meter.has_memory


def test_a_counter_that_starts_anew_loses_nothing(tmp_path):
    root = counters(tmp_path / "p", package_0=RANGE - 1_000_000)
    meter = Rapl(root)
    counters(root, package_0=999_999)
    meter.sample()
    assert meter.joules == pytest.approx(2.0)


def test_a_hundred_watts_for_36_seconds_is_one_watt_hour(tmp_path):
    root = counters(tmp_path / "p", package_0=0)
    meter = Rapl(root)
    for second in range(1, 37):
        counters(root, package_0=second * 100_000_000)
        meter.sample()
    assert meter.joules / 3600 == pytest.approx(1.0)


@pytest.mark.parametrize(("amd", "joules"), [(True, 1.0), (False, 2.0)])
def test_dies_of_an_amd_package_repeat_its_counter(tmp_path, monkeypatch, amd, joules):
    monkeypatch.setattr(rapl, "_is_amd", lambda: amd)
    root = counters(tmp_path / "p", package_0_die_0=0, package_0_die_1=0)
    meter = Rapl(root)
    counters(root, package_0_die_0=1_000_000, package_0_die_1=1_000_000)
    meter.sample()
    assert meter.joules == pytest.approx(joules)


def test_a_gap_in_which_a_counter_may_have_run_round_twice_makes_it_unknown(tmp_path, monkeypatch):
    root = counters(tmp_path / "p", package_0=0)
    now = [0.0]
    monkeypatch.setattr(rapl.time, "monotonic", lambda: now[0])
    meter = Rapl(root)
    now[0] = 11.0
    assert meter.due
    now[0] = RANGE / 1e6 / 700 + 1
    meter.sample()
    assert "run round" in meter.missing
    meter.sample()
    assert "run round" in meter.missing
    assert not meter.due


def test_a_machine_without_counters_says_so(tmp_path):
    meter = Rapl(tmp_path / "nothing")
    meter.sample()
    assert meter.missing == "no RAPL counters here"
    assert not meter.due


def test_counters_for_root_only_are_said_to_be_so(tmp_path, monkeypatch):
    root = counters(tmp_path / "p", package_0=0)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rapl, "_read", refuse)
    assert "root only" in Rapl(root).missing


def test_a_counter_that_goes_silent_is_missing_and_not_zero(tmp_path):
    root = counters(tmp_path / "p", package_0=0)
    meter = Rapl(root)
    (root / "intel-rapl:0" / "energy_uj").write_text("")
    meter.sample()
    assert "stopped answering" in meter.missing


def test_a_damaged_folder_is_missing_too(tmp_path):
    root = counters(tmp_path / "p", package_0=0)
    (root / "intel-rapl:0" / "max_energy_range_uj").write_text("many")
    assert "cannot be read" in Rapl(root).missing
