"""The colours of the page: every text can be read on what it stands on, by day and by night."""

import re
from importlib.resources import files

import pytest

STYLES = files("tenth.receipt").joinpath("templates/receipt.css").read_text(encoding="utf-8")
# what is written in a colour, and on what it may stand
TEXTS = ("ink", "soft", "link", "warn", "after", "measured", "counted", "given", "modelled",
         "estimated", "unknown")  # fmt: skip
GROUNDS = ("paper", "card")
DRAWN = ("before", "after", "warn", *(f"arm-{n}" for n in range(6)))


def colours(scheme):
    """The variables of a scheme, a dark one over the light one."""
    blocks = re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): *(#[0-9a-f]{6})", blocks[0]))
    if scheme == "dark":
        found |= dict(re.findall(r"--([\w-]+): *(#[0-9a-f]{6})", blocks[1]))
    return found


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_that_of_the_standard():
    assert contrast("#ffffff", "#000000") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read(scheme, ground, text):
    found = colours(scheme)
    assert contrast(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", DRAWN)
def test_what_is_drawn_stands_out(scheme, mark):
    found = colours(scheme)
    # WCAG 2.2, 1.4.11: graphics; the grey of "before" always has its number beside it
    least = 2.2 if mark == "before" else 3.0
    assert contrast(found[mark], found["card"]) >= least


def test_the_schemes_are_two_and_differ():
    assert colours("light")["paper"] != colours("dark")["paper"]
