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
class Room:
    """Bytes that a slot must hold: once, or for each worker."""

    size: Size
    each: bool = False


@dataclass(frozen=True)
class Plan:
    """The slot of each value and scratch by name, and for each slot what it must hold."""

    slot_of: Mapping[str, int]
    slots: tuple[tuple[Room, ...], ...]


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
                slot_of[step.writes] = slots.take(Room(size))
        for scratch, each in ((step.call.scratch, False), (step.call.worker_scratch, True)):
            if scratch is not None:
                name, size = scratch
                slot_of[name] = slots.take(Room(size, each))
                dying.add(name)
        for slot in {slot_of[name] for name in dying}:
            slots.give_back(slot)
    return Plan(slot_of, tuple(map(tuple, slots.rooms)))


class _Slots:
    """The slots so far, and which of them are free."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.at_sizes = sizes
        self.rooms: list[list[Room]] = []
        self.free: set[int] = set()

    def take(self, wanted_room: Room) -> int:
        """The smallest free slot that is large enough, else the largest free one, else a new one.

        A slot counts as large as it is for one worker.
        """
        wanted = at(wanted_room.size, self.at_sizes)
        room = {
            slot: max(at(held.size, self.at_sizes) for held in self.rooms[slot])
            for slot in self.free
        }
        fitting = [slot for slot in room if room[slot] >= wanted]
        if fitting:
            slot = min(fitting, key=lambda slot: (room[slot], slot))
        elif room:
            slot = max(room, key=lambda slot: (room[slot], -slot))
        else:
            slot = len(self.rooms)
            self.rooms.append([])
        self.free.discard(slot)
        if wanted_room not in self.rooms[slot]:
            self.rooms[slot].append(wanted_room)
        return slot

    def give_back(self, slot: int) -> None:
        """The slot may hold another value from the next step on."""
        self.free.add(slot)
