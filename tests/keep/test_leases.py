import json
import os
import threading
import time

import pytest

from tenth.errors import ConflictError, DamagedError, StoreError
from tenth.keep import leases
from tenth.keep.leases import Lease, leased
from tenth.keep.places import open_place

A, B, C = ("objects/aa/a", "manifests/b", "objects/cc/c")


@pytest.fixture
def no_sleep(monkeypatch):
    """Waiting costs no time, and says how often it was asked for; it may do something meanwhile."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if sleep.meanwhile is not None:
            sleep.meanwhile()

    sleep.meanwhile = None
    sleep.waits = waits
    monkeypatch.setattr(leases.time, "sleep", sleep)
    return sleep


def keys(place, prefix: str) -> list[str]:
    return sorted(entry.key for entry in place.list(prefix))


def test_what_a_lease_names_is_leased_until_it_ends(near):
    with Lease(near, [A]) as lease:
        assert leased(near) == {A}
        lease.rely([B, C])
        with Lease(near, [C]):
            assert leased(near) == {A, B, C}
        assert leased(near) == {A, B, C}
    assert leased(near) == set()
    assert keys(near, "leases/") == []


def test_a_lease_ends_by_an_error_too(near):
    def fail():
        with Lease(near, [A]):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keys(near, "leases/") == []


def test_to_rely_on_objects_says_which_are_not_there_and_takes_their_marks_away(near):
    near.create(A, b"x")
    near.create(C, b"x")
    for key in (A, C):
        near.create(f"trash/{key}", b"1")
    with Lease(near) as lease:
        assert lease.rely([A, B]) == {B}
    assert keys(near, "trash/") == [f"trash/{C}"]


def test_to_store_an_object_names_it_first(near, monkeypatch):
    seen = []
    real = type(near).create

    def create(self, key, data):
        if key == A:
            seen.append(leased(self))
        return real(self, key, data)

    monkeypatch.setattr(type(near), "create", create)
    with Lease(near) as lease:
        assert lease.store(A, b"x")
        near.create(f"trash/{A}", b"1")
        assert not lease.store(A, b"x")
    assert seen == [{A}, {A}]
    assert keys(near, "trash/") == []


def test_a_put_waits_for_a_gc_that_is_deleting_and_stores_again(place, no_sleep):
    place.create(A, b"x")
    place.create(f"doomed/{A}/token", b"1")

    def finish():
        if len(no_sleep.waits) == 3:
            place.delete(A)
            place.delete(f"doomed/{A}/token")

    no_sleep.meanwhile = finish
    with Lease(place) as lease:
        assert lease.rely([A]) == {A}
        assert lease.store(A, b"x")
    assert len(no_sleep.waits) == 3


def test_a_put_waits_for_a_gc_that_spares_what_is_leased(near, no_sleep):
    near.create(A, b"x")
    near.create(f"doomed/{A}/token", b"1")
    no_sleep.meanwhile = lambda: near.delete(f"doomed/{A}/token")
    with Lease(near) as lease:
        assert lease.rely([A]) == set()
        assert not lease.store(A, b"x")


def test_a_warning_about_another_object_does_not_matter(near, no_sleep):
    near.create(f"doomed/{C}/token", b"1")
    with Lease(near) as lease:
        lease.rely([A])
        lease.store(B, b"x")
        assert lease.lost() == {A}
    assert no_sleep.waits == []


def test_a_gc_that_does_not_come_to_an_end_is_told(near, no_sleep, monkeypatch):
    monkeypatch.setattr(leases, "_WAITS", 4)
    near.create(f"doomed/{A}/token", b"1")
    with Lease(near) as lease:
        with pytest.raises(ConflictError, match="gc is deleting objects/aa/a"):
            lease.rely([A])
        with pytest.raises(ConflictError, match="gc is deleting objects/aa/a"):
            lease.store(A, b"x")
    assert len(no_sleep.waits) == 6


def test_the_warning_of_a_dead_gc_is_cleared_away(near, no_sleep, monkeypatch):
    near.create(f"doomed/{A}/token", b"1")
    monkeypatch.setattr(leases, "DOOM_LASTS_SECONDS", -10.0)
    with Lease(near) as lease:
        assert lease.rely([A]) == {A}
    assert keys(near, "doomed/") == []


def test_what_went_away_under_a_lease_is_lost(near):
    with Lease(near) as lease:
        lease.store(A, b"x")
        lease.store(B, b"x")
        assert lease.lost() == set()
        near.delete(A)
        assert lease.lost() == {A}


def test_a_lease_is_renewed_with_all_that_it_names(near):
    with Lease(near, [A], lasts_seconds=0.05) as lease:
        lease.rely([B])
        first = set(keys(near, "leases/"))
        end = time.monotonic() + 20
        while first & set(keys(near, "leases/")) and time.monotonic() < end:
            pass
        now = {entry.key for entry in near.list("leases/")}
        assert not first & now
        assert leased(near) in ({A, B}, set())  # its time may be over before it is read
    assert keys(near, "leases/") == []


def test_a_renewed_lease_names_everything(tmp_path):
    place = open_place(tmp_path, make=True)
    lease = Lease(place, [A])
    with lease:
        lease.rely([B])
        lease._end.wait = lambda seconds: len(lease._written) == 1  # one turn of the heart
        lease._renew()
        (key,) = keys(place, "leases/")
        assert json.loads(place.read(key))["keys"] == [B, A]
        lease._end.wait = lambda seconds: True


def test_a_place_that_fails_for_a_moment_does_not_end_the_renewal(tmp_path, monkeypatch):
    place = open_place(tmp_path, make=True)
    lease = Lease(place, [A])
    turns = iter([False, False, True])
    with lease:
        real = place.create
        fails = iter([True, False])

        def create(key, data):
            if next(fails):
                raise StoreError("away")
            return real(key, data)

        monkeypatch.setattr(place, "create", create)
        lease._end.wait = lambda seconds: next(turns)
        lease._renew()
        assert len(keys(place, "leases/")) == 1
        assert leased(place) == {A}
        lease._end.wait = lambda seconds: True


def test_a_lease_whose_time_is_over_counts_no_more_and_is_swept_later(tmp_path):
    place = open_place(tmp_path, make=True)
    place.create("leases/old/00000001.json", json.dumps({"keys": [A], "seconds": 3600}).encode())
    place.create("leases/liar/00000001.json", json.dumps({"keys": [B], "seconds": 1e300}).encode())
    now = place.clock()
    assert leased(place) == {A, B}
    for folder in ("old", "liar"):
        os.utime(tmp_path / f"leases/{folder}/00000001.json", (now, now - 3700))
    assert leased(place) == {B}
    assert leases.ended(place, now) == []
    for folder in ("old", "liar"):
        os.utime(tmp_path / f"leases/{folder}/00000001.json", (now, now - 90_000))
    assert leased(place) == set()
    assert len(leases.ended(place, now)) == 2


@pytest.mark.parametrize(
    "data",
    [
        *(b"[]", b"{", b"\xff", b"[" * 100_000, b'{"keys":[],"seconds":"x"}'),
        *(b'{"keys":[1],"seconds":1}', b'{"keys":"objects/a","seconds":1}', b'{"keys":["a"]}'),
        *(b'{"keys":[],"seconds":NaN}', b'{"keys":[],"seconds":-1}'),
    ],
)
def test_a_damaged_lease_stops_gc_instead_of_being_skipped(tmp_path, data):
    place = open_place(tmp_path, make=True)
    place.create("leases/x/00000001.json", data)
    with pytest.raises(DamagedError, match=r"leases/x/00000001\.json"):
        leased(place)


def test_a_huge_lease_is_damaged_and_not_read(near, monkeypatch):
    near.create("leases/x/00000001.json", b" " * 5000)
    monkeypatch.setattr(leases, "_MOST_BYTES", 4999)
    monkeypatch.setattr(type(near), "read", None)
    with pytest.raises(DamagedError):
        leased(near)


def test_a_lease_that_is_renewed_while_it_is_read_is_read_again(place, monkeypatch):
    """The old object was listed, the new one was not, and the old one is gone when it is read."""
    old = json.dumps({"keys": [A], "seconds": 3600}).encode()
    place.create("leases/x/00000001.json", old)
    real = type(place).read
    turned = []

    def read(self, key, start=0, size=None):
        if not turned:
            turned.append(key)
            self.create("leases/x/00000002.json", old)
            self.delete(key)
        return real(self, key, start, size)

    monkeypatch.setattr(type(place), "read", read)
    assert leased(place) == {A}
    assert turned == ["leases/x/00000001.json"]


def test_threads_share_a_lease(near):
    with Lease(near) as lease:
        threads = [
            threading.Thread(target=lease.rely, args=([f"objects/{number}"],))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert leased(near) == {f"objects/{number}" for number in range(8)}
