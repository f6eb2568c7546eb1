"""The lossy tier: a variant that is not what was put, but near it, and says how near.

It is never chosen by itself. Each matrix whose base is known becomes the base plus a coarse form of
its difference; the files that come of that are stored as any others, byte by byte and with a sha256
of their own. The manifest says which method made them and what error was measured.

    onebit    the signs of the difference, times its mean magnitude (J. Liu et al., BitDelta, arXiv
              2402.10193, without the training of the scales)
    lowrank   the product of two thin matrices that comes nearest to it (truncated singular values;
              as adapters are extracted from fine-tunes)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from tenth.errors import InputError, must
from tenth.keep import sources
from tenth.keep.assembling import PutOptions, PutResult
from tenth.keep.changes import named
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Segment
from tenth.keep.places.filling import fresh_name
from tenth.keep.predict.floats import FLOATS, narrow, widen
from tenth.keep.putting import put
from tenth.keep.shelf import Shelf
from tenth.keep.sources import Reading, Source, SourceFile
from tenth.keep.values import Values

Method = Literal["onebit", "lowrank"]
METHODS: tuple[Method, ...] = get_args(Method)
RANK = 16
_BLOCK = 4 << 20
_SPARE = 8  # further directions of the random sketch, so that it holds the wanted ones


@dataclass(frozen=True)
class LossyResult:
    """What was stored, and how far it is from what was given.

    Attributes:
        put: as of any put.
        method: which coarse form the differences have.
        matrices: how many tensors were changed; all others are exact.
        relative_error: measured: the norm of all errors over the norm of the weights changed.
        kept: measured: which part of the differences' energy is still there, at most 1.
    """

    put: PutResult
    method: str
    matrices: int
    relative_error: float
    kept: float

    def to_json(self) -> dict[str, object]:
        """Its form in JSON."""
        return {**vars(self), "put": self.put.to_json()}


class _Errors:
    """Sums of squares: of the errors, of the differences, of the weights."""

    def __init__(self) -> None:
        self.matrices = 0
        self.squares = np.zeros(3)

    def add(self, near: np.ndarray, exact: np.ndarray, base: np.ndarray) -> None:
        """A matrix that was changed."""
        self.matrices += 1
        for place, array in enumerate((near - exact, exact - base, exact)):
            self.squares[place] += float(np.square(array).sum())

    @property
    def relative(self) -> float:
        """Of the weights."""
        return float(np.sqrt(self.squares[0] / self.squares[2])) if self.squares[2] else 0.0

    @property
    def kept(self) -> float:
        """Of the differences."""
        return float(1 - self.squares[0] / self.squares[1]) if self.squares[1] else 1.0


def put_lossy(
    shelf: Shelf, name: str, path: Path, method: str, options: PutOptions, rank: int = RANK
) -> LossyResult:
    """Store something near a model.

    Args:
        shelf: the store.
        name: it is stored under.
        path: as of `put`.
        method: "onebit" or "lowrank".
        options: as of `put`; `base` must be a name.
        rank: of "lowrank".

    Raises:
        InputError: no such method, no base is named, or no matrix has one.
        MissingError: there is no such base.

    Cost: as a put; the near model lies on the disk of the store meanwhile. Memory: a matrix in
    float64, some times over.
    """
    if method not in METHODS:
        raise InputError(must("lossy method", f"one of {', '.join(METHODS)}", repr(method)))
    if options.base in (None, "auto"):
        got = "none" if options.base is None else options.base
        raise InputError(must("base of a lossy put", "named", got, "Give --base NAME."))
    if not isinstance(rank, int) or rank < 1:
        raise InputError(must("rank", "at least 1", rank))
    base = shelf.manifest(options.base or "")
    source = sources.read(path)
    shorten = _SHORTENED[method]
    errors = _Errors()
    work = _Work(shelf.values(base), named(base), lambda matrix: shorten(matrix, rank), errors)
    folder = shelf.place.scratch() / fresh_name()
    try:
        work.write(source, folder)
        if not errors.matrices:
            rule = f"of the names and shapes that {options.base} has"
            raise InputError(must("matrices of a lossy put", rule, "none that differs"))
        label = (method, round(errors.relative * 1e9))
        tier = "archive" if method == "lowrank" else options.tier
        near = folder if path.is_dir() else folder / source.files[0].name
        done = put(shelf, name, near, replace(options, lossy=label, tier=tier))
    finally:
        _remove(folder)
    return LossyResult(done, method, errors.matrices, errors.relative, errors.kept)


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if folder.exists():
        folder.rmdir()


class _Work:
    """Writes the files of a model with its matrices made coarse."""

    def __init__(
        self,
        values: Values,
        bases: Mapping[str, Segment],
        shorten: Callable[[np.ndarray], np.ndarray],
        errors: _Errors,
    ) -> None:
        self._values = values
        self._bases = bases
        self._shorten = shorten
        self._errors = errors

    def write(self, source: Source, folder: Path) -> None:
        """All files, into a new folder."""
        for file in source.files:
            target = folder / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with file.reading() as opened, target.open("xb") as out:
                for data in self._segments(file, opened):
                    out.write(data)

    def _segments(self, file: SourceFile, opened: Reading) -> Iterator[bytes]:
        for start, size, tensor in file.segments:
            base = None if tensor is None else self._bases.get(tensor.name)
            fits = (
                tensor is not None
                and base is not None
                and (base.dtype, base.shape) == (tensor.dtype, tensor.shape)
                and tensor.dtype in FLOATS
                and len(tensor.shape) == 2
            )
            if fits and base is not None:
                yield self._near(opened.read(start, size), base)
                continue
            for at in range(start, start + size, _BLOCK):
                yield opened.read(at, min(_BLOCK, start + size - at))

    def _near(self, data: bytes, base: Segment) -> bytes:
        word = DTYPES[base.dtype].word
        old_words = np.frombuffer(self._values.read(base.id, 0, base.size), f"<u{word}")
        new_words = np.frombuffer(data, f"<u{word}")
        if np.array_equal(old_words, new_words):
            return data
        old, new = (
            widen(words, base.dtype).reshape(base.shape) for words in (old_words, new_words)
        )
        if not (np.isfinite(old).all() and np.isfinite(new).all()):
            return data
        near = narrow((old + self._shorten(new - old)).ravel(), base.dtype)
        self._errors.add(widen(near, base.dtype).reshape(base.shape), new, old)
        return near.tobytes()


def onebit(difference: np.ndarray, rank: int) -> np.ndarray:
    """Signs, times the mean magnitude: of all such products the nearest."""
    return np.sign(difference) * np.abs(difference).mean()


def lowrank(difference: np.ndarray, rank: int) -> np.ndarray:
    """The nearest product of two matrices of a rank, by a randomised range finder.

    Source: Halko, Martinsson & Tropp, SIAM Review 2011, with two power iterations.
    """
    rng = np.random.default_rng(0)
    width = min(rank + _SPARE, *difference.shape)
    span = difference @ rng.standard_normal((difference.shape[1], width))
    for _ in range(2):
        span = difference @ (difference.T @ np.linalg.qr(span)[0])
    basis = np.linalg.qr(span)[0]
    u, s, v = np.linalg.svd(basis.T @ difference, full_matrices=False)
    return (basis @ u[:, :rank] * s[:rank]) @ v[:rank]


_SHORTENED: Mapping[str, Callable[[np.ndarray, int], np.ndarray]] = MappingProxyType({
    "onebit": onebit,
    "lowrank": lowrank,
})  # fmt: skip
