import os
import threading

import pytest

from keep.crash import little
from tenth.errors import DamagedError, InputError, StoreError
from tenth.keep import collect as collecting
from tenth.keep import refs
from tenth.keep.collect import collect
from tenth.keep.leases import Lease
from tenth.keep.places import open_place


def gc(place, grace_seconds=0.0, **options):
    return collect(place, lambda: little.needed(place), grace_seconds, **options)


@pytest.fixture
def folder(tmp_path):
    return open_place(tmp_path / "store", make=True)


def age(place, seconds: float, prefix: str = "") -> None:
    """Let everything below a prefix be older."""
    for entry in place.list(prefix):
        then = entry.modified_seconds - seconds
        os.utime(place.root / entry.key, (then, then))


def all_keys(place) -> set[str]:
    return {entry.key for entry in place.list("")}


def test_without_grace_what_lost_its_name_goes_at_once_and_the_rest_stays(place):
    little.put(place, "a", [b"a" * 1000])
    little.put(place, "b", [b"b" * 1000])
    before = little.objects(place)
    assert gc(place).deleted == ()
    refs.remove(place, "a")
    done = gc(place)
    assert len(done.deleted) == 2
    assert done.deleted_bytes > 1000
    assert set(done.deleted) == before - little.objects(place) == set(done.marked)
    assert little.get(place, "b") == [b"b" * 1000]
    assert not [e for prefix in ("trash/", "doomed/", "leases/") for e in place.list(prefix)]
    assert gc(place).deleted == ()


def test_a_dry_run_says_the_same_and_does_nothing(near):
    little.put(near, "a", [b"a" * 1000])
    refs.remove(near, "a")
    near.create("trash/objects/none", b"1")
    before = all_keys(near)
    said = gc(near, dry_run=True)
    assert all_keys(near) == before
    assert gc(near) == said
    assert len(said.deleted) == 2


def test_the_grace_counts_before_the_mark_and_after_it(folder):
    little.put(folder, "a", [b"a"])
    refs.remove(folder, "a")
    day = 24 * 3600
    young = gc(folder, day)
    assert (young.marked, young.waiting, young.deleted) == ((), (), ())
    age(folder, 1.1 * day)
    marked = gc(folder, day)
    assert len(marked.marked) == 2
    assert (marked.waiting, marked.deleted) == (marked.marked, ())
    again = gc(folder, day)
    assert (again.marked, again.waiting, again.deleted) == ((), marked.marked, ())
    age(folder, 1.1 * day, "trash/")
    assert set(gc(folder, day).deleted) == set(marked.marked)
    assert little.objects(folder) == set()


def test_what_is_needed_again_loses_its_mark(folder):
    little.put(folder, "a", [b"a"])
    manifest = refs.read(folder, "a").manifest
    refs.remove(folder, "a")
    age(folder, 100)
    assert len(gc(folder, 50).marked) == 2
    refs.write(folder, "a", manifest, 0)
    age(folder, 100)
    assert gc(folder, 50).deleted == ()
    assert [*folder.list("trash/")] == []
    refs.remove(folder, "a")
    assert len(gc(folder, 50).marked) == 2  # and waits from now on
    assert len(little.objects(folder)) == 2


def test_what_a_lease_names_stays(near):
    little.put(near, "a", [b"a"])
    refs.remove(near, "a")
    with Lease(near, little.objects(near)):
        assert gc(near).deleted == ()
        assert len(little.objects(near)) == 2
    assert len(gc(near).deleted) == 2


def test_a_lease_or_name_that_comes_between_the_look_and_the_warning_saves(near, monkeypatch):
    """The put comes exactly between what gc saw first and its last warning."""
    little.put(near, "a", [b"a"])
    manifest = refs.read(near, "a").manifest
    for saving in ("lease", "name"):
        seen = refs.read(near, "a")
        if seen:
            refs.remove(near, "a")
        lease = Lease(near)
        real = type(near).create
        once = []

        def create(self, key, data, saving=saving, lease=lease, real=real, once=once):
            if key.startswith("doomed/") and not once:
                once.append(key)
                if saving == "lease":
                    lease.__enter__()
                    assert lease.rely(little.objects(near)) == set()
                else:
                    refs.write(near, "a", manifest, 0)
            return real(self, key, data)

        monkeypatch.setattr(type(near), "create", create)
        assert gc(near).deleted == ()
        monkeypatch.undo()
        assert once
        assert len(little.objects(near)) == 2
        if saving == "lease":
            lease.__exit__(None, None, None)
    assert little.get(near, "a") == [b"a"]
    assert [*near.list("doomed/")] == []


def test_a_put_between_the_last_look_and_the_deletion_stores_again(near, monkeypatch):
    """The put comes after gc's last look; it sees the warning, waits, and finds the object gone."""
    little.put(near, "a", [b"a"])
    refs.remove(near, "a")
    wait_for = threading.Event()
    threads = []
    real_delete, real_list = type(near).delete, type(near).list

    def delete(self, key):
        if key.startswith("objects/") and not threads:
            threads.append(threading.Thread(target=little.put, args=(near, "a", [b"a"])))
            threads[0].start()
            assert wait_for.wait(20)
        return real_delete(self, key)

    def listing(self, prefix):
        found = [*real_list(self, prefix)]
        if prefix == "doomed/" and found and threads:
            wait_for.set()
        return iter(found)

    monkeypatch.setattr("tenth.keep.leases._WAIT_SECONDS", 0.001)
    monkeypatch.setattr(type(near), "delete", delete)
    monkeypatch.setattr(type(near), "list", listing)
    done = gc(near)
    threads[0].join()
    assert len(done.deleted) == 2
    assert little.get(near, "a") == [b"a"]
    assert len(little.objects(near)) == 2


def test_what_crashed_writers_left_is_swept_after_an_hour(folder):
    little.put(folder, "a", [b"a"])
    kept = all_keys(folder)
    (folder.root / "tmp/0123456789abcdef.tmp").write_bytes(b"half a pack")
    (folder.root / "refs/a/00000002.json").touch()
    (folder.root / "objects/ab").mkdir(exist_ok=True)
    (folder.root / "objects/ab" / ("ab" * 32)).touch()
    folder.create("doomed/objects/ab/x/token", b"1")
    lease = Lease(folder, ["objects/x"])
    lease._write(lease._keys)
    left = all_keys(folder) - kept
    assert len(left) == 5
    assert gc(folder).litter == ()
    for key in left - {lease._written[0]}:
        os.utime(folder.root / key, (1, 1))
    assert set(gc(folder).litter) == left - {lease._written[0]}
    os.utime(folder.root / lease._written[0], (1, 1))
    assert gc(folder).litter == (lease._written[0],)
    assert all_keys(folder) == kept
    assert little.get(folder, "a") == [b"a"]


def test_a_longer_grace_keeps_litter_longer(folder):
    (folder.scratch() / "0123456789abcdef.tmp").write_bytes(b"half a pack")
    age(folder, 5000, "tmp/")
    assert gc(folder, 6000).litter == ()
    assert len(gc(folder, 4000).litter) == 1


def test_a_damaged_lease_or_name_stops_gc_before_it_deletes(folder):
    little.put(folder, "a", [b"a"])
    little.put(folder, "b", [b"b"])
    refs.remove(folder, "a")
    before = little.objects(folder)
    folder.create("leases/x/00000001.json", b"junk")
    with pytest.raises(DamagedError):
        gc(folder)
    folder.delete("leases/x/00000001.json")
    (folder.root / "refs/b/00000001.json").write_bytes(b"junk")
    with pytest.raises(DamagedError):
        gc(folder)
    assert little.objects(folder) == before


def test_a_gc_that_fails_on_its_way_takes_its_warnings_back(near, monkeypatch):
    little.put(near, "a", [b"a"])
    refs.remove(near, "a")
    looks = []

    def needed():
        looks.append(1)
        if len(looks) == 2:
            raise StoreError("away")
        return little.needed(near)

    with pytest.raises(StoreError, match="away"):
        collect(near, needed, 0)
    assert [*near.list("doomed/")] == []
    assert len(little.objects(near)) == 2
    assert len(gc(near).deleted) == 2


def test_much_is_deleted_in_rounds(folder, monkeypatch):
    monkeypatch.setattr(collecting, "_AT_ONCE", 3)
    for number in range(5):
        little.put(folder, f"n{number}", [bytes([number])])
        refs.remove(folder, f"n{number}")
    little.put(folder, "kept", [b"kept"])
    assert len(gc(folder).deleted) == 10
    assert len(little.objects(folder)) == 2


def test_a_gc_that_was_slow_looks_again_and_one_that_gets_nowhere_gives_up(folder, monkeypatch):
    for number in range(3):
        little.put(folder, f"n{number}", [bytes([number])])
        refs.remove(folder, f"n{number}")
    now = [0.0]

    def clock():
        now[0] += 400  # a limit is 900: two deletions a look
        return now[0]

    monkeypatch.setattr(collecting.time, "monotonic", clock)
    looks = []

    def needed():
        looks.append(1)
        return little.needed(folder)

    assert len(collect(folder, needed, 0).deleted) == 6
    assert len(looks) == 1 + 3
    little.put(folder, "a", [b"a"])
    refs.remove(folder, "a")
    monkeypatch.setattr(collecting.time, "monotonic", lambda: now.append(1) or len(now) * 10_000)
    with pytest.raises(StoreError, match="gave up"):
        gc(folder)
    assert len(little.objects(folder)) == 2
    assert [*folder.list("doomed/")] == []


@pytest.mark.parametrize("grace", [-1, float("nan")])
def test_a_grace_that_is_none_is_refused(folder, grace):
    with pytest.raises(InputError, match="0 seconds or more"):
        gc(folder, grace)


def test_two_gcs_at_once_delete_the_same(near):
    for number in range(4):
        little.put(near, f"n{number}", [bytes([number])])
        refs.remove(near, f"n{number}")
    little.put(near, "kept", [b"kept"])
    start = threading.Barrier(2)
    failed = []

    def run():
        start.wait()
        try:
            gc(near)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(little.objects(near)) == 2
    assert little.get(near, "kept") == [b"kept"]


def test_gc_without_grace_beside_writers_of_the_same_content_loses_nothing(folder, monkeypatch):
    """Writers put and remove the same few contents again and again while gc runs."""
    monkeypatch.setattr("tenth.keep.leases._WAIT_SECONDS", 0.001)
    failed = []
    done = threading.Event()

    def write(number: int) -> None:
        try:
            for turn in range(12):
                payloads = [bytes([turn % 3]) * 100]
                little.put(folder, f"w{number}", payloads)
                assert little.get(folder, f"w{number}") == payloads
                if turn % 2:
                    refs.remove(folder, f"w{number}")
        except BaseException as error:
            failed.append(error)

    def sweep() -> None:
        try:
            while not done.is_set():
                gc(folder)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    sweeper = threading.Thread(target=sweep)
    for thread in (*writers, sweeper):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    sweeper.join()
    assert failed == []
    gc(folder)
    assert little.objects(folder) == set()


def test_what_may_be_at_work_is_told_and_left(folder):
    (folder.scratch() / "new").write_bytes(b"x")
    (folder.scratch() / "old").write_bytes(b"x")
    os.utime(folder.scratch() / "old", (1, 1))
    said = gc(folder, dry_run=True)
    assert (said.litter, said.young) == (("tmp/old",), ("tmp/new",))
    assert gc(folder) == said
    assert gc(folder).litter == ()


def test_the_empty_folders_of_old_leases_are_removed(folder):
    with Lease(folder, ["objects/a"]) as living:
        for name in ("old", "new"):
            (folder.root / "leases" / name).mkdir()
        os.utime(folder.root / "leases" / "old", (1, 1))
        for path in (folder.root / "leases").iterdir():
            if any(path.iterdir()):
                os.utime(path, (1, 1))  # not empty: its lease lives
        gc(folder, dry_run=True)
        assert (folder.root / "leases" / "old").exists()
        gc(folder)
        assert {path.name for path in (folder.root / "leases").iterdir()} == {
            "new",
            living._written[0].split("/")[1],
        }
        assert living.lost() == {"objects/a"}
