import xml.etree.ElementTree as ElementTree

import pytest

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
