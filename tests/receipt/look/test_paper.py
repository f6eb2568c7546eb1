from dataclasses import replace

import pytest

from tenth.receipt.look import paper
from tenth.receipt.look.blocks import Cards, Column, Document, Line, Points, Section, Table
from tenth.receipt.look.language import Said

NAME = Said("x")


def table(rows, most=6):
    return Table(NAME, [Column(NAME, [NAME] * rows)], [Line(NAME)] * rows, paper=most)


def document(*blocks, width="full"):
    sections = [Section(NAME, [block], width=width) for block in blocks]
    return Document(NAME, "x", NAME, [], NAME, sections, [])


def papers(made):
    return [block.paper for section in made.sections for block in section.blocks]


def test_what_fits_is_left_as_it_is():
    made = document(table(3), Points([NAME] * 3))
    assert paper.fit(made) == made


def test_the_longest_gives_way_first():
    made = paper.fit(document(table(30, 30), table(4)), sheet=20.0)
    assert papers(made)[1] == 6
    assert 2 <= papers(made)[0] < 15


def test_nothing_is_cut_to_less_than_two_entries():
    made = paper.fit(document(*[table(50, 50) for _ in range(9)]), sheet=5.0)
    assert papers(made) == [2] * 9


def test_what_is_not_on_paper_takes_no_room():
    made = document(table(200, 200), width="none")
    assert paper.fit(made) == made


def test_two_halves_stand_side_by_side():
    halves = document(table(10, 10), table(10, 10), width="half")
    assert papers(paper.fit(halves, sheet=14.0)) == [10, 10]
    whole = document(table(10, 10), table(10, 10))
    assert papers(paper.fit(whole, sheet=14.0)) < [10, 10]


def test_each_notice_takes_room():
    made = document(table(10, 10))
    full = replace(made, notices=[("bad", NAME)] * 20)
    assert papers(paper.fit(made, sheet=20.0)) == [10]
    assert papers(paper.fit(full, sheet=20.0)) == [2]


@pytest.mark.parametrize("block", [Cards([])])
def test_cards_are_always_whole(block):
    made = document(block)
    assert paper.fit(made, sheet=1.0) == made
