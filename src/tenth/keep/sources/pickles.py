"""Pickles read as data: no class is looked up, nothing is called, nothing runs.

A pickle is a program for a small stack machine whose instructions may name any function of Python
and call it. Here a function that is named becomes a `Name`, a call of it a `Call`, both plain
records; whoever reads the result decides which calls mean something. Dictionaries become `Pairs`,
so that nothing of the file is ever hashed. Source: the instructions of CPython's pickletools.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tenth.errors import FormatError, must

MOST_STEPS = 10_000_000


class Name(NamedTuple):
    """A global of a module: a function, a class or a value."""

    module: str
    name: str


@dataclass(eq=False)
class Call:
    """What a call of `function` would give, and the state that would be set on it."""

    function: Any
    arguments: Any
    state: Any = None


@dataclass(eq=False)
class Persistent:
    """A reference to something that is kept outside of the pickle."""

    identity: Any


@dataclass(eq=False)
class Pairs:
    """A dictionary, or an object to which keys are given, in the order of the file."""

    items: list[tuple[Any, Any]] = field(default_factory=list)
    made_by: Any = None


class _Mark:
    """A place on the stack."""


_MARK = _Mark()


def read(data: bytes) -> Any:
    """The value that a pickle describes, of lists, tuples, `Pairs`, numbers, words and records.

    Raises:
        FormatError: it is damaged, too long, or of instructions that no weights need.
    """
    machine = _Machine(data)
    try:
        return machine.run()
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise _damaged(f"{type(error).__name__} at {machine.place}") from error


def _damaged(got: str) -> FormatError:
    return FormatError(must("pickle", "whole", got, "The file is damaged: fetch it again."))


class _Machine:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MOST_STEPS):
            code = self.take(1)[0]
            if code == _STOP:
                return self.stack.pop()
            step = _STEPS.get(code)
            if step is None:
                got = f"instruction {bytes([code])!r}"
                raise FormatError(must("pickle", "one of weights alone", got))
            step(self)
        raise FormatError(must("pickle", f"at most {MOST_STEPS} instructions long", "more"))

    def take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self.data):
            raise _damaged("its end too soon")
        found = self.data[self.place : end]
        self.place = end
        return found

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        end = self.data.index(b"\n", self.place)
        word = self.take(end - self.place).decode("utf-8")
        self.place += 1
        return word

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def to_mark(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise _damaged("an instruction without its mark")

    def several(self, count: int) -> tuple[Any, ...]:
        if count > len(self.stack):
            raise _damaged("too few values")
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return values


def _text(form: str) -> Callable[[_Machine], None]:
    def step(m: _Machine) -> None:
        m.push(m.take(m.number(form)).decode("utf-8", "surrogatepass"))

    return step


def _raw(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.take(m.number(form)))


def _number(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.number(form))


def _long(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(int.from_bytes(m.take(m.number(form)), "little", signed=True))


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda m: m.push(value)


def _tuple_of(count: int) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.several(count))


def _put(form: str) -> Callable[[_Machine], None]:
    def step(m: _Machine) -> None:
        m.memo[m.number(form)] = m.stack[-1]

    return step


def _get(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.memo[m.number(form)])


def _memoize(m: _Machine) -> None:
    m.memo[len(m.memo)] = m.stack[-1]


def _global(m: _Machine) -> None:
    module = m.line()
    m.push(Name(module, m.line()))


def _stack_global(m: _Machine) -> None:
    module, name = m.several(2)
    if not (isinstance(module, str) and isinstance(name, str)):
        raise _damaged("a name that is no word")
    m.push(Name(module, name))


def _call(m: _Machine) -> None:
    function, arguments = m.several(2)
    if function == Name("collections", "OrderedDict") and arguments == ():
        m.push(Pairs(made_by=function))
    else:
        m.push(Call(function, arguments))


def _build(m: _Machine) -> None:
    state = m.stack.pop()
    if isinstance(m.stack[-1], Call):
        m.stack[-1].state = state
    elif not isinstance(m.stack[-1], Pairs):
        raise _damaged("a state of what has none")


def _append(m: _Machine) -> None:
    value = m.stack.pop()
    m.stack[-1].append(value)


def _appends(m: _Machine) -> None:
    values = m.to_mark()
    m.stack[-1].extend(values)


def _set(m: _Machine, values: list[Any]) -> None:
    target = m.stack[-1]
    if isinstance(target, Call):
        # a mapping of another class: what it holds is seen, the class is judged by the reader
        target.state = Pairs(target.state.items if isinstance(target.state, Pairs) else [])
        target = target.state
    if not isinstance(target, Pairs) or len(values) % 2:
        raise _damaged("keys without values")
    target.items.extend(zip(values[::2], values[1::2], strict=True))


def _set_item(m: _Machine) -> None:
    key, value = m.several(2)
    _set(m, [key, value])


def _persistent(m: _Machine) -> None:
    m.push(Persistent(m.stack.pop()))


_STOP = b"."[0]
_STEPS: dict[int, Callable[[_Machine], Any]] = {
    code[0]: step
    for code, step in {
        b"\x80": lambda m: m.take(1),
        b"\x95": lambda m: m.take(8),
        b"(": lambda m: m.push(_MARK),
        b"0": lambda m: m.stack.pop(),
        b"N": _constant(None),
        b"\x88": _constant(True),
        b"\x89": _constant(False),
        b"J": _number("<i"),
        b"K": _number("<B"),
        b"M": _number("<H"),
        b"\x8a": _long("<B"),
        b"\x8b": _long("<I"),
        b"G": _number(">d"),
        b"X": _text("<I"),
        b"\x8c": _text("<B"),
        b"\x8d": _text("<Q"),
        b"U": _raw("<B"),
        b"T": _raw("<I"),
        b"C": _raw("<B"),
        b"B": _raw("<I"),
        b"\x8e": _raw("<Q"),
        b")": lambda m: m.push(()),
        b"t": lambda m: m.push(tuple(m.to_mark())),
        b"\x85": _tuple_of(1),
        b"\x86": _tuple_of(2),
        b"\x87": _tuple_of(3),
        b"]": lambda m: m.push([]),
        b"}": lambda m: m.push(Pairs()),
        b"\x8f": lambda m: m.push([]),
        b"l": lambda m: m.push(m.to_mark()),
        b"a": _append,
        b"e": _appends,
        b"\x90": _appends,
        b"s": _set_item,
        b"u": lambda m: _set(m, m.to_mark()),
        b"q": _put("<B"),
        b"r": _put("<I"),
        b"\x94": _memoize,
        b"h": _get("<B"),
        b"j": _get("<I"),
        b"c": _global,
        b"\x93": _stack_global,
        b"R": _call,
        b"\x81": _call,
        b"b": _build,
        b"Q": _persistent,
    }.items()
}
