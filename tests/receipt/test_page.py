import re
from dataclasses import replace
from itertools import pairwise

import pytest

from tenth.errors import InputError
from tenth.figures import LABELS, Figure, unknown
from tenth.receipt import Aim, Arm, BeforeAfter, Origin, Receipt, page, seal
from tenth.receipt.look.language import LANGUAGES

from .pages import Page
from .samples import life

# signs of the SI and of the field, which every language writes alike
SIGNS = {
    *("s", "ms", "µs", "ns", "J", "mJ", "µJ", "nJ", "nWh", "µWh", "mWh", "Wh", "kWh", "MWh"),
    *("USD", "SHA", "C"),
    *("B", "kB", "MB", "GB", "FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"),
    *("g", "kg", "mg", "µg", "t", "CO", "e"),
}


@pytest.fixture
def told(receipt):
    return Page(receipt.html())


@pytest.fixture
def arabic(receipt):
    return Page(page.html(receipt, "ar"))


def against(receipt):
    """The receipt held against one that cost twice as much."""
    other = life()
    other.title = "dense all the way"
    other.stages += life().stages
    return receipt.compare(other)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_asks_nothing_of_anybody(receipt, lang):
    text = page.html(receipt, lang)
    told = Page(text)
    links = [e.get("href") or e.get("src") for _, e in told.elements if {"href", "src"} & set(e)]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not told.all("script")
    assert not re.search(r"url\(|@import|https?://", text)


def test_the_first_words_say_what_was_spent_and_saved(told):
    assert "It took 4.21 min, 1,037 J and 16.1 mg CO₂e to bring weights from 816 to 81" in told.text
    assert "Target reached: the best score is 1, 1 was wanted." in told.text
    assert "electricity of France" in told.text


def test_it_answers_in_the_order_in_which_people_ask(told):
    heads = [
        "What it cost",
        "What became of the model",
        "Against the baseline",
        "How good the result is",
        "The routes that were tried",
        "Was the plan right? (for train)",
        "Where it went",
        "How sure the figures are",
        "What is not known, and why",
        "What this receipt does not claim",
        "Notes",
        "What went in",
        "Machine and software",
        "Sources and reasons",
    ]
    places = [told.text.index(head) for head in heads]
    assert places == sorted(places)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headings_go_down_one_step_at_a_time(receipt, lang):
    told = Page(page.html(receipt, lang))
    levels = [int(tag[1]) for tag, _ in told.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(e["aria-labelledby"] for e in told.all("section"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_drawing_is_told_in_words_or_says_nothing_new(receipt, lang):
    drawings = Page(page.html(receipt, lang)).all("svg")
    assert len(drawings) > 10
    for drawing in drawings:
        assert drawing.get("aria-hidden") == "true" or (
            drawing["role"] == "img" and drawing["aria-label"]
        )


def test_the_chart_of_routes_names_each_with_its_rate(told):
    (words,) = (e["aria-label"] for e in told.all("svg") if "granet" in e.get("aria-label", ""))
    assert "granet 88 %" in words


def test_every_source_is_listed_and_every_reference_leads_to_one(told, receipt):
    listed = {e["id"] for _, e in told.elements if e.get("id", "").startswith("source-")}
    asked = {e["href"][1:] for _, e in told.elements if e.get("href", "").startswith("#source-")}
    assert asked == listed
    for size in receipt.sizes:
        assert size.before.source in told.text
    assert "no price given" in told.text


def test_every_label_has_its_badge_and_its_meaning(receipt):
    receipt.scores["by hand"] = Figure(1.0, "", label="given")
    told = Page(receipt.html())
    badges = {e["class"].split()[1] for e in told.classed("badge")}
    assert badges == {*LABELS, "unknown"}
    for meaning in ("Read from an instrument", "Typed in by somebody", "Never taken as zero"):
        assert meaning in told.text


def test_intervals_are_told_in_words(told):
    assert "probably 570 – 1,503 J" in told.text
    assert "290 – 350 µs" in told.text
    assert "58 – 98 %" in told.text


def test_what_is_unknown_says_why_and_is_never_zero(told):
    assert (
        "no price given: pass price_usd_per_hour or a device of the catalogue: money" in told.text
    )
    assert "0 USD" not in told.text


def test_it_says_what_it_does_not_claim(receipt, told):
    for claim in ("all its carbon", "read from a meter", "it was free",
                  "no other way is cheaper"):  # fmt: skip
        assert claim in told.text
    receipt.stages = [replace(receipt.stages[0], notes={"interrupted": "KeyboardInterrupt"})]
    assert "the work is whole" in Page(receipt.html()).text


def test_a_plan_gets_a_verdict_in_words(told):
    assert "came to more than planned" in told.text  # FLOPs, counted on both sides
    assert "inside the planned interval" in told.text
    assert "cannot be said" in told.text  # money: no price


def test_a_baseline_is_shown_with_ratios(receipt):
    text = Page(page.html(receipt, against=against(receipt))).text
    assert "Held against dense all the way" in text
    assert "0.5" in text
    assert "No baseline receipt" not in text
    assert "no baseline was held against it" not in text


def test_tables_have_heads_for_rows_and_columns(told):
    assert all(head.get("scope") in ("row", "col") for head in told.all("th"))


def test_what_went_in_is_told_with_its_licence(receipt):
    receipt.provenance = [
        Origin("data", "boards", "by hand", "CC0-1.0", "0" * 64),
        Origin("code", "x"),
    ]
    text = Page(receipt.html()).text
    assert "boards · from by hand · licence CC0-1.0 · SHA-256 0000" in text
    assert "x · licence not said" in text


def test_it_ends_with_the_last_link_of_its_chain(receipt, told):
    assert seal.chain(receipt.to_json())[-1]["sha256"] in told.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_cannot_break_out(receipt, lang):
    evil = '<script>alert("x")</script><img src=x onerror=1>'
    receipt.title = evil
    receipt.place = replace(Receipt("t", Aim("a")).place, name=evil)
    receipt.task = Aim(evil, evil, 1.0)
    receipt.hardware["cpu"] = evil
    receipt.stages = [replace(receipt.stages[0], name=evil, notes={evil: evil})]
    receipt.sizes = [BeforeAfter(evil, Figure(2, "J", source=evil), Figure(1, "J", source=evil))]
    receipt.scores = {evil: unknown("", evil)}
    receipt.arms = [Arm(evil, 2, 1, 1, receipt.arms[0].figures)]
    receipt.provenance = [Origin("data", evil, evil, evil)]
    receipt.notes = [evil]
    told = Page(page.html(receipt, lang))
    assert not told.all("script")
    assert not told.all("img")
    assert "<script>" not in page.html(receipt, lang)


def test_an_interruption_is_said_at_the_top(receipt):
    receipt.stages[1] = replace(receipt.stages[1], notes={"interrupted": "KeyboardInterrupt"})
    assert "Stage train was interrupted" in Page(receipt.html()).text
    receipt.stages[2] = replace(receipt.stages[2], notes={"interrupted": "KeyboardInterrupt"})
    assert "2 stages were interrupted" in Page(receipt.html()).text


@pytest.mark.parametrize("field", ["stages", "sizes", "scores", "arms", "plan", "notes"])
def test_any_part_may_be_missing(receipt, field):
    setattr(receipt, field, type(getattr(receipt, field))())
    if field == "stages":
        receipt.plan = {}
    for lang in LANGUAGES:
        Page(page.html(receipt, lang))


def test_a_receipt_of_nothing_is_a_page_without_a_zero():
    text = Page(Receipt("empty", Aim("a")).html()).text
    assert "Nothing was metered." in text
    assert text.count("nothing metered it") >= 4


def test_sizes_that_are_unknown_have_no_bars(receipt):
    receipt.sizes = [BeforeAfter("w", Figure(2, "s"), unknown("s", "never timed"))]
    assert "never timed" in Page(receipt.html()).text


def test_arms_with_different_figures_are_a_table_too(receipt):
    receipt.arms[0].figures.pop("carbon_gco2e")
    receipt.arms[1].figures["energy_joules"] = unknown("J", "the meter broke")
    assert "the meter broke" in Page(receipt.html()).text


def test_it_is_small(receipt):
    assert len(receipt.html().encode()) < 100_000


def test_the_arabic_page_runs_from_right_to_left(arabic):
    assert arabic.all("html")[0] == {"lang": "ar", "dir": "rtl"}
    assert "كلّف هذا العمل" in arabic.text
    assert "هل صدقت الخطة؟" in arabic.text


def test_the_arabic_page_has_no_english_but_marked_names_and_signs(arabic, receipt):
    without_hashes = re.sub(r"[0-9a-f]{64}", "", "".join(arabic.own))
    assert set(re.findall(r"[A-Za-zµ]+", without_hashes)) <= SIGNS
    assert receipt.title not in "".join(arabic.own)


def test_what_the_arabic_page_says_aloud_has_only_the_names_of_the_receipt_in_english(
    arabic, receipt
):
    names = {arm.name for arm in receipt.arms}
    aloud = " ".join(e["aria-label"] for _, e in arabic.elements if "aria-label" in e)
    assert set(re.findall(r"[A-Za-zµ]+", aloud)) <= SIGNS | names


def test_free_text_on_the_arabic_page_finds_its_own_direction(arabic, receipt):
    marked = [e for tag, e in arabic.elements if tag == "bdi" and e.get("lang") == "en"]
    assert marked
    assert all(e["dir"] == "auto" for e in marked)
    for text in (receipt.title, receipt.notes[0], receipt.sizes[0].before.source):
        assert text in "".join(arabic.foreign)


def test_numbers_on_the_arabic_page_are_isolated(arabic):
    isolated = [e for tag, e in arabic.elements if tag == "bdi" and e.get("dir") == "ltr"]
    assert len(isolated) > 50


def test_a_language_without_a_catalogue_is_refused(receipt):
    with pytest.raises(InputError, match="one of en, ar"):
        page.html(receipt, "de")


def test_how_it_was_metered_is_told_once_and_not_at_each_stage(receipt):
    notes = {"scope": "process", "instruments": "NVML: no NVIDIA accelerator here", "steps": 7}
    price = Figure(2.5, "USD/h", label="given", source="user")
    receipt.stages = [replace(stage, notes=notes, price=price) for stage in receipt.stages]
    text = Page(receipt.html()).text
    assert text.count("NVML: no NVIDIA accelerator here") == 1
    assert "this process and its children" in text
    assert "steps: 7" in text
    assert "2.5 USD/h" in text
