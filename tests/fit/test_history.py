"""What a history keeps of a run: enough for its report, and the same after a stop."""

import pytest

import tiny
from runs import stop_at
from tenth.fit.clock import PHASES
from tenth.train import Settings, run

SETTINGS = Settings(steps=24, check_every=6, mask_every=4)


def test_a_moving_mask_is_followed_layer_by_layer():
    result = run(tiny.task(), "granet", density=0.3, settings=SETTINGS)
    last = result.history[-1]
    assert list(last.layers) == list(last.live)
    assert last.layers
    assert last.density <= last.explored <= 1
    explored = [entry.explored for entry in result.history]
    assert explored == sorted(explored)
    assert all(0 < share <= 1 for share in last.live.values())
    rates = [entry.rate for entry in result.history]
    assert rates == sorted(rates, reverse=True)
    assert all(set(entry.seconds) == set(PHASES) for entry in result.history)
    spent = sum(sum(entry.seconds.values()) for entry in result.history)
    assert 0 < spent <= result.receipt.total("wall_seconds").value


def test_a_dense_run_has_no_layers_to_follow():
    last = run(tiny.task(), settings=SETTINGS).history[-1]
    assert (last.layers, last.live, last.explored) == ({}, {}, 1.0)


def test_a_stop_changes_nothing_but_the_seconds(tmp_path):
    def made(folder, on_step=None):
        return run(tiny.task(), "rigl", density=0.3, out=folder, settings=SETTINGS, on_step=on_step)

    whole = made(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "stopped", stop_at(10))
    assert made(tmp_path / "stopped").history == whole.history
    assert made(tmp_path / "stopped").history == whole.history  # read back
