"""What a bench tells: the table, the numbers, the picture."""

import json
from dataclasses import replace

import pytest

from tenth.errors import InputError
from tenth.ship.bench import picture
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
    assert "at n = 1, one thread" in str(REPORT)


def test_steps_that_are_no_layers_are_told_by_what_they_do_the_slowest_first():
    more = [replace(STEPS[2], name=name, op="softmax", seconds=4e-4) for name in ("d", "e")]
    moved = replace(STEPS[2], name="f", op="copy", seconds=1e-4, flops=0, useful_flops=0)
    tiny = [replace(moved, op=op, seconds=1e-6) for op in ("add", "mul")]
    rows = str(replace(REPORT, steps=(*STEPS, *tiny, *more, moved))).splitlines()
    told = [row.split() for row in rows if " step" in row]
    assert [row[:3] for row in told] == [
        ["2", "steps", "softmax"],
        ["1", "step", "max_pool"],
        ["1", "step", "copy"],
        ["2", "steps", "all"],
    ]
    assert told[0][-5:] == ["µs", "23.5%", "0.0", "0.0", "0%"]
    assert told[2][-1] == "2.9%"
    assert line("whole run").split()[-4] == "100.0%"


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
    drawn = (tmp_path / "bench" / "roofline.svg").read_text()
    for words in (
        "100 GFLOP/s, multiply-adds",
        "20 GB/s, memory",
        "sparse kernel: 1 layer",
        "stem",
    ):
        assert words in drawn


def test_the_same_times_give_the_same_picture(tmp_path):
    for name in ("one.svg", "other.svg"):
        draw(STEPS, ROOF, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_layers_of_one_module_are_told_apart_and_long_names_cut(tmp_path):
    twins = [replace(STEPS[0], name=f"cell_{i}", path="cell") for i in range(2)]
    deep = replace(STEPS[1], path="encoder.layer.11.attention.output.dense")
    nameless = replace(STEPS[1], name="linear", path="")
    report = replace(REPORT, steps=(*twins, deep, nameless, replace(STEPS[1], name="z", path="3")))
    rows = str(report).splitlines()
    for label in ("cell_0", "cell_1", deep.path, "linear", "3"):
        assert any(row.split()[:1] == [label] for row in rows)
    draw(report.steps, ROOF, tmp_path / "roof.svg")
    drawn = (tmp_path / "roof.svg").read_text(encoding="utf-8")
    for words in (
        "cell_0, 1 ms",
        "cell_1, 1 ms",
        "conv 3, 1 ms",
        "…layer.11.attention.output.dense",
    ):
        assert words in drawn


@pytest.mark.parametrize("slow", [1e-9, 1e-3, 10])
def test_names_stand_inside_the_picture(slow):
    """However low or far to the right the dots are."""
    from matplotlib.figure import Figure

    layers = [
        replace(STEPS[1], name=f"l{i}", path=f"l{i}" * 9, seconds=slow * (1 + i)) for i in range(5)
    ]
    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.loglog([1e-3, 1e3], [1, 1])
    axes.set_xlim(0.5, 12)
    axes.set_ylim(layers[-1].rate / 1e9 / 1.1, layers[0].rate / 1e9 * 10)
    picture._names(axes, [(layer.path, layer) for layer in layers])
    figure.canvas.draw()
    for text in axes.texts:
        box = text.get_window_extent().transformed(axes.transAxes.inverted())
        assert 0 <= box.y0 < box.y1 <= 1
        assert box.x1 <= 1.02


def test_a_program_without_weights_has_no_roofline(tmp_path):
    with pytest.raises(InputError, match="a roofline must be of a program with weights"):
        draw([replace(STEPS[2])], ROOF, tmp_path / "one.svg")
