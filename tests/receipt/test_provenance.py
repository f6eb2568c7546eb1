import hashlib

import pytest

from tenth.errors import InputError
from tenth.receipt import Origin
from tenth.receipt.provenance import KINDS


def test_a_file_is_known_by_its_hash(tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(b"1,2\n" * 1_000_000)
    origin = Origin.of_file("data", path, source="https://example.org/train", licence="CC-BY-4.0")
    assert origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin.name == "train.csv"
    assert Origin.from_json(origin.to_json()) == origin


def test_what_nobody_said_is_not_known():
    assert Origin("base model", "a net").to_json() == {
        "kind": "base model",
        "name": "a net",
        "source": None,
        "licence": None,
        "sha256": None,
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Origin("dataset", "x"), "one of " + ", ".join(KINDS)),
        (lambda: Origin("data", ""), "given"),
        (lambda: Origin("data", "x", sha256="abc"), "64 hex"),
        (lambda: Origin("data", "x", sha256="Z" * 64), "64 hex"),
        (lambda: Origin.of_file("data", "/nowhere/at/all"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
