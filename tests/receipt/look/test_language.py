import pytest

from tenth.errors import InputError
from tenth.receipt.look.language import Language, Said, language

EN, AR = language("en", markup=True), language("ar", markup=True)


def test_free_text_cannot_break_out():
    evil = '<script>"&'
    for speak in (EN, AR):
        assert "<script>" not in speak.free(evil)
        assert "<script>" not in speak.say("page.aim", task=evil, metric=evil)


def test_free_text_says_its_language_and_keeps_its_direction():
    assert EN.free("a title") == '<bdi dir="auto">a title</bdi>'
    assert AR.free("a title") == '<bdi lang="en" dir="auto">a title</bdi>'
    assert AR.free("عنوان") == '<bdi dir="auto">عنوان</bdi>'


def test_numbers_run_from_left_to_right():
    assert AR.number("1.2 kWh") == '<bdi dir="ltr">1.2 kWh</bdi>'
    assert AR.plain.number("1.2 kWh") == "\u20661.2 kWh\u2069"
    assert EN.number("<1") == "&lt;1"
    assert EN.plain.number("<1") == "<1"


def test_plain_text_on_a_page_is_escaped_once_more():
    evil = EN.plain.free("<b>")
    assert evil == "<b>"
    assert EN.joined([evil, EN.free("<i>")], " ") == '&lt;b&gt; <bdi dir="auto">&lt;i&gt;</bdi>'
    assert not hasattr(evil, "__html__")


def test_finished_text_is_not_escaped_twice():
    inner = EN.free("a & b")
    assert "a &amp; b" in EN.say("target.interrupted", plural=1, count=1, stages=inner)
    assert EN.plain.say("page.aim", task="a & b", metric="m") == "a & b: m"


@pytest.mark.parametrize(("count", "form"), [(1, "1 day"), (0, "0 days"), (1.5, "1.5 days")])
def test_english_plurals(count, form):
    assert EN.plain.say("unit.days", plural=count, count=Said(f"{count:g}")) == form


# https://www.unicode.org/cldr/charts/47/supplemental/language_plural_rules.html, Arabic
@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("zero", [0]),
        ("one", [1]),
        ("two", [2]),
        ("few", [3, 10, 103, 110, 1003]),
        ("many", [11, 26, 99, 111, 1011]),
        ("other", [100, 102, 200, 1000, 0.1, 1.5, 10.1]),
    ],
)
def test_arabic_plurals(form, numbers):
    speak = Language("ar")
    assert {speak._plural(number) for number in numbers} == {form}


def test_lists():
    assert [EN.plain.listed(list("abcd")[:n]) for n in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert AR.plain.listed([Said("أ"), Said("ب"), Said("ج")]) == "أ، ب وج"


def test_unknown_languages_and_messages_are_refused():
    with pytest.raises(InputError, match="one of en, ar"):
        language("fr")
    with pytest.raises(InputError, match="catalogue"):
        EN.say("no.such")
