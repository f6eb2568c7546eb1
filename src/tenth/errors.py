"""Every error that tenth raises on purpose.

    TenthError
    ├── InputError            the call was wrong                             exit 2
    │   ├── TaskError         a part of the user's task is missing or wrong
    │   ├── FormatError       a file is damaged, or of another kind
    │   ├── OutputError       an output folder cannot be used
    │   ├── StoreError        a store of variants cannot do what was asked
    │   │   ├── MissingError  no store, no such name in it, or an object is not there
    │   │   ├── ConflictError somebody else changed the name in between
    │   │   └── DamagedError  stored bytes are not those that were stored
    │   └── ComparisonError   two receipts that must not be compared
    ├── UnsupportedError      the model does something tenth cannot express   exit 2
    ├── CompileError          the C compiler failed, or its program is wrong  exit 2
    └── TargetError           the work was done, its aim was missed           exit 1
        ├── DivergedError     the loss or the score is no longer a number
        └── NothingSavedError pruning left nothing smaller

A message is one or two plain sentences: `<thing> must be <rule>. Got <value>. <what to do>.`
"""

from collections.abc import Mapping
from typing import Any


class TenthError(Exception):
    """An error with a message for the user; its class decides the exit code of the command line."""

    exit_code = 2


class InputError(TenthError, ValueError):
    """The call was wrong."""


class TaskError(InputError):
    """A part of the user's task is missing or wrong."""


class FormatError(InputError):
    """A file is damaged, or of another kind than expected."""


class OutputError(InputError):
    """An output folder or file cannot be used."""


class StoreError(InputError):
    """A store of variants cannot do what was asked."""


class MissingError(StoreError):
    """There is no store, no such name in it, or one of its objects is not there."""


class ConflictError(StoreError):
    """Somebody else changed a name in between."""


class DamagedError(StoreError):
    """Stored bytes are not the ones that were stored."""


class ComparisonError(InputError):
    """Two receipts that must not be compared."""


class UnsupportedError(TenthError):
    """The model does something that tenth cannot express."""


class CompileError(TenthError):
    """The C compiler failed, or the program it made is wrong."""


class TargetError(TenthError):
    """The work was done and paid for, and its aim was missed.

    Attributes:
        reached: what was reached instead, such as {"density": 0.2, "drop": 0.004}.
        receipt: what it cost, where that is known.
    """

    exit_code = 1

    def __init__(self, message: str, *, reached: Mapping[str, float] | None = None) -> None:
        super().__init__(message)
        self.reached = dict(reached or {})
        self.receipt: Any = None


class DivergedError(TargetError):
    """The loss or the score is no longer a number."""


class NothingSavedError(TargetError):
    """Pruning left nothing smaller."""


def must(thing: str, rule: str, got: Any, remedy: str = "") -> str:
    """The one sentence of every error: what, which rule, what was got, what to do.

    >>> must("density", "in (0, 1]", 10, "Did you mean 0.1?")
    'density must be in (0, 1]. Got 10. Did you mean 0.1?'
    """
    return f"{thing} must be {rule}. Got {got}. {remedy}".strip()
