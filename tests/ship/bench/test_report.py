"""What a bench tells: the table, the numbers, the picture."""

import json
from dataclasses import replace

import pytest

from tenth.errors import InputError
from tenth.ship.bench.picture import draw
from tenth.ship.bench.race import Race
from tenth.ship.bench.report import Report
from tenth.ship.bench.roof import Roof
from tenth.ship.bench.steps import StepTime

from .test_race import timing

ROOF = Roof(100e9, 20e9)
STEPS = (
    StepTime("a", "stem", "conv", (8, 3, 3, 3), 1.0, "dense", 1e-3, 80_000_000, 80_000_000, 10**6),
    StepTime("b", "body", "conv", (8, 8, 1, 1), 0.1, "sparse", 1e-3, 10**8, 10**7, 10**6),
    StepTime("c", "", "max_pool", (), 1.0, "", 5e-4, 1000, 1000, 10**5),
)
RACE = Race(
    (timing("tenth", [1.0, 1.1, 1.2]), timing("onnxruntime", [4.0, 4.4, 4.8])),
    {"openvino": "it is not installed"},
)
REPORT = Report("net", {"n": 1}, {"cpu": "one"}, ROOF, STEPS, (RACE,))


def line(start: str) -> str:
    return next(line for line in str(REPORT).splitlines() if line.startswith(start))


def test_a_layer_says_its_rates_and_its_share_of_the_peak():
    assert line("stem").split()[-4:] == ["40.0%", "80.0", "80.0", "80%"]
    assert line("body").split()[-4:] == ["40.0%", "100.0", "10.0", "10%"]
    assert line("all else").split()[-1] == "20.0%"
    assert "at n = 1, one thread" in str(REPORT)


def test_a_rival_says_how_many_times_as_long_it_took_and_by_which_clock():
    assert "4.00×" in line("onnxruntime")
    assert "by the clock of the process" in str(REPORT)
    assert "openvino did not run: it is not installed" in str(REPORT)


def test_every_number_is_in_the_json():
    form = REPORT.to_json()
    assert form["steps"][1]["share_of_peak"] == pytest.approx(0.1)
    assert form["steps"][1]["effective_flops_per_second"] == pytest.approx(100e9)
    rival = form["races"][0]["contestants"][1]
    assert rival["ratio"]["median"] == pytest.approx(4)
    assert rival["cpu"] == [4.0, 4.4, 4.8]
    assert form["races"][0]["clock"] == "cpu"


def test_a_saved_bench_is_a_table_numbers_and_the_picture(tmp_path):
    REPORT.save(tmp_path / "bench")
    names = {path.name for path in (tmp_path / "bench").iterdir()}
    assert names == {"bench.json", "bench.txt", "roofline.svg", "roofline.png"}
    saved = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert saved == json.loads(json.dumps(REPORT.to_json()))
    picture = (tmp_path / "bench" / "roofline.svg").read_text()
    for words in (
        "100 GFLOP/s, multiply-adds",
        "20 GB/s, memory",
        "sparse kernel: 1 layer",
        "stem",
    ):
        assert words in picture


def test_the_same_times_give_the_same_picture(tmp_path):
    for name in ("one.svg", "other.svg"):
        draw(STEPS, ROOF, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_program_without_weights_has_no_roofline(tmp_path):
    with pytest.raises(InputError, match="a roofline must be of a program with weights"):
        draw([replace(STEPS[2])], ROOF, tmp_path / "one.svg")
