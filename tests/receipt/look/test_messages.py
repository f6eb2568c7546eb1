"""The catalogues of messages: the same keys, the same names in braces, all of them used."""

import re
from pathlib import Path
from string import Formatter

import pytest

import tenth
from tenth.receipt.look.language import FORMS, LANGUAGES, messages

SOURCE = Path(tenth.__file__).parent
OTHERS = [code for code in LANGUAGES if code != "en"]
# the page looks these up by what the receipt or the plan calls a thing
BY_NAME = (
    *("figure.", "size.", "stage.", "score.", "fact.", "unit.", "origin.", "input.", "label."),
    *("meaning.", "payback.", "scope.", "plan.claim_"),
)


def forms(message):
    return message if isinstance(message, dict) else {"": message}


def names(message):
    texts = forms(message).values()
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_is_in_every_language(code):
    assert set(messages(code)) == set(messages("en"))


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("key", sorted(messages("en")))
def test_a_message_takes_the_same_values_in_every_language(code, key):
    assert names(messages(code)[key]) == names(messages("en")[key])


@pytest.mark.parametrize("code", LANGUAGES)
def test_plural_messages_have_each_form_of_their_language(code):
    plurals = {key: message for key, message in messages(code).items() if isinstance(message, dict)}
    assert plurals
    for key, message in plurals.items():
        assert tuple(message) == FORMS[code], key
        # one and two may be words
        counted = set(message) - {"zero", "one", "two"}
        assert all("{count}" in message[form] for form in counted), key


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_message_is_empty_or_holds_html(code):
    for key, message in messages(code).items():
        for text in forms(message).values():
            assert text.strip() == text != "", key
            assert not re.search(r"[<>&]", text), key


def test_arabic_messages_are_in_arabic():
    signs = {"CO2e", "SHA", "C", "USD"}
    for key, message in messages("ar").items():
        for text in forms(message).values():
            words = set(re.findall(r"[A-Za-z]\w*", re.sub(r"\{\w+\}", "", text)))
            assert words <= signs, key


def test_every_message_is_used():
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("receipt", "plan")
        for kind in ("*.py", "*.jinja")
        for path in (SOURCE / folder).rglob(kind)
    )
    computed = {f"actual.{verdict}" for verdict in ("inside", "edge", "less", "more", "open")}
    computed |= {f"baseline.{verdict}" for verdict in ("less", "more", "same", "open")}
    computed |= {"baseline.plan", "baseline.was", "baseline.other"}
    for key in messages("en"):
        if not key.startswith(BY_NAME) and key not in computed:
            assert f'"{key}"' in text, key
