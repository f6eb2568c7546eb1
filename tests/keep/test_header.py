"""The header of a safetensors file: what is read, what is refused, and with which words."""

import json
import random
import re
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import FormatError, InputError
from tenth.keep import header
from tenth.keep.dtypes import DTYPES

PAIR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
WORDS = b'{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
ZEROS = bytes(64)


def entry(shape, start, end, dtype="F32", **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end], **more}


def a_file(fields, body=b"", length=None):
    words = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return struct.pack("<Q", len(words) if length is None else length) + words + body


def parse(data, **options):
    return header.parse(data, len(data), **options)


READ = {
    "one tensor": a_file({"w": PAIR}, ZEROS[:8]),
    "no tensor": a_file({}),
    "a scalar": a_file({"w": entry([], 0, 4)}, ZEROS[:4]),
    "no numbers": a_file({"w": entry([0, 7], 0, 0)}),
    "spaces behind": a_file(json.dumps({"w": PAIR}).encode() + b"    ", ZEROS[:8]),
    "spaces before": a_file(b"  " + json.dumps({"w": PAIR}).encode(), ZEROS[:8]),
    "a field of a later version": a_file({"w": entry([2], 0, 8, stride=[1])}, ZEROS[:8]),
    "a path as a name": a_file({"../../etc/passwd": PAIR}, ZEROS[:8]),
    "no name": a_file({"": PAIR}, ZEROS[:8]),
    "words": a_file({"__metadata__": {"format": "pt"}, "w": PAIR}, ZEROS[:8]),
    "not in order": a_file({"b": entry([2], 8, 16), "a": PAIR}, ZEROS[:16]),
    "an empty one between": a_file(
        {"a": PAIR, "e": entry([0], 8, 8), "b": entry([2], 8, 16)}, ZEROS[:16]
    ),
    "4-bit numbers": a_file({"w": entry([3, 2], 0, 3, "F4")}, ZEROS[:3]),
    "64 dimensions": a_file({"w": entry([1] * 64, 0, 4)}, ZEROS[:4]),
}

# bytes, and a part of the one message; those that the format's own reader takes are marked
REFUSED = {
    "empty": (b"", "8 bytes long or longer"),
    "seven bytes": (bytes(7), "8 bytes long or longer"),
    "a length of 2^63": (a_file({"w": PAIR}, ZEROS[:8], 2**63), "at most 100000000 bytes"),
    "a length just too great": (a_file({}, b"", 100_000_001), "at most 100000000 bytes"),
    "a length beyond the file": (a_file({}, b"", 3), "as long as its header"),
    "no JSON": (a_file(b"{]"), "header must be JSON"),
    "two objects": (a_file(b"{}{}"), "header must be JSON"),
    "zero bytes behind": (a_file(b"{}\0"), "header must be JSON"),
    "a list": (a_file(b"[]"), "a JSON object from its first byte"),
    "nothing": (a_file(b""), "a JSON object from its first byte"),
    "no UTF-8": (a_file(b'{"\xfe":' + WORDS + b"}", ZEROS[:8]), "header must be UTF-8"),
    "a byte-order mark": (a_file(b"\xef\xbb\xbf{}"), "a JSON object from its first byte"),
    "half a surrogate": (a_file(b'{"\\udc00":' + WORDS + b"}", ZEROS[:8]), "surrogate"),
    "half a surrogate in words": (a_file(b'{"__metadata__":{"a":"\\ud900"}}'), "surrogate"),
    "NaN": (a_file(WORDS.join((b'{"w":', b"}")).replace(b"[2]", b"[NaN]"), ZEROS[:8]), "Got NaN"),
    "infinity": (a_file(b'{"w":{"dtype":"F32","shape":[-Infinity]}}'), "Got -Infinity"),
    "nested lists": (a_file(b'{"w":' + b"[" * 90_000 + b"]" * 90_000 + b"}"), "nested at most 64"),
    "nested objects": (a_file(b'{"w":' * 90_000 + b"1" + b"}" * 90_000), "nested at most 64"),
    "brackets that close nothing": (a_file(b"{" + b"]" * 90_000), "closes nothing"),
    "a long number": (a_file(b'{"w":{"shape":[' + b"7" * 5000 + b"]}}"), "header must be JSON"),
    "metadata of numbers": (a_file({"__metadata__": {"k": 1}}), "'k' must be a string"),
    "metadata of null": (a_file({"__metadata__": None}), "an object of strings"),
    "metadata twice": (a_file(b'{"__metadata__":{},"__metadata__":{}}'), "there once"),
    "a key of metadata twice": (a_file(b'{"__metadata__":{"k":"1","k":"1"}}'), "there once"),
    "a name twice": (a_file(b'{"w":' + WORDS + b',"w":' + WORDS + b"}", ZEROS[:8]), "there once"),
    "a field twice": (a_file(b'{"w":{"dtype":"F32",' + WORDS[1:] + b"}", ZEROS[:8]), "there once"),
    "a name escaped": (
        a_file(b'{"w":' + WORDS + b',"\\u0077":' + WORDS + b"}", ZEROS[:8]),
        "there once",
    ),
    "a tensor as a list": (a_file({"w": ["F32", [2], [0, 8]]}, ZEROS[:8]), "must be an object"),
    "no dtype": (a_file({"w": {"shape": [], "data_offsets": [0, 4]}}, ZEROS[:4]), "its dtype"),
    "no shape": (a_file({"w": {"dtype": "U8", "data_offsets": [0, 4]}}, ZEROS[:4]), "its shape"),
    "no offsets": (a_file({"w": {"dtype": "U8", "shape": [4]}}, ZEROS[:4]), "its data_offsets"),
    "a dtype that is no word": (a_file({"w": entry([2], 0, 8, 3)}, ZEROS[:8]), "must be a string"),
    "an unknown dtype": (a_file({"w": entry([2], 0, 8, "F7")}, ZEROS[:8]), "Got F7"),
    "a shape that is a number": (a_file({"w": entry(2, 0, 8)}, ZEROS[:8]), "must be a list"),
    "a negative side": (a_file({"w": entry([-2], 0, 8)}, ZEROS[:8]), "Got -2"),
    "a side of minus 0": (a_file(b'{"w":' + WORDS.replace(b"[2]", b"[-0]") + b"}"), "Got -0.0"),
    "a side with a point": (a_file({"w": entry([2.0], 0, 8)}, ZEROS[:8]), "Got 2.0"),
    "a side that is true": (a_file({"w": entry([True], 0, 4)}, ZEROS[:4]), "Got True"),
    "a side of 2^64": (a_file({"w": entry([2**64], 0, 8)}, ZEROS[:8]), "below 2^64"),
    "a product beyond 64 bits": (a_file({"w": entry([2**62, 2**62], 0, 0)}), "fewer than 2^63"),
    "nothing of a huge shape": (a_file({"w": entry([0, 2**62], 0, 0)}), "fewer than 2^63"),
    "65 dimensions": (a_file({"w": entry([1] * 65, 0, 4)}, ZEROS[:4]), "at most 64 dimensions"),
    "three offsets": (a_file({"w": dict(PAIR, data_offsets=[0, 8, 8])}, ZEROS[:8]), "two whole"),
    "an offset that is true": (a_file({"w": entry([], False, 4)}, ZEROS[:4]), "two whole"),
    "offsets backwards": (a_file({"w": entry([2], 8, 0)}, ZEROS[:8]), "in order"),
    "another size than the shape": (a_file({"w": entry([3], 0, 8)}, ZEROS[:8]), "12 bytes"),
    "half a byte": (a_file({"w": entry([3], 0, 2, "F4")}, ZEROS[:2]), "whole bytes"),
    "three quarters": (a_file({"w": entry([3], 0, 2, "F6_E2M3")}, ZEROS[:2]), "whole bytes"),
    "a first one from 4 on": (a_file({"w": entry([2], 4, 12)}, ZEROS[:12]), "from offset 0 on"),
    "a hole": (a_file({"a": PAIR, "b": entry([2], 9, 17)}, ZEROS[:17]), "no hole"),
    "an overlap": (a_file({"a": PAIR, "b": entry([2], 7, 15)}, ZEROS[:15]), "no overlap"),
    "the same bytes": (a_file({"a": PAIR, "b": PAIR}, ZEROS[:8]), "no overlap"),
    "cut short": (a_file({"w": PAIR}, ZEROS[:7]), "cut short"),
    "bytes behind": (a_file({"w": PAIR}, ZEROS[:9]), "1 more"),
}  # fmt: skip
TAKEN_ELSEWHERE = {
    "a name twice", "a name escaped", "a key of metadata twice", "metadata of null",
    "a tensor as a list", "nothing of a huge shape", "65 dimensions",
}  # fmt: skip
KEPT_WHOLE = {"an unknown dtype", "bytes behind"}


@pytest.mark.parametrize("name", READ)
def test_what_the_format_allows_is_read(name):
    found = parse(READ[name])
    assert found.size == 8 + int.from_bytes(READ[name][:8], "little")
    assert found.size + sum(t.end - t.start for t in found.tensors) == len(READ[name])
    reached = found.size
    for tensor in found.tensors:
        assert tensor.start == reached
        reached = tensor.end


@pytest.mark.parametrize("name", REFUSED)
def test_each_rule_has_its_own_message(name):
    data, words = REFUSED[name]
    with pytest.raises(FormatError, match=re.escape(words)) as caught:
        parse(data)
    assert isinstance(caught.value, header.UnexplainedError) == (name in KEPT_WHOLE)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", [*READ, *REFUSED])
def test_the_formats_own_reader_agrees_unless_we_are_stricter(name, tmp_path):
    path = tmp_path / "case.safetensors"
    path.write_bytes(READ[name] if name in READ else REFUSED[name][0])
    try:
        with safetensors.safe_open(path, framework="np") as file:
            file.keys()
        taken = True
    except Exception:
        taken = False
    assert taken == (name in READ or name in TAKEN_ELSEWHERE)


def test_what_is_unusual_is_told():
    assert parse(READ["one tensor"]).warnings == ()
    assert "spaces before" in parse(READ["spaces before"]).warnings[0]
    assert "'stride'" in parse(READ["a field of a later version"]).warnings[0]
    with pytest.raises(FormatError, match="from its first byte on"):
        parse(READ["spaces before"], strict=True)


def test_tensors_come_in_the_order_of_their_bytes():
    assert [t.name for t in parse(READ["not in order"]).tensors] == ["a", "b"]
    assert [t.name for t in parse(READ["an empty one between"]).tensors] == ["a", "e", "b"]
    assert parse(READ["words"]).metadata == {"format": "pt"}


def test_the_number_of_tensors_is_capped():
    data = a_file({f"t{i}": entry([0], 0, 0) for i in range(101)})
    assert len(parse(data, most_tensors=101).tensors) == 101
    with pytest.raises(FormatError, match=r"at most 100\. Got 101"):
        parse(data, most_tensors=100)


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"0,", b'{"a":[]},'])
def test_a_header_that_would_fill_the_memory_is_refused_before_it_is_parsed(piece, monkeypatch):
    monkeypatch.setattr(header.json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(FormatError, match="at most"):
        parse(a_file(b'{"w":[' + piece * 20_000 + b"0]}"), most_tensors=1000)


def test_words_full_of_brackets_are_no_tensors():
    words = {"__metadata__": {"notes": '[{"\\",' * 50_000}, "w": PAIR}
    assert len(parse(a_file(words, ZEROS[:8]), most_tensors=1000).tensors) == 1


def test_an_unending_word_takes_no_time():
    with pytest.raises(FormatError, match="JSON"):
        parse(a_file(b'{"' + b'\\"' * 1_000_000))


def test_the_header_must_be_given_whole():
    data = READ["one tensor"]
    with pytest.raises(InputError, match="of the header or more"):
        header.parse(data[:20], len(data))
    assert header.parse(data[:-8], len(data)) == parse(data)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_the_format(dtype):
    size = DTYPES[dtype].bits * 8 // 8
    (tensor,) = parse(a_file({"w": entry([2, 4], 0, size, dtype)}, bytes(size))).tensors
    assert (tensor.dtype, tensor.shape, tensor.end - tensor.start) == (dtype, (2, 4), size)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
            lambda name: name != "__metadata__"
        ),
        st.lists(st.integers(0, 3), max_size=3),
        max_size=6,
    ),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=0)),
)
def test_files_of_the_formats_own_writer(shapes, words):
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    found = parse(safetensors.numpy.save(arrays, words or None))
    assert {t.name: list(t.shape) for t in found.tensors} == shapes
    assert found.metadata == words


def mutations(count):
    """Headers changed at a few places, with the length that they then have."""
    chosen = random.Random(7)
    pieces = [b"", b"9", b"-", b'"', b"{", b"]", b"\xff", b"\0", b"1e9", b"null", b"true", b",",
              b":", b" ", b"\\u0041", b"0.0", b"\\", b"F16"]  # fmt: skip
    for _ in range(count):
        data = chosen.choice([*READ.values(), REFUSED["a hole"][0], REFUSED["cut short"][0]])
        end = 8 + int.from_bytes(data[:8], "little")
        words = bytearray(data[8:end])
        for _ in range(chosen.randint(1, 3)):
            place = chosen.randrange(len(words) + 1)
            words[place : place + chosen.randint(0, 2)] = chosen.choice(pieces)
        yield struct.pack("<Q", len(words)) + bytes(words) + data[end:]


def test_damage_is_refused_with_an_error_of_our_own():
    """Thousands of mutations: refused in words, or read, and then the format's reader reads it."""
    read = 0
    for data in mutations(6000):
        try:
            found = parse(data)
        except FormatError:
            continue
        read += 1
        assert found.size + sum(t.end - t.start for t in found.tensors) == len(data)
        assert {name for name, _ in safetensors.deserialize(data)} == {
            t.name for t in found.tensors
        }
    assert read > 50
