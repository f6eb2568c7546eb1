"""The memory plan: no value ever stands where a living one stands."""

from hypothesis import given
from hypothesis import strategies as st

from tenth.graph.dims import Dim
from tenth.ship.emit.memory import Room, plan
from tenth.ship.emit.steps import Call, Step

N = Dim.symbol("n")
SIZES = [64, 100, 4 * N, 40 * N, 3 * N * N]


@st.composite
def programs(draw):
    """Steps that read earlier values, some in place, some with scratch; sizes; the outputs."""
    steps, size_bytes, names = [], {"x": 4 * N}, ["x"]
    for i in range(draw(st.integers(1, 12))):
        reads = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)))
        in_place = tuple(name for name in reads if draw(st.booleans()))
        scratch, each = (
            (f"{word}{i}", draw(st.sampled_from(SIZES))) if draw(st.booleans()) else None
            for word in ("s", "e")
        )
        call = Call((), (), scratch, in_place, worker_scratch=each)
        steps.append(Step(f"v{i}", reads, call))
        size_bytes[f"v{i}"] = draw(st.sampled_from(SIZES))
        names.append(f"v{i}")
    outputs = draw(st.lists(st.sampled_from(names[1:]), min_size=1, max_size=2, unique=True))
    return steps, size_bytes, ["x", *outputs]


@given(programs(), st.integers(1, 9))
def test_no_living_values_overlap_and_every_slot_is_large_enough(program, n):
    steps, size_bytes, elsewhere = program
    arena = plan(steps, size_bytes, elsewhere=elsewhere, sizes={"n": n})
    last = {name: i for i, step in enumerate(steps) for name in (step.writes, *step.reads)}
    owners: dict[int, str] = {}  # slot -> whose bytes stand in it now
    for i, step in enumerate(steps):
        for name in step.reads:
            assert name in elsewhere or owners[arena.slot_of[name]] == name
        taken = [arena.slot_of[step.writes]] if step.writes not in elsewhere else []
        scratches = [s for s in (step.call.scratch, step.call.worker_scratch) if s]
        taken += [arena.slot_of[name] for name, _ in scratches]
        assert len(set(taken)) == len(taken)
        for slot in taken:
            owner = owners.get(slot)
            dead = owner is None or last.get(owner, -1) < i
            inherited = (
                owner in step.call.in_place and last.get(owner, -1) == i and slot == taken[0]
            )
            assert dead or inherited
            if inherited:
                assert size_bytes[owner] == size_bytes[step.writes]
        for name, size in scratches:
            slot = arena.slot_of[name]
            owners.pop(slot, None)
            each = (name, size) == step.call.worker_scratch
            assert Room(size, each) in arena.slots[slot]
        if step.writes not in elsewhere:
            slot = arena.slot_of[step.writes]
            owners[slot] = step.writes
            assert Room(size_bytes[step.writes]) in arena.slots[slot]
    assert not set(arena.slot_of) & set(elsewhere)


def chain(length: int) -> list[Step]:
    return [Step(f"v{i}", (f"v{i - 1}",), Call((), ())) for i in range(1, length)]


def test_a_long_chain_needs_two_slots():
    steps = chain(20)
    sizes = {f"v{i}": 4 * N for i in range(20)}
    assert len(plan(steps, sizes, elsewhere=["v0"], sizes={"n": 1}).slots) == 2


def test_a_long_chain_in_place_needs_one_slot():
    steps = [Step(s.writes, s.reads, Call((), (), None, s.reads)) for s in chain(20)]
    sizes = {f"v{i}": 4 * N for i in range(20)}
    assert plan(steps, sizes, elsewhere=["v0"], sizes={"n": 1}).slots == ((Room(4 * N),),)
