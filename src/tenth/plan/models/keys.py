"""Reading a model's configuration file key by key, with a sentence for each that is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenth.errors import FormatError, must

_MOST_BYTES = 16 << 20


class Keys:
    """The keys of one configuration, read strictly."""

    def __init__(self, form: Mapping[str, Any], origin: str) -> None:
        self.form = form
        self.origin = origin

    def whole(self, *names: str, default: int | None = None, least: int = 1) -> int:
        """The whole number under the first of `names` that is there.

        Raises:
            FormatError: none is there and there is no default, or it is no such number.
        """
        for name in names:
            value = self.form.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                rule = f"a whole number of at least {least}"
                raise FormatError(must(f"{name} of {self.origin}", rule, repr(value)))
            return value
        if default is None:
            raise FormatError(
                must(self.origin, f"a configuration with {' or '.join(names)}", self._there())
            )
        return default

    def flag(self, name: str, default: bool) -> bool:
        """Whether `name` is set.

        Raises:
            FormatError: it is neither true nor false.
        """
        value = self.form.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise FormatError(must(f"{name} of {self.origin}", "true or false", repr(value)))
        return value

    def listed(self, name: str) -> list[Any]:
        """The list under `name`; empty if there is none.

        Raises:
            FormatError: it is no list.
        """
        value = self.form.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise FormatError(must(f"{name} of {self.origin}", "a list", repr(value)))
        return value

    def _there(self) -> str:
        return ", ".join(sorted(map(str, self.form))[:12]) or "an empty one"


def load(path: str | Path) -> Keys:
    """The configuration in a JSON file.

    Raises:
        FormatError: missing, too large for a configuration, or not one JSON object.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        text = path.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise FormatError(f"configuration {path} cannot be read: {error.strerror}.") from error
    if size > _MOST_BYTES:
        raise FormatError(must(f"configuration {path}", "at most 16 MB", f"{size} bytes"))
    try:
        form = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(must(f"configuration {path}", "JSON", str(error))) from error
    if not isinstance(form, dict):
        raise FormatError(must(f"configuration {path}", "one JSON object", type(form).__name__))
    return Keys(form, path.name if path.name != "config.json" else str(path))
