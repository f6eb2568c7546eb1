"""The page of a run holds its curves, layers and seconds, and needs nothing else."""

import re
from html.parser import HTMLParser

import pytest

import tiny
from tenth.train import Settings, report, run

SETTINGS = Settings(steps=24, check_every=6, mask_every=4)


class Outline(HTMLParser):
    """Headings, and whether all tags are closed in their order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.headings = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    run(tiny.task(name="a < b"), "granet", density=0.3, out=place, settings=SETTINGS)
    return place


def test_the_page_is_whole_and_loads_nothing(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.open == []
    assert outline.headings == [
        "train a < b by granet",
        "Loss",
        "Score on val",
        "Weights kept",
        "Learning rate",
        "Layer by layer, over the run",
        "Where the seconds went",
    ]
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"(src|href)=\"(?!data:,)|url\(|<script", page)
    assert "nan" not in page.lower().replace("granet", "")


def test_a_page_that_was_lost_is_written_again(folder):
    before = (folder / "report.html").read_text(encoding="utf-8")
    (folder / "report.html").unlink()
    run(tiny.task(name="a < b"), "granet", density=0.3, out=folder, settings=SETTINGS)
    assert (folder / "report.html").read_text(encoding="utf-8") == before


def test_a_dense_run_has_no_layers_to_show():
    outline = Outline(report.html(run(tiny.task(), settings=SETTINGS)))
    assert "Layer by layer, over the run" not in outline.headings
    assert "Loss" in outline.headings
