"""Which stored model a variant comes from, told from sketches alone."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tenth.keep.dtypes import DTYPES
from tenth.keep.match.parts import PAYS, Match, match, raw_of
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


Matches = Mapping[str, Match]
"""What was found for each tensor of a variant, by its id."""


class Found(NamedTuple):
    """The likely base, None if none pays; bits foreseen for a number of the variant.

    `raw_bits` is the same without a base. `matches` are those with the base. `ranking` holds what
    was looked at closely, the best first. `warnings` tells of a declared base that is not the best,
    or that does not pay.
    """

    name: str | None
    bits: float
    raw_bits: float
    ranking: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    matches: Matches = MappingProxyType({})


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
    raws = {(one.id, one.dtype): raw_of(one) for one in variant}
    raw = _mean(variant, (raws[one.id, one.dtype] for one in variant))
    found: dict[str, tuple[float, Matches]] = {}
    for group in (kin, rest):
        if all(bits > PAYS * raw for bits, _ in found.values()):
            for name, pool in _near(probes, group, declared, raws).items():
                matches = [match(one, pool, raws[one.id, one.dtype]) for one in variant]
                bits = _mean(variant, (one.bits for one in matches))
                found[name] = bits, {one.id: m for one, m in zip(variant, matches, strict=True)}
    ranked = sorted(((name, bits) for name, (bits, _) in found.items()), key=_second)
    verdict = _verdict(ranked, raw, declared)
    return verdict if verdict.name is None else verdict._replace(matches=found[verdict.name][1])


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _near(
    probes: Sequence[Seen],
    group: Sequence[Candidate],
    declared: Collection[str],
    raws: Mapping[tuple[str, str], float],
) -> dict[str, Pool]:
    """The nearest of a group by the largest tensors of a variant, and the declared ones."""
    pools: dict[str, Pool] = {}
    scores: list[tuple[str, float]] = []
    for candidate in group:
        pool = Pool(candidate.load())
        bits = (match(one, pool, raws[one.id, one.dtype]).bits for one in probes)
        scores.append((candidate.name, _mean(probes, bits)))
        pools[candidate.name] = pool
        near = {name for name, _ in sorted(scores, key=_second)[:_CLOSELY]}
        # the sketches of a model are megabytes: those that are out are let go
        pools = {name: kept for name, kept in pools.items() if name in near or name in declared}
    return pools


def _mean(tensors: Iterable[Seen], word_bits: Iterable[float]) -> float:
    """Bits a number over all tensors, of which each takes so many a word."""
    bits = count = 0.0
    for tensor, each in zip(tensors, word_bits, strict=True):
        bits += each * (tensor.size_bytes // DTYPES[tensor.dtype].word)
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
