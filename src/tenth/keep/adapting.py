"""Recognising merged adapters: a base plus the product of two thin matrices."""

from typing import NamedTuple

import numpy as np

from tenth.keep.basing import Fresh
from tenth.keep.codecs import Tier
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Part, Predictor
from tenth.keep.predict import PREDICTORS, lowrank
from tenth.keep.predict.floats import FLOATS, ulp, widen
from tenth.keep.storing import Read
from tenth.keep.values import Values

NAME = "lowrank"
_MOST_ELEMENTS = 1 << 27  # a fit takes some 40 bytes an element
_NARROWEST = 32
_ROWS, _COLUMNS = 192, 512  # of a first look
_ABOVE = 1.1  # of a singular value over the largest that rounding gives


class Adapted(NamedTuple):
    """The parts of a tensor, and the parameters of their predictor if there is one."""

    parts: tuple[Part, ...]
    parameters: bytes | None = None


class Adapting:
    """Looks for merged adapters among the tensors of a variant.

    The fast tier only counts them in `noticed`: a fit costs seconds for a million elements.
    """

    def __init__(self, values: Values, tier: Tier) -> None:
        self._values = values
        self._tier = tier
        self.noticed = 0

    def adapted(self, fresh: Fresh, parts: tuple[Part, ...], read: Read) -> Adapted:
        """The parts as they are, or with a predictor where the tensor is a merged adapter.

        Only whole matrices are tried, of up to 128 Mi elements.
        """
        (first, *more) = parts
        if more or first.base is None or first.predictor is not None or len(fresh.shape) != 2:
            return Adapted(parts)
        rows, columns = fresh.shape
        fits = min(rows, columns) >= _NARROWEST and rows * columns <= _MOST_ELEMENTS
        if not fits or fresh.dtype not in FLOATS:
            return Adapted(parts)
        if not _looks_thin(fresh, first, read, self._values):
            return Adapted(parts)
        self.noticed += 1
        if self._tier != "archive":
            return Adapted(parts)
        base = self._values.read(first.base, first.base_start, fresh.size)
        values = memoryview(read(0, fresh.size))
        parameters = lowrank.fit(values, base, fresh.shape, fresh.dtype)
        if parameters is None:
            return Adapted(parts)
        predictor = Predictor(NAME, PREDICTORS[NAME].version, fresh.dtype, None)
        return Adapted((first._replace(predictor=predictor),), parameters)

    def note(self) -> tuple[str, ...]:
        """What to tell the user, if there is something."""
        if not self.noticed or self._tier == "archive":
            return ()
        return (
            f"{self.noticed} tensors look like their base with a merged adapter; they get several "
            'times smaller with --archive (tier="archive"), which takes seconds for a million '
            "numbers.",
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
