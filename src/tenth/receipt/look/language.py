"""Messages in several languages, with the rules of writing them: plurals, direction, isolation.

A page and a terminal take every word of their own from one catalogue (`receipt/messages/*.toml`).
What is not of the catalogue, such as a title or a source, is free text: it is set apart, so that it
may run in the other direction, and on a page it says its language.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from tenth.errors import InputError, must

_ARABIC_LETTERS = ("\u0600", "\u06ff")
# isolates of the bidirectional algorithm, for plain text (Unicode Standard Annex 9)
_LEFT_TO_RIGHT, _FIRST_STRONG, _END = "\u2066", "\u2068", "\u2069"


class Said(str):
    """Text that is finished: nothing in it is set apart any more."""

    __slots__ = ()


class Marked(Said):
    """Finished text that is HTML already: a template does not escape it."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Language:
    """The messages of a language, written for a page (`markup`) or as plain text."""

    def __init__(self, code: str, *, markup: bool = False) -> None:
        self.code = code
        self.direction = "rtl" if code in _RIGHT_TO_LEFT else "ltr"
        self.markup = markup
        self._messages = messages(code)
        self._plural = _PLURALS[code]

    @property
    def plain(self) -> "Language":
        """The same language as plain text: for attributes, and for text inside a drawing."""
        return language(self.code)

    def has(self, key: str) -> bool:
        """Whether the catalogue has this message."""
        return key in self._messages

    def say(self, key: str, /, *, plural: float | None = None, **values: object) -> Said:
        """The message with these values in it.

        Finished text stands as it is; whole numbers are isolated; other text is taken as free.

        Args:
            key: of the message, such as "cost.title".
            plural: the number that chooses between the message's plural forms.

        Raises:
            InputError: the catalogue has no such message.
        """
        if key not in self._messages:
            raise InputError(must("message", "one of the catalogue", repr(key)))
        message = self._messages[key]
        if isinstance(message, Mapping):
            message = message[self._plural(0.0 if plural is None else plural)]
        told = {name: self._told(value) for name, value in values.items()}
        if self.markup:
            return Marked(escape(message, quote=False).format(**told))
        return Said(message.format(**told))

    def named(self, kind: str, key: str) -> Said:
        """The catalogue's name of a thing, else the key itself as free text."""
        known = f"{kind}.{key}"
        return self.say(known) if self.has(known) else self.free(key)

    def free(self, text: str) -> Said:
        """Text that is not of the catalogue: it keeps its own direction, and says its language."""
        if self.markup:
            return Marked(f'<bdi{self.foreign(text)} dir="auto">{escape(text)}</bdi>')
        return Said(f"{_FIRST_STRONG}{text}{_END}" if self.direction == "rtl" else text)

    def foreign(self, text: str) -> Said:
        """The attribute that says a text is in another language than the page, if it is."""
        # a page in English says so once, and a title in Arabic may stand on it
        is_foreign = self.direction == "rtl" and not _is_arabic(text)
        return Marked(' lang="en"' if is_foreign else "")

    def number(self, text: str) -> Said:
        """Digits and signs, which run from left to right in every language."""
        if self.direction == "ltr":
            return Marked(escape(text)) if self.markup else Said(text)
        if self.markup:
            return Marked(f'<bdi dir="ltr">{escape(text)}</bdi>')
        return Said(f"{_LEFT_TO_RIGHT}{text}{_END}")

    def listed(self, words: Sequence[str]) -> Said:
        """`a, b and c`."""
        if len(words) < 2:
            return self.joined(words, "")
        whole = words[0]
        for word in words[1:-1]:
            whole = self.say("list.middle", before=whole, next=word)
        return self.say("list.last", before=whole, next=words[-1])

    def joined(self, words: Sequence[str], between: str) -> Said:
        """The words with the same sign between them."""
        whole = between.join(self._told(word) for word in words)
        return Marked(whole) if self.markup else Said(whole)

    def _told(self, value: object) -> str:
        if isinstance(value, Said):
            return escape(value) if self.markup and not isinstance(value, Marked) else value
        if isinstance(value, int):
            return self.number(f"{value:,}")
        return self.free(str(value))


@cache
def language(code: str, *, markup: bool = False) -> Language:
    """The language of this code: see LANGUAGES.

    Raises:
        InputError: there is no catalogue of it.
    """
    if code not in LANGUAGES:
        raise InputError(must("language", "one of " + ", ".join(LANGUAGES), repr(code)))
    return Language(code, markup=markup)


@cache
def messages(code: str) -> Mapping[str, str | Mapping[str, str]]:
    """The catalogue of a language: key, such as "cost.title", to text or to its plural forms."""
    path = files("tenth.receipt").joinpath(f"messages/{code}.toml")
    return dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Sections and keys in one: a table whose keys are plural forms is one message."""
    for section, entries in table.items():
        for key, value in entries.items():
            yield f"{section}.{key}", value


def _english(number: float) -> str:
    return "one" if number == 1 else "other"


def _arabic(number: float) -> str:
    if number != int(number):
        return "other"
    if number in (0, 1, 2):
        return ("zero", "one", "two")[int(number)]
    hundredth = int(number) % 100
    if 3 <= hundredth <= 10:
        return "few"
    return "many" if hundredth >= 11 else "other"


# Unicode CLDR 47, language plural rules
_PLURALS: Mapping[str, Callable[[float], str]] = {"en": _english, "ar": _arabic}
FORMS: Mapping[str, tuple[str, ...]] = {
    "en": ("one", "other"),
    "ar": ("zero", "one", "two", "few", "many", "other"),
}
_RIGHT_TO_LEFT = ("ar",)
LANGUAGES = tuple(_PLURALS)


def _is_arabic(text: str) -> bool:
    first, last = _ARABIC_LETTERS
    return any(first <= letter <= last for letter in text)
