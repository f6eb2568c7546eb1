"""A place in the arena for every value, decided before anything runs.

The arena is cut into slots. A value takes a slot when it is written and gives it back after its
last reader; where a step allows it, the result takes over the slot of a value that dies there. A
slot is as large as the largest value it ever holds, which is worked out at run time from the free
sizes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenth.graph.dims import Size, at
from tenth.ship.emit.steps import Step

ALIGNMENT = 64


@dataclass(frozen=True)
class Plan:
    """The slot of each value and scratch by name, and for each slot the sizes it must hold."""

    slot_of: Mapping[str, int]
    slots: tuple[tuple[Size, ...], ...]


def plan(
    steps: Sequence[Step],
    size_bytes: Mapping[str, Size],
    *,
    elsewhere: Sequence[str],
    sizes: Mapping[str, int],
) -> Plan:
    """Give every value that a step writes, and every scratch, a slot.

    `elsewhere` are the values that stand outside the arena: inputs and outputs. `sizes` are free
    sizes as they may be; they decide which slot fits best, never whether it fits.
    """
    slots = _Slots(sizes)
    slot_of: dict[str, int] = {}
    last = {name: i for i, step in enumerate(steps) for name in (step.writes, *step.reads)}
    for i, step in enumerate(steps):
        dying = {
            name for name in (step.writes, *step.reads) if last[name] == i and name not in elsewhere
        }
        if step.writes not in elsewhere:
            size = size_bytes[step.writes]
            heirs = [
                name for name in step.call.in_place if name in dying and size_bytes[name] == size
            ]
            if heirs:
                slot_of[step.writes] = slot_of[heirs[0]]
                dying.discard(heirs[0])
            else:
                slot_of[step.writes] = slots.take(size)
        if step.call.scratch is not None:
            name, size = step.call.scratch
            slot_of[name] = slots.take(size)
            dying.add(name)
        for slot in {slot_of[name] for name in dying}:
            slots.give_back(slot)
    return Plan(slot_of, tuple(map(tuple, slots.sizes)))


class _Slots:
    """The slots so far, and which of them are free."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.at_sizes = sizes
        self.sizes: list[list[Size]] = []
        self.free: set[int] = set()

    def take(self, size: Size) -> int:
        """The smallest free slot that holds `size`, else the largest free one, else a new one."""
        wanted = at(size, self.at_sizes)
        room = {slot: max(at(s, self.at_sizes) for s in self.sizes[slot]) for slot in self.free}
        fitting = [slot for slot in room if room[slot] >= wanted]
        if fitting:
            slot = min(fitting, key=lambda slot: (room[slot], slot))
        elif room:
            slot = max(room, key=lambda slot: (room[slot], -slot))
        else:
            slot = len(self.sizes)
            self.sizes.append([])
        self.free.discard(slot)
        if size not in self.sizes[slot]:
            self.sizes[slot].append(size)
        return slot

    def give_back(self, slot: int) -> None:
        """The slot may hold another value from the next step on."""
        self.free.add(slot)
