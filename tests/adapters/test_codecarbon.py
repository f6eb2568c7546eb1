"""Against objects shaped like those of CodeCarbon 3 (EmissionsData, EmissionsTracker)."""

from types import SimpleNamespace

import pytest

from tenth.adapters import codecarbon
from tenth.receipt import Meter

DATA = {
    "duration": 10.0,
    "emissions": 0.002,  # kg
    "cpu_energy": 0.003,  # kWh
    "gpu_energy": 0.0,
    "ram_energy": 0.001,
    "energy_consumed": 0.004,
    "country_name": "France",
    "codecarbon_version": "3.3.2",
    "tracking_mode": "process",
}


class Tracker:
    """As theirs: values come with `stop`."""

    def __init__(self, data):
        self.calls, self._data = [], data

    def start(self):
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")
        self.final_emissions_data = self._data
        return 0.002


def test_their_values_stand_beside_ours_under_their_name():
    tracker = Tracker(SimpleNamespace(**DATA))
    with Meter("train", place="POL") as meter, codecarbon.beside(meter, tracker):
        pass
    assert tracker.calls == ["start", "stop"]
    theirs = meter.stage.figures
    energy = theirs["codecarbon_energy_joules"]
    assert energy.value == pytest.approx(0.004 * 3.6e6)
    assert energy.label == "modelled"
    assert energy.source == "CodeCarbon 3.3.2: energy_consumed, mode process"
    carbon = theirs["codecarbon_carbon_gco2e"]
    assert carbon.value == pytest.approx(2.0)
    assert carbon.source.endswith("France")
    assert theirs["energy_joules"].value < 10
    assert "Poland" in theirs["carbon_gco2e"].source


def test_a_value_of_zero_is_unknown():
    figures = codecarbon.figures(SimpleNamespace(**DATA))
    assert figures["codecarbon_energy_joules_accelerators"].reason.endswith("says no gpu_energy")


@pytest.mark.parametrize("data", [None, SimpleNamespace()])
def test_a_tracker_that_swallowed_its_errors_says_nothing(data):
    figures = codecarbon.figures(data)
    assert len(figures) == 5
    assert not any(figure.known for figure in figures.values())


def test_an_error_in_the_work_stops_the_tracker_and_keeps_its_values():
    tracker = Tracker(SimpleNamespace(**DATA))
    stages = []

    def work():
        with Meter("train", into=stages) as meter, codecarbon.beside(meter, tracker):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert tracker.calls == ["start", "stop"]
    assert stages[0].figures["codecarbon_energy_joules"].known
