"""Recognising merged adapters: a base plus the product of two thin matrices."""

from typing import NamedTuple

import numpy as np

from tenth.keep.basing import Fresh
from tenth.keep.codecs import Tier, encode
from tenth.keep.dtypes import CHUNK_ELEMENTS, DTYPES
from tenth.keep.manifest import Part, Predictor
from tenth.keep.predict import PREDICTORS, lowrank
from tenth.keep.predict.floats import FLOATS, ulp, widen
from tenth.keep.storing import Read
from tenth.keep.values import Values

NAME = "lowrank"
_MOST_ELEMENTS = 1 << 27  # a fit takes some 40 bytes an element
_NARROWEST = 32
_TRIES = 2
_ROWS, _COLUMNS = 192, 512  # of a first look
_ABOVE = 1.1  # of a singular value over the largest that rounding gives


class Adapted(NamedTuple):
    """The parts of a tensor, and the parameters of their predictor if there is one."""

    parts: tuple[Part, ...]
    parameters: bytes | None = None


class Trial(NamedTuple):
    """A tensor, what it takes as a plain difference, and what it takes as a merged adapter."""

    name: str
    plain_bytes: int
    adapted_bytes: int


class Adapting:
    """Looks for merged adapters among the tensors of a variant.

    A fit costs seconds for a million elements. So the fast tier only tries a few small ones of
    those that look like it, to tell the user what the other tier would give; `trial` is the first
    that it did.
    """

    def __init__(self, values: Values, tier: Tier) -> None:
        self._values = values
        self._tier = tier
        self._tries = _TRIES
        self.trial: Trial | None = None

    def adapted(self, fresh: Fresh, parts: tuple[Part, ...], read: Read) -> Adapted:
        """The parts as they are, or with a predictor where the tensor is a merged adapter.

        Only whole matrices are looked at, of up to 128 Mi elements.
        """
        (first, *more) = parts
        if more or first.base is None or first.predictor is not None or len(fresh.shape) != 2:
            return Adapted(parts)
        rows, columns = fresh.shape
        fits = min(rows, columns) >= _NARROWEST and rows * columns <= _MOST_ELEMENTS
        if not fits or fresh.dtype not in FLOATS:
            return Adapted(parts)
        if self._tier == "archive":
            found = self._fitted(fresh, first, read)
            return Adapted(parts) if found is None else found
        if self.trial is None and self._tries and rows * columns <= CHUNK_ELEMENTS:
            self._try(fresh, first, read)
        return Adapted(parts)

    def _fitted(self, fresh: Fresh, part: Part, read: Read) -> Adapted | None:
        if not _looks_thin(fresh, part, read, self._values):
            return None
        self._tries -= 1
        base = self._values.read(part.base or "", part.base_start, fresh.size)
        values = memoryview(read(0, fresh.size))
        parameters = lowrank.fit(values, base, fresh.shape, fresh.dtype)
        if parameters is None:
            return None
        predictor = Predictor(NAME, PREDICTORS[NAME].version, fresh.dtype, None)
        return Adapted((part._replace(predictor=predictor),), parameters)

    def _try(self, fresh: Fresh, part: Part, read: Read) -> None:
        found = self._fitted(fresh, part, read)
        if found is None or found.parameters is None:
            return
        values = memoryview(read(0, fresh.size))
        plain, adapted = (
            len(encode(values, self._under(fresh, *way), fresh.dtype).payload)
            for way in ((part, None), (found.parts[0], found.parameters))
        )
        self.trial = Trial(fresh.name, plain, adapted + len(found.parameters))

    def _under(
        self, fresh: Fresh, part: Part, parameters: bytes | None
    ) -> memoryview | bytes | None:
        return self._values.under(part, fresh.dtype, 0, fresh.size, parameters)

    def note(self) -> tuple[str, ...]:
        """What to tell the user, if there is something."""
        if self.trial is None or self.trial.adapted_bytes >= self.trial.plain_bytes:
            return ()
        name, plain, adapted = self.trial
        return (
            f"This looks like a merged adapter: {name} would take {adapted:,} bytes with --archive "
            f'(tier="archive") instead of {plain:,}. The other tensors were not tried.',
        )


def _looks_thin(fresh: Fresh, part: Part, read: Read, values: Values) -> bool:
    """Whether a corner of the difference has a few singular values above what rounding gives.

    Most differences are no adapters: this look costs some milliseconds.
    """
    word, (rows, columns) = DTYPES[fresh.dtype].word, fresh.shape
    rows, width = min(rows, _ROWS), min(columns, _COLUMNS)
    size = rows * columns * word
    new, old = (
        np.frombuffer(data, f"<u{word}").reshape(rows, columns)[:, :width]
        for data in (read(0, size), values.read(part.base or "", part.base_start, size))
    )
    with np.errstate(invalid="ignore", over="ignore"):
        difference = widen(new, fresh.dtype) - widen(old, fresh.dtype)
        if not np.isfinite(difference).all():
            return False
        squares = np.linalg.eigvalsh(difference @ difference.T)
    noise = np.sqrt(np.mean(np.square(ulp(new, fresh.dtype))) / 12)
    edge = _ABOVE * noise * (np.sqrt(rows) + np.sqrt(width))
    above = int((np.sqrt(np.maximum(squares, 0)) > edge).sum())
    return 0 < above <= max(1, min(rows, width) // 3)
