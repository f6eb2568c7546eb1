import secrets
import sys
import threading

import pytest

from tenth.errors import DamagedError, InputError, MissingError, OutputError, StoreError
from tenth.keep.places import MARKER, open_place
from tenth.keep.places.folder import FolderPlace


def test_a_store_is_made_once_and_opened_from_then_on(tmp_path):
    first = open_place(tmp_path / "deep" / "store", make=True)
    first.create("refs/a/1", b"x")
    for where in (
        tmp_path / "deep/store",
        str(tmp_path / "deep/store"),
        f"file://{tmp_path}/deep/store",
    ):
        for make in (True, False):
            assert open_place(where, make=make).read("refs/a/1") == b"x"


def test_the_marker_says_what_it_is(tmp_path):
    open_place(tmp_path, make=True)
    assert (tmp_path / MARKER).read_text() == '{"form":"tenth keep","version":1}\n'


def test_a_name_with_spaces_and_signs_is_a_folder(tmp_path):
    open_place(tmp_path / "mine: a 100%25 store", make=True)
    url = f"file://{tmp_path}/mine:%20a%20100%2525%20store"
    assert open_place(url).url == str(tmp_path / "mine: a 100%25 store")


def test_no_store_is_said_to_be_none(tmp_path):
    with pytest.raises(MissingError, match="there is no such folder"):
        open_place(tmp_path / "none")
    with pytest.raises(MissingError, match=r"holds no store: tenth-keep\.json is not there"):
        open_place(tmp_path)
    with pytest.raises(MissingError, match="holds no store"):
        open_place(f"memory://{secrets.token_hex(8)}")
    (tmp_path / "file").write_bytes(b"x")
    for make in (True, False):
        with pytest.raises(MissingError, match="must be a folder"):
            open_place(tmp_path / "file", make=make)


@pytest.mark.parametrize("name", ["model.safetensors", "My thesis.doc", "refs"])
def test_a_folder_of_other_things_does_not_become_a_store(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match="holds other things, such as"):
        open_place(tmp_path, make=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_crash_left_while_a_store_was_made_is_no_hindrance(tmp_path):
    FolderPlace(tmp_path).scratch()
    (tmp_path / "tmp" / "0123456789abcdef.tmp").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    open_place(tmp_path, make=True)
    open_place(tmp_path)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ('{"form":"tenth keep","version":2}\n', StoreError, "Install a newer tenth"),
        ('{"form":"tenth keep","version":2,"more":[]}', StoreError, "formats up to 1"),
        ('{"form":"tenth keep","version":0}\n', DamagedError, "is damaged"),
        ('{"form":"tenth keep","version":true}\n', DamagedError, "is damaged"),
        ('{"form":"tenth keep","version":1} ', DamagedError, "is damaged"),
        ('{"form":"other","version":1}\n', DamagedError, "not of a store of tenth"),
        ("[]", DamagedError, "is damaged"),
        ("\x00", DamagedError, "is damaged"),
        ("[" * 100_000, DamagedError, "is damaged"),
        ('{"form":"tenth keep","version":1}\n' + " " * 10_000, DamagedError, "is damaged"),
    ],
)
def test_a_marker_of_another_version_or_none_at_all(tmp_path, text, kind, words):
    (tmp_path / MARKER).write_text(text)
    for make in (True, False):
        with pytest.raises(kind, match=words) as raised:
            open_place(tmp_path, make=make)
        assert raised.value.__class__ is kind


def test_every_byte_of_the_marker_counts(tmp_path):
    open_place(tmp_path, make=True)
    whole = (tmp_path / MARKER).read_bytes()
    for at in range(len(whole)):
        for flip in (1 << at % 8, 0xFF):
            changed = bytearray(whole)
            changed[at] ^= flip
            (tmp_path / MARKER).write_bytes(changed)
            with pytest.raises(StoreError):
                open_place(tmp_path)


@pytest.mark.parametrize(
    "where", ["http://x/y", "ftp://x", "s4://bucket", "hf://model", "s3+x://y"]
)
def test_other_kinds_of_places_are_refused(where):
    with pytest.raises(InputError, match="place of a store must be a folder or one of file://, s3"):
        open_place(where)


def test_a_bucket_without_its_account_says_what_to_set(monkeypatch):
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="Set AZURE_STORAGE_ACCOUNT_NAME and"):
        open_place("az://bucket/models")


@pytest.mark.parametrize("where", ["az://only", "s3://"])
def test_an_address_that_is_none_is_refused(where):
    with pytest.raises(InputError, match="no address of a bucket"):
        open_place(where)


def test_without_obstore_a_folder_works_and_a_bucket_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    open_place(tmp_path, make=True).create("refs/a", b"x")
    with pytest.raises(InputError, match=r"pip install 'tenth\[remote\]'"):
        open_place("s3://bucket/store")


def test_many_may_make_the_same_store_at_once(tmp_path):
    start = threading.Barrier(8)
    failed = []

    def make(number: int) -> None:
        start.wait()
        try:
            open_place(tmp_path / "store", make=True).create(f"refs/{number}", b"x")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len([*open_place(tmp_path / "store").list("refs/")]) == 8


def test_a_bucket_becomes_a_store_by_its_usual_environment(s3_server, monkeypatch):
    bucket = s3_server.fresh()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.proxy.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    with pytest.raises(MissingError, match="holds no store"):
        open_place(bucket.url)
    open_place(bucket.url, make=True).create("refs/a", b"x")
    assert open_place(f"{bucket.url}/").read("refs/a") == b"x"
    assert {entry.key for entry in bucket.list("")} == {MARKER, "refs/a"}
    with pytest.raises(OutputError, match="holds other things"):
        open_place(bucket.url.rpartition("/")[0], make=True)
