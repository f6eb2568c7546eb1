"""Any order of putting, removing, pushing and collecting, against a dictionary."""

import secrets

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keep.crash import little
from tenth.errors import ConflictError
from tenth.keep import refs, transfer
from tenth.keep.collect import collect
from tenth.keep.places import open_place

NAMES = st.sampled_from(["a", "b", "team/a"])
CONTENTS = st.lists(st.sampled_from([b"x" * 40, b"y" * 40, b"z" * 40]), min_size=1, max_size=3)


class Steps(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.places = [open_place(f"memory://{secrets.token_hex(8)}", make=True) for _ in range(2)]
        self.wanted = [{}, {}]

    @rule(name=NAMES, contents=CONTENTS, which=st.integers(0, 1))
    def put(self, name, contents, which):
        little.put(self.places[which], name, contents, target_bytes=60)
        self.wanted[which][name] = contents

    @rule(name=NAMES, which=st.integers(0, 1))
    def remove(self, name, which):
        if name in self.wanted[which]:
            refs.remove(self.places[which], name)
            del self.wanted[which][name]

    @rule(which=st.integers(0, 1), force=st.booleans())
    def push(self, which, force):
        source, target = self.places[which], self.places[1 - which]
        try:
            transfer.copy(source, target, None, little.packs_of, force=force)
        except ConflictError:
            assert not force
        else:
            self.wanted[1 - which] |= self.wanted[which]

    @rule(which=st.integers(0, 1))
    def gc(self, which):
        place = self.places[which]
        collect(place, lambda: little.needed(place), 0)
        assert little.objects(place) == little.needed(place)

    @invariant()
    def every_name_holds_what_was_put(self):
        for place, wanted in zip(self.places, self.wanted, strict=True):
            assert refs.names(place) == sorted(wanted)
            for name, contents in wanted.items():
                assert little.get(place, name) == contents
            assert not [e for p in ("leases/", "doomed/", "tmp/") for e in place.list(p)]


Steps.TestCase.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=[*HealthCheck]
)
TestSteps = Steps.TestCase
