"""What a call of the store may be given; whatever else is told in one sentence."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypedDict, get_args

from tenth.errors import InputError, must
from tenth.keep.codecs import Tier
from tenth.keep.places import Place
from tenth.keep.streams import Progress


class PutTerms(TypedDict, total=False):
    """The fields of `PutOptions`, as arguments."""

    base: str | None
    message: str
    tier: Tier
    threads: int | None
    progress: Progress | None


class GetTerms(TypedDict, total=False):
    """The fields of `GetOptions`, as arguments."""

    only: tuple[str, ...]
    force: bool
    threads: int | None
    progress: Progress | None


class WorkTerms(TypedDict, total=False):
    """How many threads work, and who is told of it."""

    threads: int | None
    progress: Progress | None


class ExportTerms(WorkTerms, total=False):
    """Of a patch: also whether a file that is there is replaced."""

    force: bool


class _Rule(NamedTuple):
    """What an argument must be, in words."""

    fits: Callable[[Any], bool]
    rule: str


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, str) for one in value)


_RULES: Mapping[str, _Rule] = MappingProxyType({
    "base": _Rule(lambda value: value is None or isinstance(value, str), 'a name, "auto" or None'),
    "force": _Rule(lambda value: isinstance(value, bool), "True or False"),
    "message": _Rule(lambda value: isinstance(value, str), "text"),
    "only": _Rule(_texts, "a tuple of patterns of file names"),
    "progress": _Rule(lambda value: value is None or callable(value), "a function or None"),
    "threads": _Rule(lambda value: value is None or _count(value), "a whole number or None"),
    "tier": _Rule(lambda value: value in get_args(Tier), 'one of "fast", "archive"'),
})  # fmt: skip


def checked(given: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Arguments of a call, looked at one by one; `kind` is the TypedDict that names them.

    Raises:
        InputError: one has a name or a value that it may not have.
    """
    known = kind.__annotations__.keys()
    for name, value in given.items():
        if name not in known:
            raise InputError(must("argument", f"one of {', '.join(sorted(known))}", repr(name)))
        if not _RULES[name].fits(value):
            raise InputError(must(name, _RULES[name].rule, repr(value)[:200]))
    return dict(given)


def name_of(value: Any, what: str = "name") -> str:
    """A name as it was given, if it is text.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, str):
        raise InputError(must(what, 'text, such as "task-a"', repr(value)[:200]))
    return value


def names_of(value: Any) -> list[str] | None:
    """Names as a list; None stays None.

    Raises:
        InputError: they are no list of texts.
    """
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError(must("names", "a list of names", repr(value)[:200]))
    return [name_of(one) for one in value]


def path_of(value: Any, what: str = "path") -> Path:
    """A path as it was given, if it is one.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, str | Path):
        raise InputError(must(what, "a path", repr(value)[:200]))
    return Path(value)


def is_place(value: Any) -> bool:
    """Whether something has what every place has."""
    faces = (name for name in vars(Place) if not name.startswith("_"))
    return all(hasattr(value, face) for face in faces)
