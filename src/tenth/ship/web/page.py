"""Writing the page: the network, its weights and a runner in one HTML file."""

import base64
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tenth.errors import InputError, must
from tenth.ship.interface import STATUS, Interface, Port
from tenth.ship.manifest import Layer, Manifest

_MOST_CLASSES = 60
_MOST_PIXELS = 512
_FREE_PIXELS = 32  # where the page may choose


@dataclass(frozen=True)
class Drawing:
    """What the images looked like that a network of drawings learnt from.

    Attributes:
        labels: the name of each class; empty for 0, 1, 2, …
        low: the value of a pixel without ink.
        high: the value of a pixel full of ink.
        pen: the width of a line in pixels; 0 for a seventh of the height.
    """

    labels: Sequence[str] = ()
    low: float = 0.0
    high: float = 1.0
    pen: float = 0.0


def write_page(
    manifest: Manifest,
    wasm: bytes,
    weights: bytes,
    *,
    title: str = "",
    drawing: Drawing | None = None,
) -> str:
    """The text of a page that runs a program: nothing of it is loaded from elsewhere.

    A network from images of one channel to classes gets a sheet to draw on, any other one runs on
    random input.

    Raises:
        InputError: the labels are not one a class, or another number is out of place.
    """
    interface = manifest.interface
    facts: dict[str, Any] = {
        "face": _face(manifest),
        "example_sizes": dict(manifest.example_sizes),
        "page_bytes": 0,
    }
    if _is_of_images(interface):
        kind = "draw"
        labels, facts["drawing"] = _drawn(interface, drawing or Drawing())
        facts["labels"] = labels
        digits = labels == [str(i) for i in range(10)]
        default = "Draw a digit" if digits else "Draw something"
    else:
        kind = "random"
        default = interface.name
    words = {
        "TITLE": html.escape(title or default),
        "NAME": html.escape(interface.name),
        "SUBTITLE": html.escape(_subtitle(manifest.layers)),
        "KEPT": _share(manifest.layers),
        "CSS": _text("page.css"),
        "BODY": _text(f"{kind}.html").strip(),
        "SCRIPT": "\n".join(_text(f"{name}.js") for name in ("runner", "page", kind)),
        "WASM": base64.b64encode(wasm).decode(),
        "WEIGHTS": base64.b64encode(weights).decode(),
    }
    while True:
        text = _filled(_text("page.html"), {**words, "FACTS": _json(facts)})
        size_bytes = len(text.encode())
        if facts["page_bytes"] == size_bytes:
            return text
        facts["page_bytes"] = size_bytes


def write_module(manifest: Manifest) -> str:
    """The text of model.js: the runner and the face of one program, for pages of one's own."""
    face = _json(_face(manifest))
    return (
        f"{_text('runner.js')}\nconst FACE = {face};\n\n"
        "/* The program, given the bytes of model.wasm, and of weights.bin where there is one. */\n"
        "export const open = (wasm, weights) => Program.open(wasm, weights, FACE);\n"
    )


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with each `@WORD@` replaced; what is put in is not looked at again."""
    return re.sub("@([A-Z]+)@", lambda found: words[found[1]], text)


def _face(manifest: Manifest) -> dict[str, Any]:
    """What the runner must know of a program."""
    interface = manifest.interface

    def ports(listed: Sequence[Port]) -> list[dict[str, Any]]:
        return [{"name": p.name, "dtype": p.dtype, "shape": list(p.shape)} for p in listed]

    return {
        "name": interface.name,
        "sizes": list(interface.sizes),
        "inputs": ports(interface.inputs),
        "outputs": ports(interface.outputs),
        "status": list(STATUS),
        "weights_bytes": manifest.weights_bytes,
    }


def _is_of_images(interface: Interface) -> bool:
    """Whether a program takes images of one channel to classes, so that one can draw for it."""
    if len(interface.inputs) != 1 or len(interface.outputs) != 1:
        return False
    image, classes = interface.inputs[0].shape, interface.outputs[0].shape
    return (
        interface.inputs[0].dtype == "float32"
        and len(image) == 4
        and image[1] == 1
        and all(isinstance(size, str) or 4 <= size <= _MOST_PIXELS for size in image[2:])
        and len(classes) == 2
        and isinstance(classes[1], int)
        and 2 <= classes[1] <= _MOST_CLASSES
    )


def _drawn(interface: Interface, drawing: Drawing) -> tuple[list[str], dict[str, float]]:
    """The labels, and what the page must know of the images."""
    classes = interface.outputs[0].shape[1]
    assert isinstance(classes, int)
    labels = [str(label) for label in drawing.labels or range(classes)]
    if len(labels) != classes:
        raise InputError(must("labels", f"{classes}, one a class", len(labels)))
    numbers = (drawing.low, drawing.high, drawing.pen)
    if not all(map(math.isfinite, numbers)) or drawing.low == drawing.high or drawing.pen < 0:
        raise InputError(
            must("low, high and pen", "finite, low not high, and a pen of 0 or more", numbers)
        )
    rows = interface.inputs[0].shape[2]
    pen = drawing.pen or (rows if isinstance(rows, int) else _FREE_PIXELS) / 7
    return labels, {"low": drawing.low, "high": drawing.high, "pen": pen}


def _counts(layers: Sequence[Layer]) -> tuple[int, int]:
    """The kept weights and all weights of the layers."""
    sizes = [math.prod(layer.shape) for layer in layers]
    kept = (round(layer.density * size) for layer, size in zip(layers, sizes, strict=True))
    return sum(kept), sum(sizes)


def _subtitle(layers: Sequence[Layer]) -> str:
    kept, every = _counts(layers)
    if kept == every:
        return "A neural network that runs in this page, written as C by tenth."
    return (
        f"A neural network that runs in this page. Of the {every:,} weights of its layers, "
        f"{kept:,} are kept; the others are zero."
    )


def _share(layers: Sequence[Layer]) -> str:
    kept, every = _counts(layers)
    return f"{100 * kept / every:.3g} %" if every else "none to keep"


def _json(value: Any) -> str:
    # no tag may end the element that holds it
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


@cache
def _text(name: str) -> str:
    return resources.files("tenth.ship.web").joinpath(name).read_text(encoding="utf-8")
