import errno
import os
import random
import shutil
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import DamagedError, InputError, MissingError, OutputError
from tenth.keep import packs
from tenth.keep.packs import Span
from tenth.keep.packs.form import FOOTER_BYTES, HEADER, SLOT
from tenth.keep.places import disk, open_place

from .interrupted import PACKS, Interrupted


def written(place, payloads, target_bytes=packs.TARGET_BYTES) -> list[Span]:
    with packs.Writer(place, target_bytes) as writer:
        tickets = [writer.add(payload) for payload in payloads]
        spans = writer.finish()
    assert tickets == [*range(len(payloads))]
    return spans


def test_payloads_come_back_by_their_span(place):
    payloads = [os.urandom(n) for n in (1, 0, 1000, 70_000, 5 << 20, 3)]
    spans = written(place, payloads)
    assert len({span.pack for span in spans}) == 1
    reader = packs.Reader(place)
    for payload, span in zip(payloads, spans, strict=True):
        assert reader.read(span) == payload
        assert span.size == len(payload)
    packs.check(place, spans[0].pack)
    assert [(slot.start, slot.size, slot.digest) for slot in packs.index(place, spans[0].pack)] == [
        (s.start, s.size, blake3(p).digest(16)) for s, p in zip(spans, payloads, strict=True)
    ]


def test_a_pack_has_the_layout_that_is_documented(near):
    (a, b) = written(near, [b"abc", b"defg"])
    data = near.read(f"objects/{a.pack[:2]}/{a.pack}")
    assert blake3(data).hexdigest() == a.pack
    assert data[:16] == b"tenthpak" + (1).to_bytes(4, "little") + bytes(4)
    assert data[16:23] == b"abcdefg"
    assert (a.start, a.size, b.start, b.size) == (16, 3, 19, 4)
    index = data[23 : 23 + 64]
    numbers = [int.from_bytes(index[at : at + 8], "little") for at in (0, 8, 32, 40)]
    assert numbers == [16, 3, 19, 4]
    assert index[16:32] == blake3(b"abc").digest()[:16]
    footer = data[-64:]
    assert [int.from_bytes(footer[at : at + 8], "little") for at in (0, 8, 16)] == [2, 23, 151]
    assert footer[24:56] == blake3(index + footer[:24]).digest()
    assert footer[56:] == b"endofpak"
    assert len(data) == 151


def test_packs_end_near_their_target(near):
    payloads = [bytes([n]) * 1000 for n in range(10)]
    spans = written(near, payloads, target_bytes=2500)
    ids = [span.pack for span in spans]
    assert [ids.count(pack) for pack in dict.fromkeys(ids)] == [3, 3, 3, 1]
    reader = packs.Reader(near)
    assert [reader.read(span) for span in spans] == payloads


def test_equal_payloads_make_equal_packs(near):
    assert written(near, [b"a", b"b"]) == written(near, [b"a", b"b"])
    assert len([*near.list("objects/")]) == 1


def test_nothing_added_writes_nothing(near):
    assert written(near, []) == []
    assert [*near.list("objects/")] == []


def test_an_error_inside_drops_what_is_not_yet_a_pack(near):
    before = {*near.scratch().glob("*.tmp")}

    def fail():
        with packs.Writer(near) as writer:
            writer.add(b"x" * 100)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [*near.list("objects/")] == []
    assert {*near.scratch().glob("*.tmp")} <= before


@pytest.mark.parametrize("call", ["create_file", "write", "sync_file", "link"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch, call):
    place = open_place(tmp_path / "store", make=True)
    with packs.Writer(place) as writer:
        if call != "create_file":
            writer.add(b"x")

        def refuse(*arguments):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def go_on():
            writer.add(b"y" * 10)
            writer.finish()

        monkeypatch.setattr(disk, call, refuse)
        with pytest.raises(OutputError, match="is full"):
            go_on()
    monkeypatch.undo()
    assert [entry.key for entry in place.list("")] == ["tenth-keep.json"]


def test_a_disk_that_gives_back_other_bytes_is_noticed_before_anything_points_there(
    tmp_path, monkeypatch
):
    place = open_place(tmp_path / "store", make=True)
    real = disk.sync_file

    def flip(handle):
        real(handle)
        os.pwrite(handle, b"!", 20)

    monkeypatch.setattr(disk, "sync_file", flip)
    with packs.Writer(place) as writer:
        writer.add(b"x" * 100)
        with pytest.raises(DamagedError, match="gave back other bytes"):
            writer.finish()
    monkeypatch.undo()
    assert [*place.list("objects/")] == []


def test_a_damaged_pack_is_replaced_by_the_next_one_with_the_same_name(tmp_path):
    place, payloads, spans, file = small(tmp_path)
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:20] + b"!" + whole[21:]):
        file.write_bytes(damaged)
        assert written(place, payloads) == spans
        assert file.read_bytes() == whole


@pytest.mark.parametrize("after", [0, 3, 6])
def test_an_interruption_within_a_payload_costs_that_payload_alone(place, monkeypatch, after):
    """With nothing, a part and all of it in the file, and none of it in the hash."""
    real = disk.write

    def interrupt(handle, data):
        real(handle, data[:after])
        raise KeyboardInterrupt

    with packs.Writer(place) as writer:
        writer.add(b"first")
        with monkeypatch.context() as patch:
            patch.setattr(disk, "write", interrupt)
            with pytest.raises(KeyboardInterrupt):
                writer.add(b"second")
        assert writer.add(b"third") == 1
        spans = writer.finish()
    assert spans == written(place, [b"first", b"third"])
    assert [packs.Reader(place).read(span) for span in spans] == [b"first", b"third"]


@pytest.mark.parametrize("target_bytes", [8, 20, 1 << 20])
def test_interrupted_before_any_line_a_writer_loses_no_whole_payload(
    tmp_path, monkeypatch, target_bytes
):
    for call in ("sync_file", "sync_folder"):
        monkeypatch.setattr(disk, call, lambda *_: None)
    payloads = [os.urandom(9), b"", os.urandom(12), os.urandom(5)]
    for at in range(2000):
        place = open_place(tmp_path / str(at), make=True)
        tickets, ended = {}, False
        with packs.Writer(place, target_bytes) as writer:
            with suppress(KeyboardInterrupt), Interrupted(at, PACKS):
                for number, payload in enumerate(payloads[:3]):
                    tickets[number] = writer.add(payload)
                writer.finish()
                ended = True
            tickets[3] = writer.add(payloads[3])
            spans = writer.finish()
        reader = packs.Reader(place)
        assert {n: reader.read(spans[ticket]) for n, ticket in tickets.items()} == {
            n: payloads[n] for n in tickets
        }
        for pack in {span.pack for span in spans}:
            packs.check(place, pack)
        assert len({span.pack for span in spans}) == len([*place.list("objects/")])
        assert [*place.scratch().iterdir()] == []
        shutil.rmtree(place.root)
        if ended:
            break
    assert 50 < at < 1999


def test_bytes_that_changed_before_an_interruption_end_the_writer(tmp_path, monkeypatch):
    place = open_place(tmp_path, make=True)
    with packs.Writer(place) as writer:
        writer.add(b"first")
        with monkeypatch.context() as patch:
            patch.setattr(disk, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                writer.add(b"second")
        (file,) = place.scratch().iterdir()
        data = bytearray(file.read_bytes())
        data[18] ^= 1
        file.write_bytes(data)
        for message in ("other bytes than were written", "first error"):
            with pytest.raises((DamagedError, InputError), match=message):
                writer.finish()
    assert [entry.key for entry in place.list("")] == ["tenth-keep.json"]


def test_a_writer_is_over_after_its_error(tmp_path, monkeypatch):
    place = open_place(tmp_path / "store", make=True)
    with packs.Writer(place) as writer:
        writer.add(b"x")
        monkeypatch.setattr(disk, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "")))
        with pytest.raises(Exception, match="the disk failed"):
            writer.finish()
        monkeypatch.undo()
        with pytest.raises(InputError, match="first error"):
            writer.add(b"y")


def test_a_span_beyond_its_pack_is_damage_and_a_false_one_a_mistake(place):
    (span,) = written(place, [b"abc"])
    size = place.size(packs.pack_key(span.pack))
    for reader in (packs.Reader(place), packs.Reader(place)):
        for start, length in ((16, size), (size, 1), (2**60, 1), (0, 2**60), (size + 1, 0)):
            with pytest.raises(DamagedError, match="cut short"):
                reader.read(Span(span.pack, start, length))
        for start, length in ((-1, 1), (1, -1)):
            with pytest.raises(InputError):
                reader.read(Span(span.pack, start, length))
        for pack in ("", "../../x", "A" * 64, "0" * 63):
            with pytest.raises(InputError, match="64 lower-case hex digits"):
                reader.read(Span(pack, 16, 3))
        with pytest.raises(MissingError):
            reader.read(Span("0" * 64, 16, 3))
        assert reader.read(span) == b"abc"


def test_many_threads_read_at_once(place):
    rng = random.Random(1)
    payloads = [rng.randbytes(rng.randrange(1, 400_000)) for _ in range(60)]
    spans = written(place, payloads, target_bytes=3 << 20)
    reader = packs.Reader(place)
    wrong = []

    def read(seed: int) -> None:
        order = random.Random(seed).sample(range(60), 60)
        wrong.extend(number for number in order if reader.read(spans[number]) != payloads[number])

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_neighbours_in_a_bucket_are_fetched_together(s3_server):
    place = s3_server.fresh()
    payloads = [bytes([n]) * 10_000 for n in range(200)]
    spans = written(place, payloads)
    s3_server.proxy.seen.clear()
    reader = packs.Reader(place)
    assert [reader.read(span) for span in spans] == payloads
    assert [method for method, _ in s3_server.proxy.seen] == ["HEAD", "GET"]


def small(tmp_path):
    place = open_place(tmp_path / "store", make=True)
    payloads = [b"abc", b"", b"0123456789"]
    spans = written(place, payloads)
    return place, payloads, spans, place.root / packs.pack_key(spans[0].pack)


def test_every_byte_of_a_pack_counts(tmp_path):
    place, payloads, spans, file = small(tmp_path)
    whole = file.read_bytes()
    end = len(whole) - FOOTER_BYTES - len(payloads) * SLOT.size
    for at in range(len(whole)):
        for flip in (1 << at % 8, 0xFF):
            changed = bytearray(whole)
            changed[at] ^= flip
            file.write_bytes(changed)
            with pytest.raises(DamagedError, match="is damaged"):
                packs.check(place, spans[0].pack)
            if len(HEADER) <= at < end:  # which payload is known, the others are whole
                (bad,) = packs.damaged_payloads(place, spans[0].pack)
                assert bad.start <= at < bad.start + bad.size
            else:
                with pytest.raises(DamagedError):
                    packs.index(place, spans[0].pack)
    file.write_bytes(whole)
    packs.check(place, spans[0].pack)
    assert packs.damaged_payloads(place, spans[0].pack) == []


def test_a_pack_cut_anywhere_or_grown_is_damaged(tmp_path):
    place, _, spans, file = small(tmp_path)
    whole = file.read_bytes()
    for size in range(1, len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises(DamagedError):
            packs.index(place, spans[0].pack)
        with pytest.raises(DamagedError):
            packs.check(place, spans[0].pack)
    for more in (b"\0", whole, whole[-FOOTER_BYTES:]):
        file.write_bytes(whole + more)
        with pytest.raises(DamagedError):
            packs.index(place, spans[0].pack)
    file.write_bytes(b"")
    with pytest.raises(MissingError):
        packs.check(place, spans[0].pack)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.booleans(), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hostile_packs_are_damaged_and_cost_no_memory(tmp_path_factory, junk, framed, count, start):
    place = open_place(f"memory://{os.urandom(8).hex()}", make=True)
    data = junk or b"x"
    if framed:
        counts = b"".join(n.to_bytes(8, "little") for n in (count, start, len(junk) + 80))
        data = HEADER + junk + counts + blake3(counts).digest() + b"endofpak"
    pack = blake3(data).hexdigest()
    place.create(packs.pack_key(pack), data)
    with pytest.raises(DamagedError):
        packs.check(place, pack)


def test_an_index_with_a_gap_or_an_overlap_is_damaged(tmp_path):
    place = open_place(tmp_path, make=True)
    for slots in (
        [(17, 2), (19, 4)],
        [(16, 3), (20, 3)],
        [(16, 3), (18, 5)],
        [(16, 3), (19, 3)],
        [(16, 2**63), (16 + 2**63, 4)],
    ):
        index = b"".join(SLOT.pack(start, size, bytes(16)) for start, size in slots)
        counts = b"".join(n.to_bytes(8, "little") for n in (2, 23, 23 + 64 + 64))
        data = HEADER + b"abcdefg" + index + counts + blake3(index + counts).digest() + b"endofpak"
        pack = blake3(data).hexdigest()
        place.create(packs.pack_key(pack), data)
        with pytest.raises(DamagedError, match="gap"):
            packs.check(place, pack)


WRITES = """
import resource, sys
from tenth.keep import packs
from tenth.keep.places import open_place
block = bytes(range(256)) * 4096
place = open_place(sys.argv[1], make=True)
with packs.Writer(place) as writer:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(300):
        writer.add(number.to_bytes(4, "big") + block)
    spans = writer.finish()
reader = packs.Reader(place)
for span in spans:
    reader.read(span)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_what_is_written_or_read(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITES, str(tmp_path)], capture_output=True, text=True, check=True
    )
    kib = int(done.stdout) if sys.platform != "darwin" else int(done.stdout) // 1024
    assert kib < 30_000  # of 300 MiB
