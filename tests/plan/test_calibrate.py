import time

from tenth.plan.calibrate import calibrate


def test_both_rates_are_measured_inside_their_intervals_and_soon():
    start = time.perf_counter()
    rates = calibrate(seconds=0.05)
    assert time.perf_counter() - start < 10
    for figure, unit in ((rates.gemm, "FLOP/s"), (rates.copy, "bytes/s")):
        value, low, high = figure.bounds()
        assert 0 < low <= value <= high
        assert (figure.unit, figure.label) == (unit, "measured")
        assert "repetitions here" in figure.source


def test_rates_by_hand_on_a_clock_that_ticks_once_a_look(monkeypatch):
    ticks = iter(range(10_000))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    rates = calibrate(seconds=0.0)  # each batch works once and looks three times: two seconds
    assert rates.gemm.bounds() == (384**3, 384**3, 384**3)
    assert rates.copy.value == 4 * (4 << 20)
