"""A tiny study: what is saved, what is run again, what is refused, what is said and drawn."""

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from rich.console import Console

from tenth.catalogue import machine
from tenth.demo import curve, study
from tenth.demo.cohort import Recipe
from tenth.demo.curve import Cell
from tenth.demo.study import Design
from tenth.errors import FormatError, InputError, OutputError

TINY = Design(
    widths=(1, 8),
    table=Recipe(rate=1e-2, steps=100, test_every=10),
    table_flock=2,
    boards=Recipe(rate=1e-2, steps=2, test_every=2),
    boards_flock=2,
    boards_a_step=1,
    board_size=8,
    test_boards=1,
)


def cell(m: int, successes: int, nets: int = 64, n: int = 1, init="gaussian") -> Cell:
    first = (100,) * successes + (None,) * (nets - successes)
    return Cell(n, m, init, {"seed": 0}, first, 1.5, "a machine")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> study.StudyResult:
    return study.study(tmp_path_factory.mktemp("study"), seeds=3, design=TINY)


def test_all_cells_are_run_with_all_nets(finished: study.StudyResult) -> None:
    places = [(cell.n, cell.init, cell.m) for cell in finished.cells]
    assert places == [
        (1, "gaussian", 1),
        (1, "gaussian", 8),
        (1, "he", 1),
        (1, "he", 8),
        (2, "he", 1),
        (2, "he", 8),
    ]
    assert {cell.nets for cell in finished.cells} == {3}
    assert finished.left_out == ()
    assert sum(cell.successes for cell in finished.cells if cell.n == 1) > 0


def test_saved_form_holds_counts_intervals_settings_seconds_machine(
    finished: study.StudyResult,
) -> None:
    form = json.loads((finished.out / "study.json").read_text())
    assert (form["format"], form["version"]) == ("tenth.study", 1)
    assert form["published"]["rate_n1_m1"] == 0.047
    for saved, ours in zip(form["cells"], finished.cells, strict=True):
        assert saved["nets"] == len(saved["first"]) == 3
        assert saved["successes"] == sum(step is not None for step in saved["first"])
        assert saved["low"] <= saved["rate"] <= saved["high"]
        assert saved["settings"] == TINY.settings(saved["n"], 0)
        assert saved["seconds"] > 0
        assert saved["machine"]
        assert Cell.from_json(saved).first == ours.first
    assert {path.name for path in finished.out.iterdir()} == {"study.json", "study.svg"}


def test_nothing_is_run_twice(finished: study.StudyResult, monkeypatch) -> None:
    def train(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(study, "train", train)
    again = study.study(finished.out, seeds=3, design=TINY)
    assert [c.first for c in again.cells] == [c.first for c in finished.cells]


def test_a_stopped_study_ends_as_one_that_was_not_on_any_number_of_threads(
    finished: study.StudyResult, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(machine, "threads", lambda: 1)
    threads = torch.get_num_threads()
    grown = []

    def stop(cell: Cell) -> None:
        grown.append(cell)
        if len(grown) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.study(tmp_path, seeds=3, design=TINY, on_cell=stop)
    assert [(c.m, c.nets) for c in grown] == [(1, 2), (1, 3), (8, 2)]
    assert torch.get_num_threads() == threads
    monkeypatch.setattr(machine, "threads", lambda: 3)
    rest = []
    resumed = study.study(tmp_path, seeds=3, design=TINY, on_cell=rest.append)
    assert [(c.m, c.nets) for c in rest[:2]] == [(8, 3), (1, 3)]
    assert [c.first for c in resumed.cells] == [c.first for c in finished.cells]


def test_another_seed_draws_other_nets(finished: study.StudyResult, tmp_path: Path) -> None:
    other = study.study(tmp_path, seeds=3, seed=1, design=TINY, budget_seconds=0)
    ours = [c.first for c in finished.cells if c.n == 1]
    assert [c.first for c in other.cells] != ours


def test_without_time_two_generations_are_left_out_and_said_so(tmp_path: Path) -> None:
    result = study.study(tmp_path, seeds=2, design=TINY, budget_seconds=0)
    assert {cell.n for cell in result.cells} == {1}
    assert result.left_out == (1, 8)
    assert any("not run for want of time: m = 1, 8" in note for note in result.notes())


def test_time_ends_before_a_flock_that_would_not_fit(tmp_path: Path) -> None:
    result = study.study(tmp_path, seeds=2, design=TINY, budget_seconds=1e-9)
    assert [(c.m, c.nets) for c in result.cells if c.n == 2] == [(1, 2)]
    assert result.left_out == (8,)


def test_a_study_of_other_settings_is_not_touched(finished: study.StudyResult) -> None:
    before = (finished.out / "study.json").read_bytes()
    with pytest.raises(InputError, match="a study of the settings"):
        study.study(finished.out, seeds=3, seed=5, design=TINY)
    with pytest.raises(InputError, match="Name another folder"):
        study.study(finished.out, seeds=3, design=replace(TINY, table_flock=1))
    assert (finished.out / "study.json").read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace("tenth.study", "tenth.other"),
        lambda text: text.replace('"nets": 3', '"nets": 4', 1),
        lambda text: text.replace('"settings"', '"sittings"', 1),
        lambda text: text.replace('"init": "he"', '"init": "xavier"', 1),
    ],
)
def test_a_damaged_study_is_refused(finished: study.StudyResult, tmp_path: Path, damage) -> None:
    whole = (finished.out / "study.json").read_text()
    damaged = damage(whole)
    assert damaged != whole
    (tmp_path / "study.json").write_text(damaged)
    with pytest.raises(FormatError, match=r"a tenth\.study of version 1"):
        study.study(tmp_path, seeds=3, design=TINY)
    assert (tmp_path / "study.json").read_text() == damaged


def test_bad_calls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1"):
        study.study(tmp_path, seeds=0, design=TINY)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a folder"):
        study.study(tmp_path / "file", seeds=1, design=TINY)


def test_table_stands_beside_the_published_values() -> None:
    cells = [cell(1, 3), cell(3, 40), cell(4, 30, n=2, init="he")]
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(curve.table(cells))
    text = console.export_text()
    assert "4.7%" in text
    assert "1.6% – 12.9%" in text
    assert text.count("> 50 %") == 2
    assert "40/64" in text


def test_verdicts_say_whether_the_interval_holds_the_published_rate() -> None:
    said = curve.verdicts([cell(1, 3), cell(2, 20), cell(3, 40), cell(1, 20, init="he")])
    assert "holds the published 4.7%" in said[0]
    assert "does not hold the published 4.7%" in said[1]
    assert said[1].endswith("the two differ.")
    assert curve.verdicts([cell(1, 9)])[0].endswith("no difference is shown.")
    assert "from m = 3 on (run: up to 3); published: from m = 3" in said[2]
    assert "at no m up to 1" in said[3]


def test_difference_of_rates_is_newcombes() -> None:
    # the first example of his table II: 56/70 and 48/80, method 10
    low, high = curve.difference((56, 70), (48, 80))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert curve.SMALLEST_HITS[0] / curve.SMALLEST_HITS[1] == pytest.approx(
        curve.SMALLEST_RATE, abs=5e-4
    )


def test_a_majority_must_last() -> None:
    said = curve.verdicts([cell(2, 40), cell(3, 32), cell(4, 40)])
    assert "from m = 4 on" in said[0]


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_picture_is_whole_and_the_same_each_time(tmp_path: Path, suffix: str) -> None:
    cells = [cell(1, 3), cell(3, 40), cell(1, 0, n=2, init="he")]
    pictures = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{suffix}"
        curve.picture(cells, path)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    if suffix == "svg":
        text = "".join(ElementTree.fromstring(pictures[0]).itertext())
        assert "published: over half from m = 4" in text
        assert "Two generations" in text


def test_picture_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run before it is drawn"):
        curve.picture([], tmp_path / "study.svg")
