"""What a model was made of: data, base models, teachers, each with its licence and hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tenth.errors import InputError, must

KINDS = ("data", "base model", "teacher", "code")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """One thing that went in, of one of `KINDS`; what nobody said is None, never assumed.

    `licence` is best an SPDX id such as CC-BY-4.0; `sha256` is of the file, in 64 hex digits.

    Raises:
        InputError: no such kind, no name, or a hash that is none.
    """

    kind: str
    name: str
    source: str | None = None
    licence: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(must("kind of origin", "one of " + ", ".join(KINDS), repr(self.kind)))
        if not self.name:
            raise InputError(must(f"name of the {self.kind}", "given", "nothing"))
        digits = self.sha256
        if digits is not None and (len(digits) != 64 or set(digits) - set("0123456789abcdef")):
            raise InputError(must(f"sha256 of {self.name}", "64 hex digits", repr(digits)))

    @classmethod
    def of_file(
        cls,
        kind: str,
        path: str | Path,
        *,
        name: str | None = None,
        source: str | None = None,
        licence: str | None = None,
    ) -> Self:
        """The origin that a file is, with its hash.

        Cost: reads the file once.

        Raises:
            InputError: it cannot be read.
        """
        path = Path(path)
        return cls(kind, name or path.name, source, licence, _sha256(path))

    def to_json(self) -> dict[str, Any]:
        """The form it has in a receipt."""
        return {
            "kind": self.kind,
            "name": self.name,
            "source": self.source,
            "licence": self.licence,
            "sha256": self.sha256,
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**form)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()
