"""docs/judge.md says what its result file holds, and its prose what came out."""

import json

import pytest

import judge as judging

PAGE = judging.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found():
    return json.loads(judging.RESULT.read_text(encoding="utf-8"))


def test_the_page_is_of_the_result_file(found):
    assert judging.filled(PAGE, found) == PAGE, "run `python bench/judge.py`"


def test_its_prose_is_what_came_out(found):
    pruned, int8, granet = (found["verdicts"][name] for name in judging.SHOWN)
    assert not pruned["saved"]
    assert int8["smaller"]
    assert int8["slower"]
    assert granet["smaller"]
    assert not granet["faster"]
    assert not granet["slower"]


def test_each_pair_is_counted(found):
    pairs = found["pairs"]
    ends = [(one["low"], one["high"]) for one in pairs["ratios"]]
    assert len(ends) == pairs["pairs"]
    assert pairs["holding_1"] == sum(low <= 1 <= high for low, high in ends)
    assert pairs["called_faster"] == sum(high <= 0.95 for _, high in ends)
    assert pairs["called_slower"] == sum(low >= 1 / 0.95 for low, _ in ends)


def test_a_part_without_its_place_is_an_error(found):
    with pytest.raises(ValueError, match="no place"):
        judging.filled("a page", found)


def test_long_sentences_are_broken_and_the_table_is_not(found):
    assert max(map(len, judging.block("int8")(found).splitlines())) <= 100
    table = found["verdicts"]["int8"]["text"].partition("\n\n")[0]
    assert table in judging.block("int8")(found)
