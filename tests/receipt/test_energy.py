import pytest

from tenth.figures import Figure, unknown
from tenth.receipt.energy import Told, account, dollars, grams
from tenth.receipt.place import Place


def J(value, label="measured", error=0.1, source="a meter"):
    return Figure(value, "J", value * (1 - error), value * (1 + error), label, source)


MODEL = Told("model", {"processor": J(40.0, "modelled"), "memory": J(4.0, "modelled")})
NO_GPU = Told("NVML", missing="no NVIDIA accelerator here")
NO_RAPL = Told("RAPL", missing="no RAPL counters here")


def values(found):
    return {name: figure.value for name, figure in found.figures.items()}


def test_without_counters_the_model_stands_in():
    found = account([NO_GPU, NO_RAPL, MODEL])
    assert values(found) == {
        "energy_joules": 44.0,
        "energy_joules_processor": 40.0,
        "energy_joules_memory": 4.0,
    }
    assert found.figures["energy_joules"].label == "modelled"
    assert found.instruments == {
        "NVML": "no NVIDIA accelerator here",
        "RAPL": "no RAPL counters here",
        "model": "reads processor, memory",
    }


def test_each_part_is_read_by_the_first_that_can():
    told = [
        Told("NVML", {"accelerators": J(500.0)}),
        Told("RAPL", {"processor": J(50.0)}),
        MODEL,
    ]
    found = account(told, accelerated=True)
    assert values(found) == {
        "energy_joules": 554.0,
        "energy_joules_accelerators": 500.0,
        "energy_joules_processor": 50.0,
        "energy_joules_memory": 4.0,
    }
    # a model stands beside what was read, so that it can be judged
    told = "reads memory; would say processor 40 J, where 50 J was read"
    assert found.instruments["model"] == told
    assert found.figures["energy_joules"].label == "modelled"


def test_where_all_is_counted_all_is_measured():
    told = [Told("RAPL", {"processor": J(50.0), "memory": J(5.0)}), MODEL]
    found = account(told)
    assert found.figures["energy_joules"].label == "measured"
    told = "would say processor 40 J, where 50 J was read, memory 4 J, where 5 J was read"
    assert found.instruments["model"] == told


def test_a_counter_that_goes_silent_leaves_its_reason_and_the_model_stands_in():
    told = [Told("RAPL", {"processor": unknown("J", "it did not move in 9 s")}), MODEL]
    found = account(told)
    assert found.instruments["RAPL"] == "it did not move in 9 s"
    processor = found.figures["energy_joules_processor"]
    assert processor.value == 40.0
    assert "instead of: it did not move in 9 s" in processor.source


def test_boards_that_nothing_reads_make_the_sum_unknown_and_not_zero():
    found = account([Told("NVML", missing="tenth[gpu] is missing"), MODEL], accelerated=True)
    assert not found.figures["energy_joules"].known
    assert "tenth[gpu] is missing" in found.figures["energy_joules"].reason
    assert not found.figures["energy_joules_accelerators"].known
    assert found.figures["energy_joules_processor"].value == 40.0


def test_boards_that_went_silent_make_the_sum_unknown():
    silent = Told("NVML", {"accelerators": unknown("J", "board 0 did not move")})
    found = account([silent, MODEL], accelerated=True)
    assert found.figures["energy_joules"].reason == "board 0 did not move"


def test_boards_of_two_vendors_add_up():
    told = [
        Told("NVML", {"accelerators": J(5.0)}),
        Told("AMD SMI", {"accelerators": J(7.0)}),
        MODEL,
    ]
    found = account(told, accelerated=True)
    assert found.figures["energy_joules_accelerators"].value == 12.0


def test_boards_that_a_process_did_not_open_are_not_its_own():
    told = [Told("NVML", {"accelerators": J(500.0)}), MODEL]
    found = account(told, absent="it opened none", accelerated=True)
    assert found.figures["energy_joules"].value == 44.0
    assert "energy_joules_accelerators" not in found.figures
    assert found.instruments["NVML"] == "it opened none"


def test_a_meter_of_the_machine_holds_its_parts_and_the_rest():
    told = [
        Told("RAPL", {"processor": J(50.0)}),
        Told("external meter", {"whole": J(100.0)}),
        MODEL,
    ]
    found = account(told)
    assert found.figures["energy_joules"].value == 100.0
    assert found.figures["energy_joules"].label == "measured"
    rest = found.figures["energy_joules_rest"]
    assert rest.bounds() == pytest.approx((46.0, 90 - 54 * 1.1, 110 - 54 * 0.9))
    assert rest.label == "modelled"


def test_a_meter_that_reads_less_than_its_parts_is_not_believed():
    told = [Told("RAPL", {"processor": J(50.0)}), Told("external meter", {"whole": J(10.0)}), MODEL]
    found = account(told)
    assert found.figures["energy_joules"].value == 54.0
    assert "reads less" in found.instruments["external meter"]
    assert "energy_joules_rest" not in found.figures


def test_a_meter_of_the_machine_reads_what_no_counter_does():
    told = [Told("NVML", missing="broken"), Told("external meter", {"whole": J(900.0)}), MODEL]
    found = account(told, accelerated=True)
    assert found.figures["energy_joules"].value == 900.0
    assert not found.figures["energy_joules_accelerators"].known


def test_a_meter_that_went_silent_is_left_out_with_its_reason():
    told = [Told("external meter", {"whole": unknown("J", "it says nothing")}), MODEL]
    found = account(told)
    assert found.figures["energy_joules"].value == 44.0
    assert found.instruments["external meter"] == "it says nothing"


def test_where_nothing_meters_nothing_is_known():
    assert "nothing here meters" in account([]).figures["energy_joules"].reason


def test_a_kilowatt_hour_emits_what_the_grid_says():
    place = Place("FRA", "France", Figure(50.0, "gCO2e/kWh", 40.0, 60.0, "given", "table"))
    figure = grams(Figure(3.6e6, "J", label="measured"), place)
    assert figure.bounds() == pytest.approx((50, 40, 60))
    assert figure.unit == "gCO2e"
    assert figure.label == "modelled"


def test_doubts_of_energy_and_grid_combine():
    place = Place.find("FRA")
    figure = grams(Figure(3.6e6, "J", 2e6, 5.2e6, "modelled"), place)
    grid = place.carbon
    assert figure.low < grid.low
    assert figure.high > grid.high


def test_carbon_of_unknown_energy_is_unknown():
    figure = grams(unknown("J", "no meter"), Place.find("FRA"))
    assert figure.reason == "no meter"
    assert figure.unit == "gCO2e"


def test_money_is_time_by_price():
    price = Figure(3.0, "USD/h", 2.0, 4.0, "given", "the user")
    assert dollars(1800.0, price).bounds() == (1.5, 1.0, 2.0)
    assert dollars(1800.0, unknown("USD/h", "no price")).reason == "no price"


def test_an_instrument_that_reads_nothing_says_so():
    assert account([Told("RAPL")]).instruments == {"RAPL": "reads nothing here"}
