import os
import sys

import pytest

from tenth.errors import InputError
from tenth.receipt.instruments.external import UNITS, External, UserMeter

from .fakes import BURN


def after(meter, path, readings, step=1.0):
    """The figure after these readings, one a step."""
    one = External(meter, now=0.0)
    mark = one.mark()
    for tick, text in enumerate(readings, 1):
        path.write_text(text)
        one.sample(tick * step)
    return one.since(mark, BURN).get("whole")


def test_a_file_of_watts_for_36_seconds_is_one_watt_hour(tmp_path):
    path = tmp_path / "watts"
    path.write_text("100\n")
    figure = after(UserMeter(path), path, ["100"] * 72, step=0.5)
    assert figure.value / 3600 == pytest.approx(1.0)
    assert figure.label == "measured"
    assert str(path) in figure.source


@pytest.mark.parametrize("unit", [unit for unit, joules in UNITS.items() if joules])
def test_a_file_of_energy_is_read_in_its_unit(tmp_path, unit):
    path = tmp_path / "energy"
    path.write_text("5")
    one = UNITS[unit]
    readings = [str(5 + 3600 * second / 36 / one) for second in range(1, 37)]
    assert after(UserMeter(path, unit=unit), path, readings).value == pytest.approx(3600.0)


def test_a_meter_that_counts_in_steps_may_step_at_any_moment(tmp_path):
    path = tmp_path / "kwh"
    path.write_text("17.31")
    figure = after(UserMeter(path, unit="kWh"), path, ["17.31", "17.32"], step=0.001)
    assert figure.value == pytest.approx(36_000)
    assert figure.bounds()[1:] == pytest.approx((0, 36_000 * 2.05))  # it tells no less apart
    path.write_text("17.3100")
    figure = after(UserMeter(path, unit="kWh"), path, ["17.3200"], step=1.0)
    assert figure.bounds()[1:] == pytest.approx((36_000 * 0.94, 36_000 * 1.06))


def test_a_meter_that_was_set_back_is_missing(tmp_path):
    path = tmp_path / "kwh"
    path.write_text("17.31")
    assert "jumped back" in after(UserMeter(path, unit="kWh"), path, ["0.00"]).reason


def test_the_last_number_of_a_log_counts(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,watts\n" + "2026-01-01T00:00:00,50\n" * 10_000 + "2026-01-01, 120.5 \n\n")
    assert UserMeter(path).read() == 120.5


@pytest.mark.parametrize("text", ["", "\n", "no number", "100 W", "nan"])
def test_a_file_that_says_no_number_is_missing(tmp_path, text):
    path = tmp_path / "watts"
    path.write_text(text)
    one = External(UserMeter(path))
    assert one.missing
    assert one.since(one.mark(), BURN) == {}


def test_a_file_that_is_not_there_is_missing(tmp_path):
    assert "No such file" in External(UserMeter(tmp_path / "none")).missing


def test_an_old_reading_of_power_is_no_reading(tmp_path):
    path = tmp_path / "watts"
    path.write_text("100")
    os.utime(path, (1e9, 1e9))
    assert "s old" in External(UserMeter(path)).missing
    assert External(UserMeter(path, unit="kWh")).missing == ""


def test_a_meter_that_fails_while_it_runs_is_missing(tmp_path):
    path = tmp_path / "watts"
    path.write_text("100")
    figure = after(UserMeter(path), path, ["100", "oops", "100"])
    assert "cannot be read" in figure.reason


def test_a_command_is_asked():
    command = f"{sys.executable} -c 'print(42.5)'"
    assert UserMeter(command=command).read() == 42.5
    one = External(UserMeter(command=command), now=0.0)
    mark = one.mark()
    one.sample(2.0)
    assert one.since(mark, BURN)["whole"].value == pytest.approx(85.0)


@pytest.mark.parametrize(
    "command", ["/no/such/program", f"{sys.executable} -c 'raise SystemExit(3)'", "''"]
)
def test_a_command_that_fails_is_missing(command):
    assert "cannot be read" in External(UserMeter(command=command)).missing


def test_a_meter_is_a_file_or_a_command():
    for wrong in ({}, {"file": "a", "command": "b"}, {"file": "a", "unit": "BTU"}):
        with pytest.raises(InputError, match="must be"):
            UserMeter(**wrong)


def test_variables_of_the_environment_name_a_meter():
    assert UserMeter.of_environment({}) is None
    assert UserMeter.of_environment({"TENTH_METER_FILE": "/run/w"}) == UserMeter("/run/w")
    given = {"TENTH_METER_COMMAND": "read it", "TENTH_METER_UNIT": "kWh"}
    assert UserMeter.of_environment(given) == UserMeter(command="read it", unit="kWh")
    with pytest.raises(InputError, match="unit of a meter"):
        UserMeter.of_environment({"TENTH_METER_FILE": "a", "TENTH_METER_UNIT": "hp"})


def test_without_a_meter_it_says_how_to_give_one():
    one = External(None)
    one.sample(1.0)
    assert "TENTH_METER_FILE" in one.missing
    assert one.since(one.mark(), BURN) == {}
