import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tenth.figures import LABELS, Figure, unknown
from tenth.receipt import Aim, Arm, BeforeAfter, Receipt

VOID = {"meta", "link", "br", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements with their attributes; closing tags must match, so that no text eats a tag."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(receipt):
    return Page(receipt.html())


def test_it_asks_nothing_of_anybody(receipt, page):
    links = [e.get("href") or e.get("src") for _, e in page.elements if {"href", "src"} & set(e)]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not page.all("script")
    assert not re.search(r"url\(|@import|https?://", receipt.html())


def test_the_first_words_say_what_was_spent_and_saved(page):
    assert "It took 4.21 min, 1,037 J and 138 mg CO₂e to bring weights from 816 to 81" in page.text
    assert "no place was given" in page.text


def test_every_chart_has_words_for_those_who_cannot_see_it(page):
    charts = page.all("svg")
    assert len(charts) > 10
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    assert any("granet 88 %" in chart["aria-label"] for chart in charts)


def test_every_source_is_listed_and_every_reference_leads_to_one(page, receipt):
    listed = {e["id"] for _, e in page.elements if e.get("id", "").startswith("source-")}
    asked = {e["href"][1:] for _, e in page.elements if e.get("href", "").startswith("#source-")}
    assert asked == listed
    for size in receipt.sizes:
        assert size.before.source in page.text
    assert "no price given" in page.text


def test_every_label_has_its_badge_and_its_meaning(page):
    badges = [e["class"].split()[1] for _, e in page.elements if "badge" in e.get("class", "")]
    assert set(badges) == {*LABELS, "unknown"}
    assert "an instrument: a clock" in page.text


def test_intervals_are_shown(page):
    assert "570 – 1,503 J" in page.text
    assert "290 – 350 µs" in page.text
    assert "59 – 97 %" in page.text


def test_it_reads_on_phones_and_in_the_dark(receipt, page):
    assert any(e.get("name") == "viewport" for e in page.all("meta"))
    assert "prefers-color-scheme: dark" in receipt.html()
    assert page.all("html")[0]["lang"] == "en"


def test_tables_have_heads_for_rows_and_columns(page):
    assert all(head.get("scope") in ("row", "col") for head in page.all("th"))


def test_names_cannot_break_out(receipt):
    evil = '<script>alert("x")</script><img src=x onerror=1>'
    receipt.title = receipt.place = evil
    receipt.place = replace(Receipt("t", Aim("a")).place, name=evil)
    receipt.task = Aim(evil, evil, 1.0)
    receipt.hardware["cpu"] = evil
    receipt.stages = [replace(receipt.stages[0], name=evil, notes={evil: evil})]
    receipt.sizes = [BeforeAfter(evil, Figure(2, "J", source=evil), Figure(1, "J", source=evil))]
    receipt.scores = {evil: unknown("", evil)}
    receipt.arms = [Arm(evil, 2, 1, 1, receipt.arms[0].figures)]
    receipt.notes = [evil]
    page = Page(receipt.html())
    assert not page.all("script")
    assert not page.all("img")
    assert "<script>" not in receipt.html()


def test_an_interruption_is_said_at_the_top(receipt):
    receipt.stages[1] = replace(receipt.stages[1], notes={"interrupted": "KeyboardInterrupt"})
    assert "Stage train was interrupted" in Page(receipt.html()).text


@pytest.mark.parametrize("field", ["stages", "sizes", "scores", "arms", "plan", "notes"])
def test_any_part_may_be_missing(receipt, field):
    setattr(receipt, field, type(getattr(receipt, field))())
    if field == "stages":
        receipt.plan = {}
    Page(receipt.html())


def test_a_receipt_of_nothing_is_a_page():
    text = Page(Receipt("empty", Aim("a")).html()).text
    assert "Nothing was metered." in text


def test_sizes_that_are_unknown_have_no_bars(receipt):
    receipt.sizes = [BeforeAfter("w", Figure(2, "s"), unknown("s", "never timed"))]
    assert "never timed" in Page(receipt.html()).text


def test_arms_with_different_figures_are_a_table_too(receipt):
    receipt.arms[0].figures.pop("carbon_gco2e")
    receipt.arms[1].figures["energy_joules"] = unknown("J", "the meter broke")
    assert "the meter broke" in Page(receipt.html()).text


def test_it_is_small(receipt):
    assert len(receipt.html().encode()) < 100_000
