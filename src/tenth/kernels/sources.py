"""The C kernels as text: each program takes the definitions that it uses, and no others.

The files in `c/` hold static functions, structs and macros. A definition starts with a comment in
the first column, after an empty line; it may use what stands before it in the order of FILES.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tenth.errors import InputError, must

FILES = (
    "pool",
    "load",
    "profile",
    "lanes",
    "curves",
    "panels",
    "matrix",
    "tiles",
    "product",
    "alone",
    "gather",
    "layer",
    "layers",
    "channelwise",
    "norm",
    "box",
    "matmul",
    "pointwise",
    "broadcast",
    "stretches",
    "arrange",
    "windows",
    "normal",
    "shares",
    "rows",
    "groups",
    "resize",
    "attention",
    "heads",
    "recurrent",
    "processor",
)

_DEFINED = re.compile(
    r"^(?:#define (\w+)|(?:struct|enum) (\w+) \{|typedef \w+ (\w+)"
    r"|(?:static|INLINE|APART) [^(=;]*?(\w+)\()",
    re.MULTILINE,
)
_START = re.compile(r"\n\n(?=/\*)")
_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Definition:
    """A piece of C, the names it defines, and the names of other pieces that it uses."""

    text: str
    defines: frozenset[str]
    uses: frozenset[str]


@cache
def definitions() -> tuple[Definition, ...]:
    """Every definition, in an order in which each stands after those that it uses."""
    folder = resources.files("tenth.kernels").joinpath("c")
    texts = [
        text.strip()
        for file in FILES
        for text in _START.split(folder.joinpath(f"{file}.c").read_text(encoding="utf-8"))
    ]
    names = [
        frozenset(name for groups in _DEFINED.findall(text) for name in groups if name)
        for text in texts
    ]
    known = frozenset().union(*names)
    return tuple(
        Definition(text, own, (known & frozenset(_WORD.findall(_COMMENT.sub("", text)))) - own)
        for text, own in zip(texts, names, strict=True)
    )


def names() -> frozenset[str]:
    """Every name that some definition takes."""
    return frozenset().union(*(definition.defines for definition in definitions()))


def source(kernels: Iterable[str]) -> str:
    """The C of the named kernels and of all that they use.

    Raises:
        InputError: there is no kernel of that name.
    """
    wanted = set(kernels)
    unknown = wanted - names()
    if unknown:
        raise InputError(must("a kernel", "one that is defined", sorted(unknown)))
    kept: list[str] = []
    for definition in reversed(definitions()):
        if definition.defines & wanted:
            wanted |= definition.uses
            kept.append(definition.text)
    return "\n\n".join(reversed(kept)) + "\n"
