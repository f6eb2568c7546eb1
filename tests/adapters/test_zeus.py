"""Against objects shaped like those of Zeus 0.16 (ZeusMonitor, Measurement)."""

from dataclasses import dataclass

import pytest

from tenth.adapters import zeus
from tenth.receipt import Meter


@dataclass
class Measurement:
    time: float
    gpu_energy: dict[int, float]
    cpu_energy: dict[int, float] | None = None
    dram_energy: dict[int, float] | None = None


class Monitor:
    """As theirs: a window is begun and ended by its name."""

    def __init__(self, measurement):
        self.windows, self._measurement = [], measurement

    def begin_window(self, key):
        self.windows.append(key)

    def end_window(self, key):
        self.windows.remove(key)
        return self._measurement


def test_their_values_stand_beside_ours_under_their_name():
    monitor = Monitor(Measurement(2.0, {0: 300.0, 1: 200.0}, {0: 50.0}, {0: 5.0}))
    with Meter("train") as meter, zeus.beside(meter, monitor):
        assert monitor.windows == ["tenth"]
    assert monitor.windows == []
    theirs = meter.stage.figures
    gpu = theirs["zeus_energy_joules_accelerators"]
    assert gpu.bounds() == pytest.approx((500.0, 450.0, 550.0))
    assert gpu.label == "measured"
    assert "2 device(s)" in gpu.source
    assert theirs["zeus_energy_joules_processor"].value == 50.0
    assert theirs["zeus_energy_joules_memory"].value == 5.0
    assert "zeus_energy_joules" not in theirs


@pytest.mark.parametrize(
    "measurement", [None, Measurement(1.0, {}), Measurement(0.01, {0: 0.0}, {0: 0.0}, None)]
)
def test_zero_and_nothing_are_unknown(measurement):
    figures = zeus.figures(measurement)
    assert len(figures) == 3
    assert not any(figure.known for figure in figures.values())
