"""One stage that several processes worked on at once, perhaps on several machines.

Costs of a process add up. What an instrument reads of a whole machine (its energy counters, its
rent) is one reading a machine, however many processes took it: the largest counts.
"""

from collections.abc import Sequence
from dataclasses import replace

from tenth.figures import Figure, total
from tenth.receipt.energy import WHOLE_SOCKETS
from tenth.receipt.stage import Stage

Figures = list[Figure]


def united(stages: Sequence[Stage], machines: Sequence[str]) -> Stage:
    """The stage that these make up; `machines` names the one that each ran on.

    Seconds of the clock are those of the slowest process. Parts are those of the first.
    """
    first = stages[0]
    scope = f"of {len(stages)} processes on {len(set(machines))} machine(s)"
    once = {"price_usd"}
    if any(WHOLE_SOCKETS in stage.figures["energy_joules"].source for stage in stages):
        once |= {"energy_joules", "carbon_gco2e"}
    figures = {}
    for name in first.figures:
        columns = [stage.figures[name] for stage in stages]
        figures[name] = _joined(name, columns, machines if name in once else None, scope)
    notes = {key: note for stage in reversed(stages) for key, note in stage.notes.items()}
    counts = {"processes": len(stages), "machines": len(set(machines))}
    return Stage(first.name, figures, list(first.parts), {**notes, **counts})


def _joined(name: str, figures: Figures, machines: Sequence[str] | None, scope: str) -> Figure:
    """One figure of all; `machines` are given where a machine counts once."""
    if not all(figure.known for figure in figures):
        return total(figures)
    if name == "wall_seconds":
        whole, how = _largest(figures), "the longest"
    elif machines is not None:
        whole, how = total(_largest_by_machine(figures, machines)), "each machine once,"
    else:
        whole, how = total(figures), "sum"
    return replace(whole, source=f"{whole.source}; {how} {scope}")


def _largest_by_machine(figures: Figures, machines: Sequence[str]) -> Figures:
    groups: dict[str, Figures] = {}
    for figure, machine in zip(figures, machines, strict=True):
        groups.setdefault(machine, []).append(figure)
    return [_largest(group) for group in groups.values()]


def _largest(figures: Figures) -> Figure:
    return max(figures, key=lambda figure: figure.bounds())
