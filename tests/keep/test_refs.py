import json
import threading

import pytest
from blake3 import blake3

from tenth.errors import ConflictError, DamagedError, InputError, MissingError
from tenth.keep import refs
from tenth.keep.places import open_place

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


def test_a_name_points_to_the_last_manifest_and_its_log_keeps_the_others(near):
    assert refs.read(near, "task-a") is None
    first = refs.write(near, "task-a", ONE, 0, "the first")
    second = refs.write(near, "task-a", TWO, first.generation, "the second\nwith two lines: ü")
    assert (first.generation, second.generation) == (1, 2)
    assert refs.read(near, "task-a") == second
    assert refs.history(near, "task-a") == [second, first]
    assert refs.names(near) == ["task-a"]
    assert second.message == "the second\nwith two lines: ü"


def test_a_writer_who_saw_an_older_generation_is_told_and_changes_nothing(place):
    refs.write(place, "a", ONE, 0)
    refs.write(place, "a", TWO, 1)
    for seen in (0, 1, 3, -1):
        with pytest.raises(ConflictError, match="at generation 2"):
            refs.write(place, "a", THREE, seen)
    assert refs.read(place, "a").manifest == TWO
    assert len(refs.history(place, "a")) == 2


def test_a_removed_name_is_gone_keeps_its_log_and_can_come_back(place):
    refs.write(place, "a", ONE, 0)
    refs.write(place, "b", ONE, 0)
    gone = refs.remove(place, "a", message="not needed")
    assert gone.manifest is None
    assert refs.read(place, "a") is None
    assert refs.names(place) == ["b"]
    assert refs.ever(place) == ["a", "b"]
    with pytest.raises(MissingError, match="no variant a"):
        refs.remove(place, "a")
    with pytest.raises(ConflictError):
        refs.write(place, "a", TWO, 1)
    assert refs.write(place, "a", TWO, 0).generation == 3
    assert [ref.manifest for ref in refs.history(place, "a")] == [TWO, None, ONE]
    with pytest.raises(ConflictError):
        refs.remove(place, "a", expected_generation=1)


def test_names_below_a_name_are_names_of_their_own(near):
    for name in ("team", "team/a", "team/a/b", "team-b"):
        refs.write(near, name, ONE, 0, name)
    assert refs.names(near) == ["team", "team-b", "team/a", "team/a/b"]
    refs.remove(near, "team/a")
    assert refs.names(near) == ["team", "team-b", "team/a/b"]
    assert refs.read(near, "team").message == "team"


NO_NAMES = [
    *("", "/", "a/", "/a", "a//b", "..", "a/..", "a\\b", "a b", "é", "-a", ".a", "a.", "a@3"),
    *("a\n", "00000001.json", "a/00000001.json", "a/00000001.json/b", "x" * 201),
    "/".join(["x" * 100] * 5),
]


@pytest.fixture
def folder(tmp_path):
    return open_place(tmp_path, make=True)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_none_is_refused(folder, name):
    for call in (refs.read, refs.remove, refs.history):
        with pytest.raises(InputError, match="name of a variant"):
            call(folder, name)
    with pytest.raises(InputError, match="name of a variant"):
        refs.write(folder, name, ONE, 0)


@pytest.mark.parametrize("manifest", ["", "x", "1" * 63, "A" * 64, "1" * 65, "../" + "1" * 61])
def test_a_manifest_is_named_by_its_hash(folder, manifest):
    with pytest.raises(InputError, match="64 lower-case hex digits"):
        refs.write(folder, "a", manifest, 0)


def test_a_message_has_an_end(near):
    refs.write(near, "a", ONE, 0, "x" * 10_000)
    with pytest.raises(InputError, match="at most 10000"):
        refs.write(near, "a", ONE, 1, "x" * 10_001)


def test_of_many_writers_each_generation_has_one_and_none_is_lost(place):
    """Each adds one to a number that the message carries, and tries again after a conflict."""
    writers, turns = (3, 2) if "s3" in place.url else (6, 5)
    start = threading.Barrier(writers)

    def count() -> None:
        start.wait()
        for _ in range(turns):
            while True:
                seen = refs.read(place, "counter")
                number = int(seen.message) if seen else 0
                try:
                    refs.write(
                        place, "counter", ONE, seen.generation if seen else 0, str(number + 1)
                    )
                    break
                except ConflictError:
                    continue

    threads = [threading.Thread(target=count) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [int(ref.message) for ref in refs.history(place, "counter")] == [
        *range(writers * turns, 0, -1)
    ]


def ref_file(place) -> str:
    (entry,) = place.list("refs/")
    return entry.key


def put_back(place, key: str, data: bytes) -> None:
    place.delete(key)
    place.create(key, data)


def test_every_byte_of_a_ref_counts(folder):
    refs.write(folder, "a", ONE, 0, "message")
    key = ref_file(folder)
    whole = folder.read(key)
    for at in range(len(whole)):
        for flip in (1 << at % 8, 0xFF):
            changed = bytearray(whole)
            changed[at] ^= flip
            (folder.root / key).write_bytes(changed)
            with pytest.raises(DamagedError, match=r"refs/a/00000001\.json"):
                refs.read(folder, "a")
    for size in range(1, len(whole)):
        (folder.root / key).write_bytes(whole[:size])
        with pytest.raises(DamagedError):
            refs.read(folder, "a")
    for more in (b"\0", b"\n", whole):
        (folder.root / key).write_bytes(whole + more)
        with pytest.raises(DamagedError):
            refs.read(folder, "a")
    (folder.root / key).write_bytes(whole)
    assert refs.read(folder, "a").message == "message"


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": "../../etc"},
        {"manifest": 7},
        {"name": "b"},
        {"generation": 2},
        {"generation": "1"},
        {"time_seconds": "now"},
        {"time_seconds": 1},
        {"more": 1},
        {"message": None},
    ],
)
def test_a_forged_ref_with_the_right_hash_is_damaged(folder, change):
    refs.write(folder, "a", ONE, 0)
    key = ref_file(folder)
    form = json.loads(folder.read(key).partition(b"\n")[0]) | change
    body = json.dumps(form).encode()
    put_back(folder, key, body + b"\n" + blake3(body).hexdigest().encode() + b"\n")
    with pytest.raises(DamagedError):
        refs.read(folder, "a")


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"1", b'"x"', b"[" * 100_000, b"{", b"\xff", b"{}"]
)
def test_a_ref_that_is_no_object_is_damaged(folder, body):
    refs.write(folder, "a", ONE, 0)
    put_back(folder, ref_file(folder), body + b"\n" + blake3(body).hexdigest().encode() + b"\n")
    with pytest.raises(DamagedError):
        refs.read(folder, "a")


def test_a_huge_ref_is_damaged_and_not_read_whole(folder):
    refs.write(folder, "a", ONE, 0)
    put_back(folder, ref_file(folder), b"x" * (3 << 20))
    with pytest.raises(DamagedError):
        refs.read(folder, "a")


def test_a_generation_that_a_crash_left_without_bytes_is_none(folder):
    refs.write(folder, "a", ONE, 0)
    (folder.root / "refs/a/00000002.json").touch()
    (folder.root / "refs/b").mkdir()
    (folder.root / "refs/b/00000001.json").touch()
    assert refs.read(folder, "a").manifest == ONE
    assert refs.names(folder) == ["a"]
    assert len(refs.history(folder, "a")) == 1


def test_files_that_are_no_generation_are_left_alone(near):
    refs.write(near, "a", ONE, 0)
    for file in ("notes.txt", "1.json", "00000009.json.bak", "000000009.json"):
        near.create(f"refs/a/{file}", b"x")
    assert refs.read(near, "a").generation == 1
    assert len(refs.history(near, "a")) == 1
    assert refs.names(near) == ["a"]


@pytest.mark.parametrize(("name", "said"), [("a@3", "without a version"), ("a/b@x", "number")])
def test_a_version_where_none_may_stand_is_called_a_version(folder, name, said):
    with pytest.raises(InputError, match=f"version.*{said}|{said}"):
        refs.read(folder, name)


def flip(place, key, at=10):
    data = bytearray(place.read(key))
    data[at] ^= 1
    place.delete(key)
    place.create(key, bytes(data))


def test_a_damaged_generation_hides_no_other_one(near):
    for number, manifest in enumerate((ONE, TWO, THREE)):
        refs.write(near, "a", manifest, number)
    flip(near, "refs/a/00000002.json")
    assert refs.read(near, "a").manifest == THREE
    assert refs.at(near, "a", 1).manifest == ONE
    assert refs.at(near, "a", 4) is None
    damaged = []
    assert [ref.generation for ref in refs.history(near, "a", damaged)] == [3, 1]
    assert [(lost.name, lost.generation, lost.key) for lost in damaged] == [
        ("a", 2, "refs/a/00000002.json")
    ]
    with pytest.raises(refs.LostRef, match="tenth keep rm a"):
        refs.history(near, "a")


def test_a_name_whose_newest_generation_is_damaged_can_be_written_and_removed(near):
    refs.write(near, "a", ONE, 0)
    flip(near, "refs/a/00000001.json")
    assert refs.standing(near, "a") == 1
    for seen in (0, 2):
        with pytest.raises(ConflictError):
            refs.write(near, "a", TWO, seen)
    assert refs.write(near, "a", TWO, 1).generation == 2
    flip(near, "refs/a/00000002.json")
    assert refs.remove(near, "a").generation == 3
    assert refs.read(near, "a") is None
    assert refs.standing(near, "a") == 0


def test_a_damaged_generation_is_written_anew(near):
    refs.write(near, "a", ONE, 0)
    refs.write(near, "a", TWO, 1)
    flip(near, "refs/a/00000001.json")
    (lost,) = (one for one in refs.backwards(near, "a") if isinstance(one, refs.LostRef))
    assert ONE.encode() in lost.clue
    refs.mend(near, lost, ONE, "the first")
    assert [ref.manifest for ref in refs.history(near, "a")] == [TWO, ONE]
