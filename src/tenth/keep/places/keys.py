"""Keys: the names of objects in a store, such as `refs/task-a/00000001.json`."""

import re

from tenth.errors import InputError, must

_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_MOST_CHARACTERS = 900  # S3 takes 1024 bytes, and a store may lie under a prefix
_MOST_IN_A_PART = 200  # file systems take 255 bytes a name


def is_key(key: str) -> bool:
    """Whether `key` names an object inside a store (see `checked_key`)."""
    return len(key) <= _MOST_CHARACTERS and all(
        len(part) <= _MOST_IN_A_PART and _PART.fullmatch(part) for part in key.split("/")
    )


def checked_key(key: str) -> str:
    """Give `key` back if it names an object inside a store, whatever the place.

    Parts joined by "/", each of letters, digits, ".", "_" and "-", which begins with a letter or
    a digit and does not end in ".": no "..", no absolute path, no empty part, no control
    character, nothing that Windows reads otherwise.

    Raises:
        InputError: it is not such a name.
    """
    if not is_key(key):
        rule = "made of parts of letters, digits, '.', '_' and '-' joined by '/'"
        raise InputError(must("key of a store", rule, repr(key[:200])))
    return key


def checked_prefix(prefix: str) -> str:
    """Give `prefix` back if it is "" or a key that ends in "/".

    Raises:
        InputError: it is neither.
    """
    if prefix:
        if not prefix.endswith("/"):
            raise InputError(must("prefix", "empty, or a key that ends in '/'", repr(prefix)))
        checked_key(prefix[:-1])
    return prefix
