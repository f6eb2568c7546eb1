"""Pages in a browser: no request, no error, no overflow, contrast, keyboard, one sheet of paper."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ship import browser
from tenth.figures import Figure, unknown
from tenth.plan import estimate
from tenth.plan import page as plan_page
from tenth.receipt import Aim, Arm, BeforeAfter, Origin, Receipt, Stage, page
from tenth.receipt.look.language import LANGUAGES

from .samples import costs, life

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium (apt: chromium)")

LONG = "a name that goes on and on without end " * 6
UNBROKEN = "x" * 200

CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")


def crowded():
    """A receipt of everything at once: many rows, long names, names without a place to break."""
    receipt = life("FRA")
    receipt.title = LONG
    receipt.task = Aim(LONG, LONG, 2.0, 0.0)
    receipt.hardware["cpu"] = UNBROKEN
    parts = [Stage(f"{LONG} {n}", costs(9.0, 1e12, 1e11)) for n in range(6)]
    notes = {"interrupted": LONG, LONG: LONG}
    receipt.stages = [
        Stage(f"{n} {UNBROKEN if n == 1 else LONG}", costs(1e6 * n + 1, 1e19), parts, notes)
        for n in range(12)
    ]
    receipt.stages[3].figures["energy_joules"] = unknown("J", LONG)
    figure = Figure(1234.5, "s", 1.5, 98765.4, "measured", LONG)
    receipt.sizes = [
        BeforeAfter(f"{UNBROKEN} {n}", figure, replace(figure, label="modelled")) for n in range(9)
    ]
    receipt.scores = {f"{LONG} {n}": replace(figure, unit="") for n in range(15)}
    receipt.arms = [Arm(f"{LONG} {n}", 8, n, 10**9, receipt.stages[0].figures) for n in range(8)]
    receipt.provenance = [Origin("data", LONG, UNBROKEN, LONG, "0" * 64)] * 9
    receipt.notes = [LONG, UNBROKEN] * 9
    receipt.plan_of = []
    return receipt


def plan():
    return estimate(params=7e9, tokens=2e12, device="h100", count=64, place="FRA")


PAGES = {
    "life": lambda lang: page.html(life(), lang),
    "crowded": lambda lang: page.html(crowded(), lang),
    "empty": lambda lang: page.html(Receipt("empty", Aim("a")), lang),
    "compared": lambda lang: page.html(life(), lang, life().compare(life())),
    "plan": lambda lang: plan_page.html(plan(), lang),
    "plan unknown": lambda lang: plan_page.html(estimate(params=1e6, tokens=1e6, count=None), lang),
}
EVERY = pytest.mark.parametrize("name", PAGES)
BOTH = pytest.mark.parametrize("lang", LANGUAGES)


@pytest.fixture(scope="module")
def tab():
    with browser.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def write(name, lang):
        path = folder / f"{name}-{lang}.html"
        if path not in made:
            path.write_text(PAGES[name](lang), encoding="utf-8")
            made[path] = True
        return path

    return write


def load(tab, path, width=1040, *, phone=False, dark=False):
    tab.requests.clear()
    tab.errors.clear()
    tab.size(width, 800, phone=phone, dark=dark)
    tab.call("Page.navigate", url=path.as_uri())
    tab.wait("document.readyState === 'complete'")
    tab.frame()


def check(tab, code):
    """The value of some JavaScript that may call what page_checks.js has."""
    return tab.run(f"(() => {{ {CHECKS}; return {code}; }})()")


@BOTH
@EVERY
@pytest.mark.parametrize("width", [360, 1040])
def test_nothing_is_asked_for_nothing_goes_wrong_nothing_sticks_out(
    tab, written, name, lang, width
):
    path = written(name, lang)
    load(tab, path, width, phone=width == 360)
    assert check(tab, "outside()") == {"scroll": 0, "out": []}
    asked = [url for url in tab.requests if not url.startswith("data:")]
    assert asked == [path.as_uri()]
    assert tab.errors == []


@BOTH
@pytest.mark.parametrize("name", ["life", "plan"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(tab, written, name, lang, dark):
    load(tab, written(name, lang), dark=dark)
    found = check(tab, "contrasts()")
    assert found["texts"] > 100
    assert found["least"] >= 4.5, found["text"]


@BOTH
@EVERY
def test_it_prints_on_one_sheet_of_a4(tab, written, name, lang):
    load(tab, written(name, lang))
    answer = tab.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    pdf = base64.b64decode(answer["data"])
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    (box,) = set(re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf))
    width, height = (float(number) for number in box.split()[2:])
    assert (round(width), round(height)) in {(595, 842), (596, 842), (595, 841)}


@BOTH
def test_what_a_sheet_leaves_out_is_counted_on_it(tab, written, lang):
    load(tab, written("crowded", lang))
    assert check(tab, "shown('.on-paper')") == 0
    tab.call("Emulation.setEmulatedMedia", media="print")
    counted = check(tab, "shown('.on-paper')")
    tab.call("Emulation.setEmulatedMedia", media="")
    assert counted >= 5


@BOTH
def test_it_is_used_by_keyboard_with_the_focus_in_sight(tab, written, lang):
    load(tab, written("life", lang))
    tab_key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    stops = []
    while not stops or stops[-1]["tag"] != "SUMMARY":
        tab.call("Input.dispatchKeyEvent", type="keyDown", **tab_key)
        tab.call("Input.dispatchKeyEvent", type="keyUp", **tab_key)
        stops.append(check(tab, "focus()"))
        assert len(stops) < 200
    assert {stop["tag"] for stop in stops} == {"A", "SUMMARY"}
    assert all(stop["line"] == "solid" and stop["width"] >= 2 for stop in stops)


def test_arabic_begins_on_the_right_and_its_numbers_run_to_the_right(tab, written):
    load(tab, written("life", "ar"))
    assert check(tab, "box('.mark b').left > innerWidth / 2")
    # in a table the names stand to the right of their numbers
    assert check(tab, "box('tbody th').left > box('tbody td').left")
    assert check(tab, "getComputedStyle(document.querySelector('bdi[dir=ltr]')).direction") == "ltr"


def test_english_begins_on_the_left(tab, written):
    load(tab, written("life", "en"))
    assert check(tab, "box('.mark b').right < innerWidth / 2")
    assert check(tab, "box('tbody th').left < box('tbody td').left")


@BOTH
def test_a_source_is_reached_from_its_number(tab, written, lang):
    load(tab, written("life", lang))
    check(tab, "document.querySelector('sup a').click()")
    assert check(tab, "location.hash") == "#source-1"
    assert check(tab, "document.querySelector('#source-1').matches(':target')")
