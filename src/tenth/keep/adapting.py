"""Recognising merged adapters: a base plus the product of two thin matrices."""

from typing import NamedTuple

import numpy as np

from tenth.keep.basing import Fresh
from tenth.keep.codecs import Tier, encode
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Part, Predictor
from tenth.keep.predict import PREDICTORS, lowrank
from tenth.keep.predict.floats import FLOATS, ulp, widen
from tenth.keep.storing import Read
from tenth.keep.values import Values

NAME = "lowrank"
_MOST_ELEMENTS = 1 << 27  # a fit takes some 40 bytes an element
_NARROWEST = 32
_CORNER = 192  # rows and columns of a trial
_ROWS, _COLUMNS = 192, 512  # of a first look
_ABOVE = 1.1  # of a singular value over the largest that rounding gives


class Adapted(NamedTuple):
    """The parts of a tensor, and the parameters of their predictor if there is one."""

    parts: tuple[Part, ...]
    parameters: bytes | None = None


class Trial(NamedTuple):
    """What a corner of a tensor takes as a plain difference, and as a merged adapter."""

    name: str
    plain_bytes: int
    adapted_bytes: int


class Adapting:
    """Looks for merged adapters among the tensors of a variant.

    A fit costs seconds for a million elements. So the fast tier only tries a corner of the first
    matrix that looks like it, to tell the user what the other tier would give: `trial`.
    """

    def __init__(self, values: Values, tier: Tier) -> None:
        self._values = values
        self._tier = tier
        self._tried = False
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
        if not self._tried:
            self._try(fresh, first, read)
        return Adapted(parts)

    def _fitted(self, fresh: Fresh, part: Part, read: Read) -> Adapted | None:
        if not _looks_thin(fresh, part, read, self._values):
            return None
        base = self._values.read(part.base or "", part.base_start, fresh.size)
        values = memoryview(read(0, fresh.size))
        parameters = lowrank.fit(values, base, fresh.shape, fresh.dtype)
        if parameters is None:
            return None
        predictor = Predictor(NAME, PREDICTORS[NAME].version, fresh.dtype, None)
        return Adapted((part._replace(predictor=predictor),), parameters)

    def _try(self, fresh: Fresh, part: Part, read: Read) -> None:
        if not _looks_thin(fresh, part, read, self._values):
            return
        self._tried = True
        new, old = _corner(fresh, part, read, self._values, (_CORNER, _CORNER))
        values, base, shape = new.tobytes(), old.tobytes(), new.shape
        parameters = lowrank.fit(values, base, shape, fresh.dtype)
        if parameters is None:
            return
        product = lowrank.predict(parameters, base, shape, fresh.dtype, 0, new.size)
        plain, adapted = (
            len(encode(values, under, fresh.dtype).payload) for under in (base, product)
        )
        self.trial = Trial(fresh.name, plain, adapted + len(parameters))

    def note(self) -> tuple[str, ...]:
        """What to tell the user, if there is something."""
        if self.trial is None or self.trial.adapted_bytes >= self.trial.plain_bytes:
            return ()
        name, plain, adapted = self.trial
        return (
            f"This looks like a merged adapter: a corner of {name} would take {adapted:,} bytes "
            f'with --archive (tier="archive") instead of {plain:,}. No more was tried.',
        )


def _corner(
    fresh: Fresh, part: Part, read: Read, values: Values, most: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The first rows and columns of a matrix and of its base, as words."""
    word, (rows, columns) = DTYPES[fresh.dtype].word, fresh.shape
    rows, width = min(rows, most[0]), min(columns, most[1])
    size = rows * columns * word
    both = (read(0, size), values.read(part.base or "", part.base_start, size))
    new, old = (np.frombuffer(data, f"<u{word}").reshape(rows, columns)[:, :width] for data in both)
    return new, old


def _looks_thin(fresh: Fresh, part: Part, read: Read, values: Values) -> bool:
    """Whether a corner of the difference has a few singular values above what rounding gives.

    Most differences are no adapters: this look costs some milliseconds.
    """
    new, old = _corner(fresh, part, read, values, (_ROWS, _COLUMNS))
    rows, width = new.shape
    with np.errstate(invalid="ignore", over="ignore"):
        difference = widen(new, fresh.dtype) - widen(old, fresh.dtype)
        if not np.isfinite(difference).all():
            return False
        squares = np.linalg.eigvalsh(difference @ difference.T)
    noise = np.sqrt(np.mean(np.square(ulp(new, fresh.dtype))) / 12)
    edge = _ABOVE * noise * (np.sqrt(rows) + np.sqrt(width))
    above = int((np.sqrt(np.maximum(squares, 0)) > edge).sum())
    return 0 < above <= max(1, min(rows, width) // 3)
