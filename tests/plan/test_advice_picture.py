import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.figure import Figure as Canvas

from tenth.errors import InputError
from tenth.plan.advice import advise
from tenth.plan.ask import Ask


def texts(path):
    return " ".join(ElementTree.parse(path).getroot().itertext())


@pytest.mark.slow
def test_sizes_costs_and_the_budget_are_drawn_and_the_same_each_time(tmp_path):
    advice = advise(["500usd"], devices=["h100", "rtx4090"])
    for name in ("one.svg", "two.svg"):
        advice.draw(tmp_path / name)
    text = texts(tmp_path / "one.svg")
    for word in ("500 USD", "compute-optimal", "smaller-longer", "rtx4090", "parameters"):
        assert word in text
    assert "sparse" not in text  # nothing fits there, so there is no panel
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_what_is_settled_is_drawn_as_intervals(tmp_path):
    ask = Ask(params=1e9, tokens=2e10)
    advise(["20kWh"], ask, devices=["h100", "a100"]).draw(tmp_path / "a.svg")
    assert "energy, kWh" in texts(tmp_path / "a.svg")


def test_nothing_to_draw_is_said(tmp_path):
    advise(["0.0001usd"], devices=["h100"]).draw(tmp_path / "a.svg")
    assert "nothing fits" in texts(tmp_path / "a.svg")


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.svg or \.png"):
        advise(["5usd"], devices=["h100"]).draw(tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("budget", ["500usd", "3days"])
def test_the_names_of_the_curves_cover_neither_axes_nor_curves(monkeypatch, tmp_path, budget):
    canvases = []

    class Kept(Canvas):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            canvases.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)
    advise([budget]).draw(tmp_path / "a.svg")
    for axes in canvases[0].axes:
        names, panel = axes.get_legend().get_window_extent(), axes.get_window_extent()
        assert names.y1 <= panel.y0
        assert names.y1 <= axes.xaxis.get_tightbbox().y0 + 1
        assert names.x0 >= canvases[0].bbox.x0
        assert names.x1 <= canvases[0].bbox.x1
