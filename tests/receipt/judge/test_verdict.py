from dataclasses import replace
from pathlib import Path

import pytest

from tenth.figures import Figure, counted, unknown
from tenth.receipt.judge import FELT, NOTHING, Account, Judgement, Runs


def model(size=1000, zeros=0, digest="a", packed=None):
    return Account(
        Path("model"), "onnx", size, digest,
        values=500, weights=500, zeros=zeros, shapes={"w": (50, 10)},
        patterns={"anywhere": 500} if zeros else {"none": 500},
        zstd_bytes=counted(packed or size, "bytes", "zstd"),
        zip_bytes=counted(packed or size, "bytes", "deflate"),
    )  # fmt: skip


def ran(ratio, low=None, high=None, scores=(None, None)):
    def score(value):
        return unknown("", "no task was given") if value is None else Figure(value, "")

    return Runs(
        Figure(1.0, "s"), Figure(ratio, "s"), Figure(ratio, "×", low or ratio, high or ratio),
        *map(score, scores),
    )  # fmt: skip


SAME = ran(1.0, 0.99, 1.01)


def test_a_masked_model_saves_nothing_and_that_is_said():
    judged = Judgement(model(), model(zeros=450, digest="b", packed=300), SAME)
    assert not judged.saved
    assert judged.verdict == (
        f"The file is as large as before, the program as fast as before: {NOTHING}. 90 % of its "
        "weights are zero, yet zeros are stored and multiplied like any number. By zstd it would "
        "take 300 B: what a format could save."
    )


def test_a_smaller_file_is_a_saving():
    judged = Judgement(model(), model(size=250, digest="b"), SAME)
    assert judged.saved
    assert judged.smaller
    assert not judged.faster
    assert judged.verdict == (
        "Saved: the file is 25 % of what it was (1 kB to 250 B), the program as fast as before."
    )


def test_a_faster_program_is_a_saving_though_the_file_is_as_large():
    judged = Judgement(model(), model(digest="b"), ran(0.5, 0.45, 0.6))
    assert judged.faster
    assert judged.verdict.startswith("Saved: the file is as large as before, the program is faster")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        ((0.9, 0.8, 1.1), "not shown to be faster"),  # noise covers it
        ((0.96, 0.955, 0.97), "as fast as before"),  # less than can be felt
        ((1.5, 1.4, 1.6), "slower"),
        ((1.02, 0.9, 1.2), "not shown to be faster"),
    ],
)
def test_noise_is_no_speed(ratio, words):
    judged = Judgement(model(), model(digest="b"), ran(*ratio))
    assert not judged.saved
    assert words in judged.verdict
    assert NOTHING in judged.verdict


def test_a_larger_and_slower_model_is_told():
    judged = Judgement(model(), model(size=2000, digest="b"), ran(1.5, 1.4, 1.6))
    assert judged.verdict.startswith("The file is 2 times as large as before (1 kB to 2 kB), the")
    assert NOTHING in judged.verdict


def test_the_same_file_is_told_to_be_the_same():
    judged = Judgement(model(), model(), SAME)
    assert judged.verdict == f"Both are the same, byte by byte: {NOTHING}."


def test_what_was_not_timed_is_not_called_as_fast():
    judged = Judgement(model(), model(digest="b"), Runs(ratio=unknown("×", "weights alone")))
    assert not judged.saved
    assert "its time was not measured (weights alone)" in judged.verdict
    assert f"{NOTHING}, unless it runs faster" in judged.verdict


@pytest.mark.parametrize(("size", "felt"), [(950, True), (951, False), (1000, False)])
def test_five_per_cent_can_be_felt(size, felt):
    assert FELT == 0.95
    assert Judgement(model(), model(size=size, digest="b"), SAME).smaller == felt


def test_what_a_saving_cost_elsewhere_is_told():
    judged = Judgement(model(), model(size=250, digest="b"), ran(2.6, 2.5, 2.8))
    assert judged.saved
    assert judged.slower
    assert judged.verdict.endswith(
        "but the program is slower (2.6 times as long, 90 % interval 2.5 to 2.8)."
    )
    judged = Judgement(model(), model(size=2000, digest="b"), ran(0.5, 0.45, 0.6))
    assert judged.larger
    assert "2 times as large as before (1 kB to 2 kB), but the program is faster" in judged.verdict


def test_scores_are_told_with_what_they_lost():
    small = model(size=100, digest="b")
    judged = Judgement(model(), small, replace(SAME, **scores(0.98, 0.91)))
    assert "fell from 0.98 to 0.91 (-0.07), one reading each" in judged.verdict
    judged = Judgement(model(), small, replace(SAME, **scores(0.9, 0.9)))
    assert "is the same, 0.9." in judged.verdict
    judged = Judgement(model(), small, replace(SAME, **scores(0.9, 0.95)))
    assert "rose" in judged.verdict


def scores(before, after):
    return {"score_before": Figure(before, ""), "score_after": Figure(after, "")}


def test_json_and_text_hold_the_verdict_and_the_rows():
    judged = Judgement(model(), model(zeros=450, digest="b"), SAME, ["a note"])
    form = judged.to_json()
    assert form["saved"] is False
    assert form["verdict"] == judged.verdict
    assert form["after"]["sparsity"] == 0.9
    names = [row["name"] for row in form["rows"]]
    assert names == [
        "bytes on disk", "numbers", "zeros", "bytes, zipped", "bytes, by zstd", "time a run",
        "score, test",
    ]  # fmt: skip
    text = str(judged)
    assert judged.verdict in text
    assert "a note" in text
    assert "anywhere in 500" in text


def test_the_ratio_of_times_is_that_of_the_rounds():
    judged = Judgement(model(), model(digest="b"), ran(0.5, 0.49, 0.52))
    row = judged.rows[-2]
    assert row.name == "time a run"
    assert row.ratio == judged.runs.ratio
    assert judged.to_json()["rows"][-2]["ratio"]["high"] == 0.52


def test_an_empty_file_before_is_no_division_by_zero():
    judged = Judgement(model(size=0), model(size=10, digest="b"), SAME)
    assert "empty" in judged.verdict
    assert not judged.saved
