import pytest

from tenth.errors import InputError
from tenth.keep.places import checked_key, checked_prefix

GOOD = [
    "tenth-keep.json",
    "refs/a/00000001.json",
    "objects/ab/" + "0" * 64,
    "a",
    "A.b_c-d/9",
    "a" * 200,
]
BAD = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "a/../b",
    "a/..",
    ".",
    "./a",
    "a//b",
    "a/",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\n",
    "C:/x",
    "a b",
    "~/x",
    ".hidden",
    "-rf",
    "a.",
    "a/b./c",
    "é",
    "a" * 201,
    "/".join("abcdefgh" * 10 for _ in range(12)),
    "a\u2028b",
    "a/\u202eb",
    "%2e%2e/x",
    "con*",
]


@pytest.mark.parametrize("key", GOOD)
def test_a_key_of_a_store_is_given_back(key):
    assert checked_key(key) == key
    assert checked_prefix(f"{key}/") == f"{key}/"


@pytest.mark.parametrize("key", BAD)
def test_no_key_leads_out_of_the_store_or_confuses_a_system(key):
    with pytest.raises(InputError, match="key of a store"):
        checked_key(key)


def test_a_prefix_is_empty_or_a_folder():
    assert checked_prefix("") == ""
    for wrong in ("refs", "../", "/", "a//"):
        with pytest.raises(InputError):
            checked_prefix(wrong)
