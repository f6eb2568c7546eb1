"""The clock adds up what passes between laps, by phase, and nothing else."""

import time

import pytest

from tenth.fit.clock import PHASES, Clock


@pytest.fixture
def hands(monkeypatch):
    """A list of times that the clock will read."""
    readings = []
    monkeypatch.setattr(time, "perf_counter", lambda: readings.pop(0))
    return readings


def test_laps_add_up_by_phase_and_pauses_do_not_count(hands):
    hands += [0.0, 1.0, 3.0, 4.0, 10.0, 10.5]
    clock = Clock()
    clock.start()
    clock.lap("batches")
    clock.lap("optimizer")
    clock.start()
    clock.lap("batches")
    assert clock.take() == dict.fromkeys(PHASES, 0.0) | {"batches": 2.5, "optimizer": 1.0}
    assert set(clock.take().values()) == {0.0}


def test_an_earlier_sitting_is_gone_on_from(hands):
    hands += [0.0, 0.0, 2.0]
    clock = Clock()
    clock.load_state_dict(dict.fromkeys(PHASES, 1.0))
    clock.start()
    clock.lap("score")
    assert clock.seconds["score"] == 3.0
