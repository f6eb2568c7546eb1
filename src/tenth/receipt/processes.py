"""One stage that several processes worked on at once, perhaps on several machines.

Costs of a process add up. What an instrument reads of a whole machine (counters of sockets and
boards, a meter of the user's, the rent) is one reading a machine, however many processes took it:
the largest counts. Boards that processes share count once, boards of their own each.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from tenth.figures import Figure, total
from tenth.receipt.instruments.face import NOT_OURS_ALONE
from tenth.receipt.stage import Stage

Figures = list[Figure]
_ENERGY, _CARBON = "energy_joules", "carbon_gco2e"
_BOARDS, _REST = "energy_joules_accelerators", "energy_joules_rest"


def united(stages: Sequence[Stage], machines: Sequence[str]) -> Stage:
    """The stage that these make up; `machines` names the one that each ran on.

    Seconds of the clock are those of the slowest process. Parts are those of the first.
    """
    first = stages[0]
    scope = f"of {many(len(stages), 'process', 'es')} on {many(len(set(machines)), 'machine')}"
    figures = {}
    for name in dict.fromkeys(name for stage in stages for name in stage.figures):
        having = [i for i, stage in enumerate(stages) if name in stage.figures]
        columns = [stages[i].figures[name] for i in having]
        groups = None
        if name == _BOARDS:
            groups = _boards([stages[i] for i in having], [machines[i] for i in having])
        elif _once(name, columns):
            groups = [machines[i] for i in having]
        figures[name] = _joined(name, columns, groups, scope)
    figures |= _energy(figures, stages)
    notes = {key: note for stage in reversed(stages) for key, note in stage.notes.items()}
    counts = {"processes": len(stages), "machines": len(set(machines))}
    return replace(first, figures=figures, notes={**notes, **counts})


def _once(name: str, figures: Figures) -> bool:
    """Whether these are readings of a whole machine."""
    return name == "price_usd" or any(NOT_OURS_ALONE in f.source for f in figures if f.known)


def _energy(figures: dict[str, Figure], stages: Sequence[Stage]) -> dict[str, Figure]:
    """Energy as the sum of its joined parts, and carbon in proportion to it."""
    energy, carbon = figures.get(_ENERGY), figures.get(_CARBON)
    if energy is None or not energy.known:
        return {}
    having = [stage for stage in stages if _ENERGY in stage.figures]
    # a meter of the machine, which alone leaves a rest, holds all parts
    if figures.pop(_REST, None) is None and any(map(_has_parts, having)):
        parts = [figures[name] for name in figures if name.startswith(f"{_ENERGY}_")]
        parts += [stage.figures[_ENERGY] for stage in having if not _has_parts(stage)]
        if all(part.known for part in parts):
            energy = total(parts, "; ".join(dict.fromkeys(part.source for part in parts)))
    alone = math.fsum(stage.figures[_ENERGY].bounds()[0] for stage in having)
    if carbon is None or not carbon.known or not alone:
        return {_ENERGY: energy}
    share = energy.bounds()[0] / alone
    each = total([stage.figures[_CARBON] for stage in stages if _CARBON in stage.figures])
    value, low, high = (bound * share for bound in each.bounds())
    return {_ENERGY: energy, _CARBON: replace(carbon, value=value, low=low, high=high)}


def _has_parts(stage: Stage) -> bool:
    return any(name.startswith(f"{_ENERGY}_") for name in stage.figures)


def _joined(name: str, figures: Figures, groups: Sequence[str] | None, scope: str) -> Figure:
    """One figure of all; of each of the `groups`, where given, the largest counts."""
    if not all(figure.known for figure in figures):
        return total(figures)
    if name == "wall_seconds":
        whole, how = _largest(figures), "the longest"
    elif groups is not None:
        whole, how = total(_largest_of_each(figures, groups)), "each machine once,"
    else:
        whole, how = total(figures), "sum"
    return replace(whole, source=f"{whole.source}; {how} {scope}")


def _boards(stages: Sequence[Stage], machines: Sequence[str]) -> list[str]:
    """Groups of stages that metered some board in common, on one machine."""
    groups: list[tuple[str, set[str]]] = []
    named: list[tuple[str, set[str]]] = []
    for stage, machine in zip(stages, machines, strict=True):
        boards = set(str(stage.notes.get("boards", "")).split()) or {"all"}
        named.append((machine, boards))
        touching = [g for g in groups if g[0] == machine and g[1] & boards]
        groups = [g for g in groups if g not in touching]
        groups.append((machine, boards.union(*(g[1] for g in touching))))
    return [
        next(f"{machine}/{n}" for n, g in enumerate(groups) if g[0] == machine and g[1] & boards)
        for machine, boards in named
    ]


def _largest_of_each(figures: Figures, groups: Sequence[str]) -> Figures:
    columns: dict[str, Figures] = {}
    for figure, group in zip(figures, groups, strict=True):
        columns.setdefault(group, []).append(figure)
    return [_largest(column) for column in columns.values()]


def _largest(figures: Figures) -> Figure:
    return max(figures, key=lambda figure: figure.bounds())


def many(count: int, word: str, ending: str = "s") -> str:
    """A count with its word.

    >>> many(1, "receipt"), many(2, "process", "es")
    ('1 receipt', '2 processes')
    """
    return f"{count} {word}{ending * (count != 1)}"
