import sys
import threading
import time

import pytest

from tenth.errors import InputError
from tenth.figures import LABELS, Figure
from tenth.receipt import Flops, Meter, Work, metered

KEYS = {
    "wall_seconds": "s",
    "cpu_seconds": "s",
    "peak_rss_bytes": "bytes",
    "written_bytes": "bytes",
    "flops_useful": "FLOP",
    "flops_executed": "FLOP",
    "flops_dense_equivalent": "FLOP",
    "flops_executed_forward": "FLOP",
    "flops_executed_backward": "FLOP",
    "flops_executed_growth": "FLOP",
    "energy_joules": "J",
    "energy_joules_processor": "J",
    "energy_joules_memory": "J",
    "carbon_gco2e": "gCO2e",
    "price_usd": "USD",
}
WORK = Work(Flops(1, 2, 0.5), Flops(10, 20, 5), Flops(10, 20))


def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_every_figure_has_unit_label_and_source_or_a_reason():
    with Meter("a", place="FRA", price_usd_per_hour=1.0) as meter:
        meter.add_work(WORK)
    figures = meter.stage.figures
    assert {name: figure.unit for name, figure in figures.items()} == KEYS
    assert all(f.known and f.label in LABELS and f.source for f in figures.values())


def test_clocks_measure_what_happened():
    with Meter("a") as meter:
        burn(0.05)
        time.sleep(0.1)
    figures = meter.stage.figures
    assert 0.15 <= figures["wall_seconds"].value < 5
    assert 0.05 <= figures["cpu_seconds"].value < figures["wall_seconds"].value
    assert figures["energy_joules"].low < figures["energy_joules"].value


def test_work_and_bytes_are_counted():
    with Meter("a") as meter:
        meter.add_work(WORK)
        meter.add_work(WORK)
        meter.add_bytes(3)
        meter.add_bytes(4)
    figures = meter.stage.figures
    assert figures["flops_useful"].value == 7
    assert figures["flops_executed"].value == 70
    assert figures["flops_executed_growth"].value == 10
    assert figures["flops_dense_equivalent"].value == 60
    assert figures["flops_executed"].label == "counted"
    assert figures["written_bytes"].value == 7


def test_work_that_nobody_counted_is_unknown_and_not_zero():
    with Meter("a") as meter:
        pass
    assert not meter.stage.figures["flops_executed"].known
    assert meter.stage.figures["written_bytes"].value == 0


def test_parts_add_up():
    with Meter("whole", place="FRA") as meter:
        for name in ("one", "two"):
            with meter.part(name) as part:
                part.add_work(WORK)
                part.add_bytes(5)
                burn(0.02)
        meter.add_work(WORK)
    stage = meter.stage
    assert [part.name for part in stage.parts] == ["one", "two"]
    for key in ("wall_seconds", "cpu_seconds", "energy_joules", "carbon_gco2e"):
        assert sum(p.figures[key].value for p in stage.parts) <= stage.figures[key].value
    assert stage.figures["flops_executed"].value == 3 * 35
    assert stage.figures["written_bytes"].value == 10
    most = max(part.figures["peak_rss_bytes"].value for part in stage.parts)
    assert stage.figures["peak_rss_bytes"].value >= most


def test_a_meter_inside_another_is_its_part():
    with Meter("outer") as outer, Meter("middle"), Meter("inner") as inner:
        inner.add_work(WORK)
    (middle,) = outer.stage.parts
    assert middle.parts == [inner.stage]
    assert outer.stage.figures["flops_executed"].value == 35


def test_a_part_has_the_place_and_price_of_the_whole():
    with Meter("outer", place="FRA", price_usd_per_hour=2.0) as outer:
        with outer.part("inner") as inner:
            pass
        with Meter("elsewhere", place="POL") as elsewhere:
            pass
    assert "France" in inner.stage.figures["carbon_gco2e"].source
    assert inner.stage.figures["price_usd"].known
    assert "Poland" in elsewhere.stage.figures["carbon_gco2e"].source
    assert elsewhere.stage.figures["price_usd"].known


def test_a_thread_of_its_own_has_meters_of_its_own():
    found = []

    def work():
        with Meter("alone") as meter:
            pass
        found.append(meter.stage)

    with Meter("outer") as outer:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found[0].name == "alone"
    assert outer.stage.parts == []


def test_without_a_place_there_is_no_carbon_and_it_says_why():
    with Meter("a") as meter:
        burn(0.01)
    carbon = meter.stage.figures["carbon_gco2e"]
    assert not carbon.known
    assert "no place was given" in carbon.reason
    assert meter.stage.figures["energy_joules"].known


def test_money_says_where_its_price_comes_from():
    with Meter("a") as ours, Meter("b", device="h100") as rented:
        time.sleep(0.01)
    assert "no price given: what renting" in ours.stage.figures["price_usd"].source
    hours = rented.stage.figures["wall_seconds"].value / 3600
    money = rented.stage.figures["price_usd"]
    assert money.label == "modelled"
    assert 0.5 * hours < money.value < 20 * hours


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_interrupted_stage_is_kept_and_marked(error):
    stages = []
    outer, inner = Meter("outer", into=stages), Meter("inner")

    def work():
        with outer, inner:
            inner.add_work(WORK)
            raise error

    with pytest.raises(error):
        work()
    assert stages == [outer.stage]
    for stage in (outer.stage, inner.stage):
        assert stage.interrupted
        assert stage.notes["interrupted"] == error.__name__
    assert outer.stage.figures["flops_executed"].value == 35
    with Meter("next") as after:
        pass
    assert not after.stage.interrupted
    assert len(outer.stage.parts) == 1


def test_a_stage_can_be_read_while_it_runs():
    with Meter("a") as meter:
        meter.add_work(WORK)
        before = meter.stage
        meter.add_work(WORK)
        after = meter.stage
    assert before.figures["flops_executed"].value == 35
    assert after.figures["flops_executed"].value == 70
    for key in ("wall_seconds", "cpu_seconds", "peak_rss_bytes", "energy_joules"):
        assert before.figures[key].value <= after.figures[key].value
        assert after.figures[key].value <= meter.stage.figures[key].value


def test_as_decorator_each_call_is_a_stage():
    stages = []

    @metered("double", place="FRA", into=stages)
    def double(x, *, plus=0):
        """Twice as much."""
        return 2 * x + plus

    assert double(2, plus=1) == 5
    assert double(3) == 6
    assert [stage.name for stage in stages] == ["double", "double"]
    assert "France" in stages[0].figures["carbon_gco2e"].source
    assert double.__doc__ == "Twice as much."


def test_a_decorated_function_is_a_part_of_the_meter_around_it():
    @Meter("inner")
    def inner():
        return 1

    with Meter("outer") as outer:
        inner()
        inner()
    assert [part.name for part in outer.stage.parts] == ["inner", "inner"]


def test_a_decorated_function_may_call_itself():
    @metered("countdown")
    def countdown(n):
        return n if n == 0 else countdown(n - 1)

    with Meter("outer") as outer:
        assert countdown(2) == 0
    assert outer.stage.parts[0].parts[0].parts[0].name == "countdown"


def test_notes_are_kept_as_json_can_hold_them():
    with Meter("a") as meter:
        meter.note("steps", 3)
        meter.note("loss", float("nan"))
        meter.note("why", None)
        with pytest.raises(InputError, match="note 'bad' must be"):
            meter.note("bad", [1])
    notes = meter.stage.notes
    assert notes["steps"] == 3
    assert notes["loss"] == "nan"
    assert notes["why"] is None
    assert notes["started"].startswith("20")


def test_a_meter_is_used_once_and_in_a_with_statement():
    meter = Meter("a")
    for call in (lambda: meter.add_work(WORK), lambda: meter.stage, lambda: meter.note("a", 1)):
        with pytest.raises(InputError, match="with statement"):
            call()
    with meter, pytest.raises(InputError, match="once"):
        meter.__enter__()
    with pytest.raises(InputError, match="once"), meter:
        pass
    for call in (lambda: meter.add_work(WORK), lambda: meter.add_bytes(1)):
        with pytest.raises(InputError, match="ended"):
            call()


def test_wrong_input_is_refused_before_the_work():
    for wrong in (
        {"place": "Atlantis"},
        {"device": "abacus"},
        {"price_usd_per_hour": -1.0},
        {"price_usd_per_hour": Figure(1.0, "EUR")},
    ):
        with pytest.raises(InputError):
            Meter("a", **wrong)
    with Meter("a") as meter, pytest.raises(InputError, match="at least 0"):
        meter.add_bytes(-1)


def test_a_price_of_nothing_is_a_price():
    with Meter("a", price_usd_per_hour=0.0) as meter:
        pass
    assert meter.stage.figures["price_usd"].value == 0


def test_metering_needs_nothing_heavy():
    heavy = {"torch", "numpy", "rich", "jinja2", "matplotlib", "psutil"}
    code = (
        "import sys; from tenth.receipt import Meter\n"
        "with Meter('a') as m: pass\n"
        "print(m.stage.figures['energy_joules'].value, *sys.modules)"
    )
    import subprocess

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not heavy & set(loaded)
