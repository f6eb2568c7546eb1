import re
from dataclasses import replace

import pytest

from receipt.pages import Page
from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.plan import Plan, Serve, Train, estimate, of_model, page, preset
from tenth.receipt.look.language import LANGUAGES, messages

SIGNS = {
    *("USD", "CO", "e", "t", "kg", "g", "mg", "mWh", "Wh", "kWh", "MWh", "ms", "µs"),
    *("FLOP", "GFLOP", "TFLOP", "PFLOP", "kB", "MB", "GB", "TB"),
}


@pytest.fixture(scope="module")
def plan():
    return estimate(params=7e9, tokens=2e12, device="h100", count=64, place="FRA")


def text(plan, lang="en"):
    return Page(page.html(plan, lang)).text


def test_the_first_words_say_what_to_expect(plan):
    assert "Expect 55 days, 130 MWh, 7.1 t CO₂e and 290,000 USD." in text(plan)


def test_a_plan_of_nothing_known_says_so(plan):
    nothing = {key: unknown(f.unit, "nobody said") for key, f in plan.figures.items()}
    told = text(replace(plan, figures=nothing))
    assert "Nothing can be said beforehand about its cost." in told
    assert "nobody said" in told


def test_every_figure_and_every_source_is_there(plan):
    told = text(plan)
    for key, figure in plan.figures.items():
        if not key.startswith(("training_flops_", "price_usd_")):
            assert messages("en").get(f"figure.{key}", key) in told
            assert (figure.source or figure.reason) in told


def test_every_formula_is_there_and_runs_from_left_to_right(plan):
    for lang in LANGUAGES:
        read = Page(page.html(plan, lang))
        for step in plan.steps.values():
            assert step in read.text
        assert len(read.all("code")) == len(plan.steps)


def test_figures_are_told_in_two_digits_and_what_is_exact_in_full(plan):
    odd = Figure(123456.0, "USD", 100001.0, 199999.0, "estimated", "made up")
    told = text(replace(plan, figures=dict(plan.figures) | {"price_usd": odd}))
    assert "120,000 USD" in told
    assert "100,000 – 200,000 USD" in told
    assert "123,456" not in told
    exact = Figure(7_241_732_096.0, "parameters", label="counted", source="the graph")
    assert "7.24 billion" in text(replace(plan, figures=dict(plan.figures) | {"parameters": exact}))


def test_the_spread_is_told_in_words_too(plan):
    spans = [e["aria-label"] for e in Page(page.html(plan)).all("svg") if "aria-label" in e]
    assert any(re.fullmatch(r"device-hours: from 0\.\d+ to 1\.\d+ times the planned value\.", s)
               for s in spans)  # fmt: skip


def test_a_plan_without_intervals_has_no_such_chart(plan):
    exact = {k: Figure(1.0, f.unit, label="counted") for k, f in plan.figures.items()}
    assert "How far off it may be" not in text(replace(plan, figures=exact))


def test_it_says_that_nothing_ran(plan):
    assert "no figure here was metered" in text(plan)
    assert "search, failed runs and restarts come on top" in text(plan)


def test_names_cannot_break_out():
    evil = '<script>alert("x")</script>'
    made = Plan(
        f"plan: {evil}",
        {"parameters": Figure(1.0, "parameters", source=evil), evil: unknown("", evil)},
        {evil: evil},
        {evil: evil, "targets": [evil], "tied": True},
        (evil,),
    )
    for lang in LANGUAGES:
        assert "<script>" not in page.html(made, lang)
        Page(page.html(made, lang))


def test_the_arabic_page_has_no_english_but_marked_names_and_signs(plan):
    read = Page(page.html(plan, "ar"))
    assert read.all("html")[0] == {"lang": "ar", "dir": "rtl"}
    assert set(re.findall(r"[A-Za-zµ]+", "".join(read.own))) <= SIGNS
    for note in plan.notes:
        assert note in "".join(read.foreign)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_asks_nothing_of_anybody(plan, lang):
    made = page.html(plan, lang)
    assert not re.search(r"url\(|@import|https?://|<script", made)


def test_a_language_without_a_catalogue_is_refused(plan):
    with pytest.raises(InputError, match="one of en, ar"):
        page.html(plan, "de")


PLANS = {
    "a size": lambda: estimate(params=7e9, tokens=2e12, device="h100", count=64),
    "training": lambda: of_model(preset("llama3-8b"), Train(1e9), device="h100", count=8),
    "adapting": lambda: of_model(preset("mixtral"), Train(1e9, "qlora"), device="h100", count=8),
    "answering": lambda: of_model(preset("llama3-8b"), Serve(), device="h100", place="FRA"),
    "images": lambda: of_model(preset("resnet50"), Train(1e8), device="a100", count=4),
}


@pytest.mark.parametrize("kind", PLANS)
def test_every_figure_and_input_of_a_plan_has_a_name_in_every_language(kind):
    made = PLANS[kind]()
    for lang in LANGUAGES:
        known = messages(lang)
        assert [key for key in (*made.figures, *made.steps) if f"figure.{key}" not in known] == []
        assert [key for key in made.inputs if f"input.{key}" not in known] == []
    arabic = "".join(Page(page.html(made, "ar")).own)
    assert set(re.findall(r"[A-Za-zµ]+", arabic)) <= SIGNS
