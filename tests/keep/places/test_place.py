"""What every place does, whatever it is."""

import os
import threading

import pytest

from tenth.errors import DamagedError, InputError, MissingError
from tenth.keep.places import Entry, hashed, pieces, sizes


def test_an_object_is_written_once_and_read_back(place):
    assert place.create("objects/ab/x", b"first")
    assert not place.create("objects/ab/x", b"second")
    assert place.read("objects/ab/x") == b"first"
    assert type(place.read("objects/ab/x")) is bytes
    assert place.size("objects/ab/x") == 5


@pytest.mark.parametrize("start", [0, 1, 9, 10])
@pytest.mark.parametrize("size", [None, 0, 1, 9, 10])
def test_a_range_is_exact_or_an_error(place, start, size):
    data = b"0123456789"
    place.create("objects/x", data)
    wanted = data[start:] if size is None else data[start : start + size]
    if size is not None and len(wanted) != size:
        with pytest.raises(DamagedError, match="cut short: it has"):
            place.read("objects/x", start, size)
    else:
        assert place.read("objects/x", start, size) == wanted


def test_a_range_beyond_the_end_is_damage(place):
    place.create("objects/x", b"0123456789")
    for start, size in ((11, None), (11, 0), (11, 1), (2**40, 2**40)):
        with pytest.raises(DamagedError):
            place.read("objects/x", start, size)


@pytest.mark.parametrize(("start", "size"), [(-1, None), (-1, 1), (0, -1)])
def test_a_range_that_is_none_is_the_callers_mistake(place, start, size):
    place.create("objects/x", b"0123456789")
    with pytest.raises(InputError, match="from 0 on"):
        place.read("objects/x", start, size)


@pytest.mark.parametrize("arguments", [(), (1,), (0, 0), (1, 1), (0, 100)])
def test_an_object_that_is_not_there(place, arguments):
    with pytest.raises(MissingError, match="objects/none"):
        place.read("objects/none", *arguments)
    assert place.size("objects/none") is None
    assert place.entry("objects/none") is None
    place.delete("objects/none")


def test_a_key_that_is_a_folder_is_not_an_object(place):
    place.create("objects/ab/x", b"x")
    assert place.size("objects/ab") is None
    with pytest.raises(MissingError):
        place.read("objects/ab")


def test_an_empty_object_is_refused(place, tmp_path):
    (tmp_path / "empty").touch()
    for nothing in (b"", tmp_path / "empty"):
        with pytest.raises(InputError, match="at least one byte"):
            place.create("objects/x", nothing)
    assert place.size("objects/x") is None


def test_a_file_becomes_an_object(place, tmp_path):
    data = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(data)
    assert place.create("objects/x", tmp_path / "file")
    assert place.read("objects/x") == data
    inside = place.scratch() / f"{os.getpid()}-{id(place)}.tmp"
    inside.write_bytes(data[::-1])
    try:
        assert place.create("objects/y", inside)
    finally:
        inside.unlink(missing_ok=True)
    assert place.read("objects/y") == data[::-1]


def test_a_deleted_object_is_gone_and_can_be_written_anew(place):
    place.create("objects/x", b"1")
    place.delete("objects/x")
    assert place.size("objects/x") is None
    assert place.create("objects/x", b"2")
    assert place.read("objects/x") == b"2"


def test_listing_gives_what_is_below_a_prefix_and_nothing_else(place):
    keys = ["refs/a/1.json", "refs/a/b/1.json", "refs/ab/1.json", "refsx/1", "other"]
    for number, key in enumerate(keys):
        place.create(key, b"x" * (number + 1))
    found = {entry.key: entry.size_bytes for entry in place.list("refs/a/")}
    assert found == {"refs/a/1.json": 1, "refs/a/b/1.json": 2}
    assert {entry.key for entry in place.list("refs/")} == set(keys[:3])
    assert set(keys) <= {entry.key for entry in place.list("")}
    assert [*place.list("nothing/")] == []
    with pytest.raises(InputError):
        [*place.list("refs")]


def test_the_clock_is_the_one_that_dates_the_objects(place):
    before = place.clock()
    place.create("objects/x", b"x")
    entry = place.entry("objects/x")
    assert isinstance(entry, Entry)
    assert before - 1 <= entry.modified_seconds <= place.clock() + 1
    assert [item.key for item in place.list("tmp/")] == []
    (listed,) = place.list("objects/")
    assert listed == entry


def test_of_many_writers_one_wins(place):
    start = threading.Barrier(8)
    won = []

    def write(number):
        start.wait()
        for turn in range(5):
            if place.create(f"refs/x/{turn}", bytes([number])):
                won.append((turn, number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turn for turn, _ in won) == list(range(5))
    for turn, number in won:
        assert place.read(f"refs/x/{turn}") == bytes([number])


@pytest.mark.parametrize("key", ["../x", "/x", "a//b", "a/../b", "", "a\n"])
def test_a_key_that_is_none_is_refused_everywhere(place, key):
    for call in (
        place.read,
        place.size,
        place.entry,
        place.delete,
        lambda k: place.create(k, b"x"),
    ):
        with pytest.raises(InputError, match="key of a store"):
            call(key)


def test_whole_objects_in_steps_and_their_hash(place):
    from blake3 import blake3

    data = os.urandom(9 << 20)
    place.create("objects/x", data)
    got = [*pieces(place, "objects/x")]
    assert b"".join(got) == data
    assert max(map(len, got)) == 4 << 20
    assert hashed(place, "objects/x") == blake3(data).hexdigest()
    with pytest.raises(MissingError):
        hashed(place, "objects/none")


@pytest.mark.parametrize("count", [3, 70])
def test_the_sizes_of_few_and_of_many(place, count):
    if count > 3 and "s3" in place.url:
        count = 65
    there = {f"objects/{number}/x": number % 3 + 1 for number in range(count)}
    for key, size in there.items():
        place.create(key, b"x" * size)
    place.create("objects/unasked", b"x")
    assert sizes(place, [*there, "objects/none", "manifests/none"]) == there
    assert sizes(place, []) == {}
