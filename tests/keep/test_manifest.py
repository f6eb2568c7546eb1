import itertools
import json
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tenth.errors import DamagedError, InputError, StoreError
from tenth.keep import strict
from tenth.keep.manifest import (
    Chunk,
    File,
    Manifest,
    Part,
    Piece,
    Predictor,
    Record,
    Segment,
    Sketch,
    check_of,
    closure,
    encode,
)

A, B, C, PACK = "a" * 64, "b" * 64, "c" * 64, "d" * 64
CHECK = "e" * 32


def piece(start=0, size=10):
    return Piece(PACK, start, size, CHECK)


def plain():
    raw = Record("BF16", 8, (Part(8),), (Chunk("raw", 1, 8, piece()),), Sketch(piece(), 3, 5))
    sub = Record("BF16", 8, (Part(8, A, 0),), (Chunk("copy", 1, 8, None),))
    cast = Record(
        "F32",
        16,
        (Part(8, A, 0, Predictor("cast", 1, "BF16", None)), Part(8)),
        (Chunk("sub", 1, 8, piece(7)), Chunk("raw", 1, 8, piece(9, 0))),
    )
    files = (
        File(
            "model.safetensors", 16, "1" * 64, (Segment(A, 8), Segment(B, 8, "w", "BF16", (2, 2)))
        ),
        File("onnx/x.bin", 16, "2" * 64, (Segment(C, 16, "v", "F32", (4,)),)),
        File("empty", 0, "3" * 64, ()),
    )
    return Manifest(files, {A: raw, B: sub, C: cast}, ("base/of it", "9" * 64), "tenth")


def form_of(manifest):
    return json.loads(zstandard.decompress(encode(manifest)[1]))


def packed(form):
    return zstandard.compress(json.dumps(form).encode())


def test_what_is_written_is_read_back():
    manifest = plain()
    manifest_id, data = encode(manifest)
    back = strict.decode(data, manifest_id)
    assert back == manifest
    assert back.id == manifest_id
    assert encode(back) == (manifest_id, data)
    assert back.packs() == {PACK}
    assert back.full_bytes == 32
    assert back.own() == {A, B, C}
    assert [segment.name for _, segment in back.tensors()] == ["w", "v"]


def test_equal_manifests_have_equal_bytes_in_whatever_order_they_were_made():
    manifest = plain()
    turned = replace(manifest, records=dict(reversed(list(manifest.records.items()))))
    assert encode(turned) == encode(manifest)


def test_the_closure_holds_the_bases_and_no_more():
    records = plain().records
    assert set(closure([B], records)) == {A, B}
    assert set(closure([A], records)) == {A}


def test_another_byte_is_another_id():
    manifest_id, data = encode(plain())
    with pytest.raises(DamagedError, match="hash to another id"):
        strict.decode(data[:-1] + bytes([data[-1] ^ 1]), manifest_id)


def test_every_byte_of_it_matters():
    _, data = encode(plain())
    for at in range(len(data)):
        broken = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        with pytest.raises(StoreError):
            strict.decode(broken, encode(plain())[0])


@given(st.binary(max_size=200))
def test_noise_is_no_manifest(data):
    with pytest.raises(DamagedError):
        strict.decode(data)


@given(st.data())
def test_noise_inside_a_manifest_is_an_error_or_a_manifest(data):
    text = bytearray(json.dumps(form_of(plain())).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        back = strict.decode(zstandard.compress(bytes(text)))
    except StoreError:
        return
    encode(back)


def changed(**changes):
    """The form of the manifest with one member changed: path of keys to value."""
    form = form_of(plain())
    for path, value in changes.items():
        keys = [int(key) if key.isdigit() else key for key in path.split("__")]
        inside = form
        for key in keys[:-1]:
            inside = inside[{"A": A, "B": B, "C": C}.get(key, key)]
        inside[keys[-1]] = value
    return form


LONG = [[0, 8, 0, 0, 10, CHECK]]
HOSTILE = {
    "another format": changed(format="zip"),
    "a ring": changed(tensors__A__parts=[[8, B, 0]]),
    "its own base": changed(tensors__A__parts=[[8, A, 0]]),
    "a base that is not there": changed(tensors__B__parts=[[8, "7" * 64, 0]]),
    "more of a base than there is": changed(tensors__B__parts=[[8, A, 1]]),
    "a base at -1": changed(tensors__B__parts=[[8, A, -1]]),
    "parts that do not add up": changed(tensors__B__parts=[[7, A, 0]]),
    "a chunk across a border": changed(tensors__C__chunks=[[1, 16, 0, 0, 9, CHECK]]),
    "chunks that do not add up": changed(tensors__A__chunks=LONG * 2),
    "a chunk of nothing": changed(tensors__A__chunks=[[0, 0], *LONG]),
    "a huge chunk": changed(tensors__A__size=2**40, tensors__A__chunks=[[0, 2**40]]),
    "a huge payload": changed(tensors__A__chunks=[[0, 8, 0, 0, 2**27, CHECK]]),
    "a huge number": changed(tensors__A__size=2**70),
    "a fraction": changed(tensors__A__size=8.0),
    "true as a number": changed(tensors__B__parts=[[8, A, True]]),
    "an unknown dtype": changed(tensors__A__dtype="F128"),
    "a pack that is not listed": changed(tensors__A__chunks=[[0, 8, 1, 0, 10, CHECK]]),
    "a pack at -1": changed(tensors__A__chunks=[[0, 8, -1, 0, 10, CHECK]]),
    "a codec that is not listed": changed(tensors__A__chunks=[[3, 8, 0, 0, 10, CHECK]]),
    "a pack named like a path": changed(packs=["../../etc/passwd"]),
    "a codec named like a path": changed(codecs=[["../x", 1], ["raw", 1], ["sub", 1]]),
    "a file above the folder": changed(files__0__name="../x"),
    "a file inside and above": changed(files__0__name="a/../../x"),
    "an absolute file": changed(files__0__name="/etc/passwd"),
    "a file of a drive": changed(files__0__name="C:x"),
    "a file with a backslash": changed(files__0__name="..\\x"),
    "a file without a name": changed(files__0__name=""),
    "a file with a NUL": changed(files__0__name="a\0b"),
    "half of a surrogate pair": changed(files__0__name="\ud800"),
    "two files of one name": changed(files__0__name="onnx/x.bin"),
    "a file that is a folder": changed(files__0__name="onnx"),
    "segments that do not add up": changed(files__0__size=17),
    "a segment of another size": changed(files__2__segments=[[A, 4]], files__2__size=4),
    "a segment that is not there": changed(files__2__segments=[["7" * 64, 0]]),
    "a shape of another size": changed(files__1__segments=[[C, 16, "v", "F32", [5]]]),
    "a shape of many axes": changed(files__1__segments=[[C, 16, "v", "F32", [4] + [1] * 99]]),
    "a shape below zero": changed(files__1__segments=[[C, 16, "v", "F32", [-4]]]),
    "a list for a table": changed(tensors=[]),
    "a table for a list": changed(files={}),
    "nothing at all": {},
    "a sketch of nowhere": changed(tensors__A__sketch=[0, 0, 4, CHECK, 0]),
    "a predictor on half an element": changed(
        tensors__C__parts=[[7, A, 0, ["cast", 1, "BF16"]], [9]],
        tensors__C__chunks=[[1, 7, 0, 0, 9, CHECK], [1, 9, 0, 0, 9, CHECK]],
    ),
}


@pytest.mark.parametrize("form", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_manifest_is_an_error_in_a_sentence(form):
    with pytest.raises(DamagedError, match=r"^manifest [0-9a-f]{12} is damaged: .+\.$") as caught:
        strict.decode(packed(form))
    assert len(str(caught.value)) < 700


def test_a_chain_that_is_too_deep_is_refused():
    ids = [f"{at:064x}" for at in range(strict.MOST_DEPTH + 2)]
    chunks = (Chunk("copy", 1, 8, None),)
    records = {ids[0]: Record("U8", 8, (Part(8),), (Chunk("raw", 1, 8, piece()),))}
    for below, tensor_id in itertools.pairwise(ids):
        records[tensor_id] = Record("U8", 8, (Part(8, below),), chunks)
    with pytest.raises(DamagedError, match="behind each other"):
        strict.decode(encode(Manifest((), records))[1])
    del records[ids[-1]]
    assert len(strict.decode(encode(Manifest((), records))[1]).records) == strict.MOST_DEPTH + 1


def test_a_newer_version_says_so():
    with pytest.raises(StoreError, match=r"Got 2\. Update tenth"):
        strict.decode(packed(changed(version=2)))


def test_a_key_that_stands_twice_is_refused():
    text = json.dumps(form_of(plain())).replace('"version"', '"format":"tenth-keep","version"', 1)
    with pytest.raises(DamagedError, match="twice"):
        strict.decode(zstandard.compress(text.encode()))


def test_a_frame_that_claims_a_petabyte_allocates_nothing():
    frame = bytearray(zstandard.compress(b"x" * 100_000))
    assert zstandard.get_frame_parameters(bytes(frame)).content_size == 100_000
    at = bytes(frame).index((100_000).to_bytes(4, "little"))
    frame[at : at + 4] = (2**32 - 1).to_bytes(4, "little")
    with pytest.raises(DamagedError, match="size of its JSON"):
        strict.decode(bytes(frame))


def test_a_bomb_of_lists_is_an_error():
    with pytest.raises(DamagedError):
        strict.decode(zstandard.compress(b"[" * 1_000_000))


def test_a_number_of_many_digits_is_an_error():
    with pytest.raises(DamagedError):
        strict.decode(zstandard.compress(b'{"a":' + b"9" * 10_000 + b"}"))


def test_bytes_behind_the_frame_are_refused():
    with pytest.raises(DamagedError):
        strict.decode(encode(plain())[1] + b"x")


@pytest.mark.parametrize("name", ["a", "a/b.c", "...", "a b", "ü", "-"])
def test_good_names_pass(name):
    assert strict.safe_name(name) == name


@pytest.mark.parametrize("name", ["a//b", "a/", "/a", ".", "a/.", "x" * 256, "a/" * 3000 + "b"])
def test_bad_names_do_not(name):
    with pytest.raises(InputError):
        strict.safe_name(name)


def test_a_check_is_half_of_a_hash():
    assert len(check_of(b"")) == 32
