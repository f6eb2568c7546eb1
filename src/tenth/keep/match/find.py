"""Which stored model a variant comes from, told from sketches alone."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from tenth.keep.dtypes import DTYPES
from tenth.keep.match.parts import PAYS, match
from tenth.keep.match.tensors import Pool, Seen, key

_PROBED = 16  # of a variant, only the largest tensors decide which base is looked at closely
_READ = 2
_CLOSELY = 3
_CLEARLY = 0.9  # another base must be so much better before a declared one is called wrong


class Candidate(NamedTuple):
    """A stored model: `load` gives its tensors with their sketches, and is called once at most."""

    name: str
    key: str
    load: Callable[[], Sequence[Seen]]


class Found(NamedTuple):
    """The likely base, None if none pays; bits foreseen for a number of the variant.

    `raw_bits` is the same without a base. `ranking` holds what was looked at closely, the best
    first. `warnings` tells of a declared base that is not the best, or that does not pay.
    """

    name: str | None
    bits: float
    raw_bits: float
    ranking: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()


def find(
    variant: Sequence[Seen], candidates: Iterable[Candidate], declared: Collection[str] = ()
) -> Found:
    """The candidate that a variant takes the fewest bits as a difference from.

    Candidates of the same structure are looked at first; the others only if none of those pays.
    A base must bring the variant under 0.97 of what it takes alone.

    declared: names that the user or the variant's own files give. They are always looked at, and
        believed unless another base is clearly better.

    Cost: some comparisons for each of the 16 largest tensors and each candidate, tens of
    milliseconds a candidate.
    """
    held = list(candidates)
    own = key(variant)
    kin = [c for c in held if c.key == own or c.name in declared]
    rest = [c for c in held if c not in kin]
    large = sorted(variant, key=lambda tensor: -tensor.size_bytes)[:_PROBED]
    # reading the variant's rows is slow: here for a few only
    probes = large[:_READ] + [tensor._replace(read=None) for tensor in large[_READ:]]
    raw = _bits(variant, Pool(()))
    ranked: list[tuple[str, float]] = []
    for group in (kin, rest):
        if not ranked or ranked[0][1] > PAYS * raw:
            ranked = sorted([*ranked, *_ranked(variant, probes, group, declared)], key=_second)
    return _verdict(ranked, raw, declared)


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _ranked(
    variant: Sequence[Seen],
    probes: Sequence[Seen],
    group: Sequence[Candidate],
    declared: Collection[str],
) -> list[tuple[str, float]]:
    """The nearest of a group by the largest tensors, and the declared ones, by all tensors."""
    pools = {}
    scores = []
    for candidate in group:
        pool = Pool(candidate.load())
        scores.append((candidate.name, _bits(probes, pool)))
        pools[candidate.name] = pool
        near = {name for name, _ in sorted(scores, key=_second)[:_CLOSELY]}
        # the sketches of a model are megabytes: those that are out are let go
        pools = {name: kept for name, kept in pools.items() if name in near or name in declared}
    return [(name, _bits(variant, pool)) for name, pool in pools.items()]


def _bits(tensors: Iterable[Seen], pool: Pool) -> float:
    """Bits foreseen for a number, over all tensors."""
    bits = count = 0.0
    for tensor in tensors:
        words = tensor.size_bytes // DTYPES[tensor.dtype].word
        bits += match(tensor, pool).bits * words
        count += tensor.numbers
    return float(bits / count) if count else 0.0


def _verdict(ranked: list[tuple[str, float]], raw: float, declared: Collection[str]) -> Found:
    paying = [(name, bits) for name, bits in ranked if bits < PAYS * raw]
    warnings = [
        f"{name} is named as the base, but a difference from it would take {bits:.2f} bits a "
        f"number, and the model alone {raw:.2f}"
        for name, bits in ranked
        if name in declared and bits >= PAYS * raw
    ]
    if not paying:
        return Found(None, raw, raw, tuple(ranked), tuple(warnings))
    best = paying[0]
    own = next((pair for pair in paying if pair[0] in declared), None)
    if own is not None and best[1] >= _CLEARLY * own[1]:
        best = own
    elif own is not None:
        warnings.append(
            f"{own[0]} is named as the base, at {own[1]:.2f} bits a number, but {best[0]} is "
            f"nearer, at {best[1]:.2f}"
        )
    return Found(best[0], best[1], raw, tuple(ranked), tuple(warnings))
