"""Figures of several processes: costs add up, a machine counts once."""

import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Stage
from tenth.receipt.instruments.boards import WHOLE_BOARDS
from tenth.receipt.instruments.rapl import WHOLE_SOCKETS
from tenth.receipt.processes import united


def stage(wall, joules, flops=None, source="CPU-seconds × 3 W"):
    work = unknown("FLOP", "nobody counted") if flops is None else counted(flops, "FLOP", "sum")
    figures = {
        "wall_seconds": Figure(wall, "s"),
        "cpu_seconds": Figure(2 * wall, "s"),
        "energy_joules": Figure(joules, "J", joules / 2, joules * 2, "modelled", source),
        "carbon_gco2e": Figure(joules / 10, "gCO2e", label="modelled", source="energy × 0.1"),
        "price_usd": Figure(wall * 7, "USD", label="modelled"),
        "flops_executed": work,
    }
    return Stage("train", figures, notes={"steps": 5, f"of {wall}": True})


def values(whole):
    return {name: figure.value for name, figure in whole.figures.items()}


def test_costs_of_processes_add_up_and_the_clock_does_not():
    whole = united([stage(3.0, 10.0, 100), stage(4.0, 20.0, 50)], ["a", "a"])
    assert values(whole) == {
        "wall_seconds": 4.0,
        "cpu_seconds": 14.0,
        "energy_joules": 30.0,
        "carbon_gco2e": 3.0,
        "price_usd": 28.0,  # one machine, rented once
        "flops_executed": 150,
    }
    assert whole.figures["energy_joules"].bounds() == (30.0, 15.0, 60.0)
    assert whole.figures["cpu_seconds"].source.endswith("sum of 2 processes on 1 machine")
    assert whole.notes == {
        "steps": 5,
        "of 3.0": True,
        "of 4.0": True,
        "processes": 2,
        "machines": 1,
    }


def test_a_counter_of_a_whole_machine_counts_once_a_machine():
    stages = [stage(1.0, joules, 1, WHOLE_SOCKETS) for joules in (10.0, 11.0, 30.0)]
    whole = united(stages, ["a", "a", "b"])
    assert whole.figures["energy_joules"].value == 41.0
    assert whole.figures["carbon_gco2e"].value == pytest.approx(4.1)
    assert whole.figures["price_usd"].value == 14.0
    assert whole.figures["cpu_seconds"].value == 6.0


def test_what_one_process_does_not_know_is_unknown():
    whole = united([stage(1.0, 1.0, 5), stage(1.0, 1.0)], ["a", "b"])
    assert not whole.figures["flops_executed"].known


def on_boards(joules, boards, processor=10.0):
    """A stage whose boards took `joules` and whose processor was its own share."""
    gpu = Figure(joules, "J", joules, joules, "measured", f"NVML: {WHOLE_BOARDS}")
    cpu = Figure(processor, "J", processor, processor, "modelled", "a share")
    energy = joules + processor
    figures = {
        "wall_seconds": Figure(1.0, "s"),
        "energy_joules": Figure(energy, "J", source=f"{gpu.source}; {cpu.source}"),
        "energy_joules_accelerators": gpu,
        "energy_joules_processor": cpu,
        "carbon_gco2e": Figure(energy / 10, "gCO2e", label="modelled"),
    }
    return Stage("train", figures, notes={"boards": boards})


@pytest.mark.parametrize(
    ("boards", "machines", "expected"),
    [
        (["a b", "a b"], ["m", "m"], 100 + 20),  # two ranks that see the same boards
        (["a", "b"], ["m", "m"], 200 + 20),  # a board each
        (["a b", "a b"], ["m", "n"], 200 + 20),  # numbered alike on two machines
        (["a", "a b", "b"], ["m"] * 3, 100 + 30),  # all touch
        (["a", "c", "a c"], ["m"] * 3, 100 + 30),
        (["a", "b", "a", "b"], ["m", "m", "m", "m"], 200 + 40),
    ],
)
def test_a_board_counts_once_and_processors_add_up(boards, machines, expected):
    whole = united([on_boards(100.0, one) for one in boards], machines)
    assert whole.figures["energy_joules"].value == pytest.approx(expected)
    assert whole.figures["carbon_gco2e"].value == pytest.approx(expected / 10)
    parts = ("energy_joules_accelerators", "energy_joules_processor")
    assert sum(whole.figures[name].value for name in parts) == pytest.approx(expected)


def test_a_machine_with_boards_and_one_without_add_up():
    bare = stage(1.0, 30.0)
    whole = united([on_boards(100.0, "a"), bare], ["m", "n"])
    assert whole.figures["energy_joules_accelerators"].value == 100.0
    assert whole.figures["energy_joules"].value == pytest.approx(140.0)
