"""Libraries that an adapter needs and tenth does not."""

from collections.abc import Iterator
from contextlib import contextmanager

from tenth.errors import InputError, must


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Around the import of a library that an extra of tenth brings.

    Raises:
        InputError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        remedy = f"Run: pip install 'tenth[{extra}]'"
        raise InputError(must(extra, "installed for this adapter", error, remedy)) from error
