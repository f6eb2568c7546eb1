"""How names, sizes and numbers are written in C."""

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np

from tenth.errors import InputError, must
from tenth.graph.dims import Atom, Dim, Size
from tenth.kernels import sources

_C_WORDS = (
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while bool true false asm typeof linux unix "
    "NULL INFINITY NAN EOF assert errno memcpy memset expf tanhf erff sqrtf fmax malloc free exit "
    "printf fprintf stderr strtoll atoi fopen fread fclose fseek ftell rewind perror aligned_alloc "
    "int32_t int64_t size_t uint32_t uint64_t uintptr_t"
)
_OUR_WORDS = (
    "main argc argv arena arena_bytes at which shape s status largest end most reserve release "
    "check show weights weights_bytes loaded file file_bytes pool_bytes threads workers read_file "
    "job fill_floats fill_ids input_shape input_counts output_shape output_counts profile_time "
    "part parts whole done now pool given_pool together each batch shared full given first last "
    "worker unit rest needed"
)
_FUNCTIONS = (
    "signature input_shape output_shape weights_bytes load pool_bytes pool_open pool_close "
    "arena_bytes run status largest sizes_fit layout file sections weights_file profile "
    "profile_steps part steps batch parts"
)
_RESERVED = frozenset(_C_WORDS.split(" ") + _OUR_WORDS.split(" "))
_WIDTH = 100
_PROGRAM_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def check_name(name: str) -> str:
    """Return `name` if it can start every name of a C interface.

    Raises:
        InputError: it cannot.
    """
    if not (isinstance(name, str) and _PROGRAM_NAME.fullmatch(name)) or name in _RESERVED:
        rule = "a word of lower-case letters, digits and _ that C does not keep for itself"
        raise InputError(must("the name of a program", rule, repr(name), "Try 'model'."))
    return name


class Names:
    """C names, each given once; one that is taken, by C or a kernel, gets a `_` behind it."""

    def __init__(self, prefix: str) -> None:
        own = (f"{prefix}_{function}" for function in _FUNCTIONS.split())
        self._taken = {*_RESERVED, *sources.names(), *own}

    def new(self, wanted: str) -> str:
        """A free name like `wanted`."""
        # C keeps names that start with _ for itself, and macros are in capitals
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII).lstrip("_") or "value"
        while name in self._taken or name.isupper():
            name = name.lower() if name.isupper() else f"{name}_"
        self._taken.add(name)
        return name


def size_text(size: Size, names: Mapping[str, str]) -> str:
    """A size as a C expression of whole numbers; `names` are those of the free sizes."""
    if isinstance(size, int):
        return str(size)
    text = ""
    for atom, factor in size.terms:
        sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
        text += sign + (f"{abs(factor)} * " if abs(factor) != 1 else "") + _atom(atom, names)
    if size.constant:
        text += f" {'-' if size.constant < 0 else '+'} {abs(size.constant)}"
    return text


def _atom(atom: Atom, names: Mapping[str, str]) -> str:
    if not atom.parts:
        return names[atom.kind]
    left, right = (
        f"({size_text(part, names)})"
        if isinstance(part, Dim)
        else str(part)
        if isinstance(part, int)
        else _atom(part, names)
        for part in atom.parts
    )
    # what is divided is never negative in a size, so C rounds it down as Python does
    return f"({left} / {right})" if atom.kind == "//" else f"{left} * {right}"


def product_text(sizes: Iterable[Size], names: Mapping[str, str]) -> str:
    """The product of sizes as a C expression, the numbers multiplied beforehand."""
    sizes = list(sizes)
    number = math.prod(size for size in sizes if isinstance(size, int))
    free = [size for size in sizes if isinstance(size, Dim)]
    if len(free) == 1 and number == 1:
        return size_text(free[0], names)
    factors = [_factor(size, names) for size in free]
    if number != 1 or not factors:
        factors.insert(0, str(number))
    return " * ".join(factors)


def _factor(size: Dim, names: Mapping[str, str]) -> str:
    single = len(size.terms) == 1 and not size.constant and size.terms[0][1] == 1
    text = size_text(size, names)
    return text if single else f"({text})"


def wrap(line: str, indent: int = 0) -> str:
    """A line of C at its indent, broken after commas where it is too long and holds no text."""
    start, room = " " * indent, _WIDTH - indent
    if len(line) <= room or '"' in line:
        return start + line
    lines = [""]
    for piece in re.split(r"(?<=,) ", line):
        longer = f"{lines[-1]} {piece}".strip()
        if lines[-1] and len(longer) > room - (4 if len(lines) > 1 else 0):
            lines.append(piece)
        else:
            lines[-1] = longer
    return start + f"\n{start}    ".join(lines)


def float_texts(array: np.ndarray) -> list[str]:
    """Finite float32 numbers exactly, in hexadecimal.

    >>> float_texts(np.array([0.1, -2, 0], np.float32))
    ['0x1.99999ap-4f', '-0x1p+1f', '0x0p+0f']
    """
    digits = ",".join(map(float.hex, array.ravel().tolist()))
    # a float32 has 6 digits behind the point, and a double, which Python writes, has 13
    return [f"{text}f" for text in re.sub(r"\.?0*p", "p", digits).split(",")]


def float_text(value: float) -> str:
    """One float32, which may be infinite."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return float_texts(np.array([value], np.float32))[0]
