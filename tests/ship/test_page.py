"""The page with a network in it: as text, and in a browser that has no network."""

import base64
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import InputError, OutputError
from tenth.graph import Dim, Graph, Node, Value
from tenth.kernels import toolchain
from tenth.ship import compile
from tenth.ship.emit import units
from tenth.ship.web import Drawing

from . import browser
from .conftest import words_graph

pytestmark = pytest.mark.skipif(toolchain.zig() is None, reason="no ziglang")
in_browser = pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium (apt: chromium)")


def lines_graph() -> Graph:
    """Images of lines to two classes: whether the middle row is bright, or the middle column."""
    weight = np.zeros((2, 1, 9, 9), np.float32)
    weight[0, 0, 4] = weight[1, 0, :, 4] = 1
    return Graph(
        (Value("image", (Dim.symbol("n"), 1, 9, 9)),),
        (
            Node("flat", "reshape", ("image",), {"shape": (-1, 81)}),
            Node("score", "linear", ("flat", "weight")),
        ),
        ("score",),
        {"weight": weight.reshape(2, 81)},
    )


@pytest.fixture(scope="module")
def lines():
    return compile(lines_graph(), np.zeros((1, 1, 9, 9), np.float32), name="lines", target="wasm")


@pytest.fixture(scope="module")
def words():
    return compile(words_graph(), np.zeros((2, 7), np.int64), name="words", target="wasm")


def test_weights_that_are_told_of_are_those_of_the_layers(words):
    page = words.files["index.html"].decode()
    assert "Of the 40 weights of its layers, 20 are kept; the others are zero." in page
    assert "<dt>kept of its layers</dt>" in page


@pytest.fixture(scope="module")
def tab():
    with browser.opened() as page:
        yield page


def facts(text: str) -> dict:
    found = re.search(r'<script id="facts" type="application/json">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


def test_a_page_holds_everything_and_asks_for_nothing(lines, tmp_path):
    text = lines.save_page(tmp_path / "lines.html").read_text()
    assert base64.b64encode(lines.files["model.wasm"]).decode() in text
    assert facts(text)["page_bytes"] == (tmp_path / "lines.html").stat().st_size
    assert "default-src 'none'" in text
    outside = re.sub(r"<script id=\"wasm\".*?</script>", "", text)
    assert re.findall(r"https?:|//[a-z]|\ssrc=|@[A-Z]+@", outside) == []
    assert lines.files["index.html"].decode() == text


def test_what_is_put_into_a_page_stays_text(lines, tmp_path):
    drawing = Drawing(labels=["</script><b>", "@TITLE@"])
    path = lines.save_page(tmp_path / "a.html", title="<b> & @NAME@", drawing=drawing)
    text = path.read_text()
    assert facts(text)["labels"] == ["</script><b>", "@TITLE@"]
    assert "<title>&lt;b&gt; &amp; @NAME@</title>" in text
    assert "</script><b>" not in text


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (Drawing(labels=["one"]), "labels must be 2, one a class"),
        (Drawing(low=1), "low, high and pen must be"),
        (Drawing(high=math.inf), "low, high and pen must be"),
        (Drawing(pen=-1), "low, high and pen must be"),
    ],
)
def test_a_drawing_that_does_not_fit_is_refused(lines, tmp_path, drawing, message):
    with pytest.raises(InputError, match=message):
        lines.save_page(tmp_path / "a.html", drawing=drawing)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_an_error(lines, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        lines.save_page(tmp_path / "absent" / "a.html")


@in_browser
def test_lines_are_told_apart_by_mouse_and_by_finger(lines, tab, tmp_path):
    drawing = Drawing(labels=["wide", "tall"])
    tab.requests.clear()
    tab.size(1000, 800)
    page = lines.save_page(tmp_path / "lines.html", drawing=drawing)
    tab.open(page)
    assert tab.run("document.body.dataset.ready") == "yes"
    assert tab.run("document.body.dataset.prediction") == ""
    draw(tab, [[(0.1, 0.3), (0.5, 0.3), (0.9, 0.31)]])
    assert tab.run("document.body.dataset.prediction") == "wide"
    tab.run("document.getElementById('undo').click()")
    tab.frame()
    assert tab.run("document.body.dataset.prediction") == ""
    for width in (1000, 390):
        tab.size(width, 800, phone=width < 500)
        tab.frame()
        draw(tab, [[(0.8, 0.2), (0.8, 0.7), (0.81, 0.9)]], finger=width < 500)
        assert tab.run("document.body.dataset.prediction") == "tall"
        assert tab.run("document.documentElement.scrollWidth") <= width
        tab.run("document.getElementById('clear').click()")
        tab.frame()
    tab.wait("document.getElementById('run-time').textContent !== '…'")
    assert re.fullmatch(
        r"[\d.]+ (µs|ms)", tab.run("document.getElementById('run-time').textContent")
    )
    assert tab.requests == [page.resolve().as_uri()]
    assert tab.errors == []


@in_browser
def test_any_other_network_runs_on_random_input(words, tab, tmp_path):
    tab.requests.clear()
    page = words.save_page(tmp_path / "words.html")
    tab.open(page)
    assert tab.run("document.body.dataset.ready") == "yes"
    assert tab.run("document.body.dataset.outputs") == "10 112"
    assert tab.run("document.body.dataset.ids") == "11"  # found out by asking
    tab.run("(f => { f.value = 3; f.dispatchEvent(new Event('change')) })"
            "(document.querySelectorAll('input')[1])")  # fmt: skip
    assert tab.run("document.body.dataset.outputs") == "10 48"
    assert tab.run("document.getElementById('failure').hidden")
    assert tab.requests == [page.resolve().as_uri()]
    assert tab.errors == []


@in_browser
@pytest.mark.parametrize("apart", [False, True])
def test_a_page_of_ones_own_calls_the_module(tab, apart, monkeypatch):
    """The weights built in, and beside it in a file of their own."""
    monkeypatch.setattr(units, "_EMBEDDED_BYTES", 0 if apart else 2**18)
    made = compile(lines_graph(), np.zeros((1, 1, 9, 9), np.float32), name="lines", target="wasm")
    assert ("weights.bin" in made.files) == apart
    encoded = {
        name: base64.b64encode(made.files.get(name, b"")).decode()
        for name in ("model.js", "model.wasm", "weights.bin")
    }
    tab.call("Page.navigate", url="about:blank")
    answer = tab.run(
        "(async () => {"
        "  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));"
        f"  const {{ open }} = await import('data:text/javascript;base64,{encoded['model.js']}');"
        f"  const program = await open(bytes('{encoded['model.wasm']}'),"
        f"    bytes('{encoded['weights.bin']}'));"
        "  const x = Float32Array.from({ length: 3 * 81 }, (_, i) => Math.sin(i));"
        "  const [{ shape, data }] = program.run([x], [3]);"
        "  return [shape, ...data];"
        "})()"
    )
    image = np.sin(np.arange(3 * 81)).astype(np.float32).reshape(3, 1, 9, 9)
    host = compile(lines_graph(), np.zeros((1, 1, 9, 9), np.float32), name="lines")
    assert answer[0] == [3, 2]
    np.testing.assert_allclose(np.reshape(answer[1:], (3, 2)), host(image), rtol=0, atol=1e-5)


@in_browser
@pytest.mark.slow
def test_digits_drawn_by_mouse_are_recognised_by_a_network_at_a_tenth(tab, tmp_path):
    example = Path(__file__).parents[2] / "examples" / "digits_page.py"
    subprocess.run([sys.executable, example, tmp_path / "digits.html"], check=True)
    tab.requests.clear()
    tab.size(1000, 800)
    tab.open(tmp_path / "digits.html")
    told = []
    for strokes in DIGITS:
        draw(tab, strokes)
        told.append(tab.run("document.body.dataset.prediction"))
        tab.run("document.getElementById('clear').click()")
    right = sum(label == str(digit) for digit, label in enumerate(told))
    assert right >= 9, told
    assert len(tab.requests) == 1
    assert tab.errors == []
    assert (tmp_path / "digits.html").stat().st_size < 150_000


def draw(tab, strokes, *, finger: bool = False) -> None:
    """Strokes of points in [0, 1]², as a person draws them."""
    left, top, width, height = tab.run(
        "(b => [b.left, b.top, b.width, b.height])"
        "(document.getElementById('paper').getBoundingClientRect())"
    )
    for stroke in strokes:
        places = [(left + x * width, top + y * height) for x, y in stroke]
        if finger:
            tab.touch("touchStart", places[0])
            for place in places[1:]:
                tab.touch("touchMove", place)
            tab.touch("touchEnd")
        else:
            tab.mouse("mousePressed", *places[0])
            for place in places[1:]:
                tab.mouse("mouseMoved", *place)
            tab.mouse("mouseReleased", *places[-1])
    tab.frame()


def arc(x: float, y: float, wide: float, tall: float, start: int, end: int):
    """Points of an ellipse, from one angle to another in degrees."""
    angles = np.radians(np.linspace(start, end, 25))
    return [(x + wide * math.cos(a), y + tall * math.sin(a)) for a in angles]


DIGITS = (
    [arc(0.5, 0.5, 0.2, 0.33, -90, 270)],
    [[(0.4, 0.3), (0.53, 0.18), (0.53, 0.82)]],
    [[*arc(0.5, 0.34, 0.18, 0.17, -170, 40), (0.32, 0.82), (0.7, 0.82)]],
    [[*arc(0.47, 0.33, 0.18, 0.16, -150, 90), *arc(0.47, 0.65, 0.2, 0.17, -90, 150)]],
    [[(0.55, 0.15), (0.3, 0.58), (0.72, 0.58)], [(0.6, 0.4), (0.6, 0.85)]],
    [[(0.68, 0.18), (0.38, 0.18), (0.35, 0.46), *arc(0.48, 0.62, 0.19, 0.18, -110, 140)]],
    [[(0.6, 0.15), (0.42, 0.4), *arc(0.5, 0.64, 0.17, 0.18, 180, 540)]],
    [[(0.3, 0.18), (0.7, 0.18), (0.45, 0.84)]],
    [[*arc(0.5, 0.33, 0.15, 0.16, 90, 450), *arc(0.5, 0.66, 0.18, 0.17, -90, 270)]],
    [[*arc(0.5, 0.35, 0.17, 0.18, 0, 360), (0.66, 0.4), (0.58, 0.85)]],
)
