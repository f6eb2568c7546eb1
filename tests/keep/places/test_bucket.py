"""A bucket of a real S3 server (moto), with a network between that fails on purpose."""

import threading

import pytest

from keep.crash import little
from keep.places.s3 import CUT_BODY, DROP, DROP_ANSWER
from tenth.errors import ConflictError, MissingError, OutputError, StoreError
from tenth.keep import refs, transfer
from tenth.keep.places import bucket, open_place


@pytest.fixture
def place(s3_server):
    return s3_server.fresh()


@pytest.fixture
def proxy(s3_server):
    return s3_server.proxy


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(bucket, "_PAUSE_SECONDS", 0.0)


def test_the_server_knows_conditional_puts_and_is_asked_for_them(place, proxy):
    place.check_conditional()
    assert place.create("objects/x", b"first")
    assert not place.create("objects/x", b"second")
    assert place.read("objects/x") == b"first"


def test_a_server_that_overwrites_is_refused(place, monkeypatch):
    real = place._obstore.put

    def put(store, key, data, mode, use_multipart):
        return real(store, key, data, mode="overwrite", use_multipart=use_multipart)

    monkeypatch.setattr(place._obstore, "put", put)
    with pytest.raises(StoreError, match="no conditional puts"):
        place.check_conditional()
    monkeypatch.undo()
    assert [*place.list("")] == []


@pytest.mark.parametrize("fault", [500, 502, 503, DROP])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "POST"])  # POST deletes
def test_a_request_that_fails_is_sent_again(place, proxy, method, fault):
    place.create("objects/x", b"x" * 1000)
    part = "?delete" if method == "POST" else "/objects/"
    proxy.fail = [(method, part, fault), (method, part, fault)]
    if method == "GET":
        assert place.read("objects/x") == b"x" * 1000
        proxy.fail = [(method, "/objects/", fault)]
        assert place.read("objects/x", 10, 20) == b"x" * 20
    elif method == "PUT":
        assert place.create("objects/y", b"y")
        assert place.read("objects/y") == b"y"
    elif method == "HEAD":
        assert place.size("objects/x") == 1000
    else:
        place.delete("objects/x")
        assert place.size("objects/x") is None
    assert proxy.fail == []


def test_a_listing_that_fails_is_asked_again(place, proxy):
    place.create("objects/x", b"x")
    proxy.fail = [("GET", "list-type=2", 503), ("GET", "list-type=2", DROP)]
    assert [entry.key for entry in place.list("objects/")] == ["objects/x"]
    assert proxy.fail == []


@pytest.mark.parametrize("arguments", [(), (0, 50_000), (7, None)])
def test_an_answer_that_is_cut_is_no_answer(place, proxy, arguments):
    data = bytes(range(256)) * 400
    place.create("objects/x", data)
    proxy.fail = [("GET", "/objects/", CUT_BODY)]
    start, size = arguments or (0, None)
    wanted = data[start:] if size is None else data[start : start + size]
    try:
        assert place.read("objects/x", *arguments) == wanted
    except StoreError:
        assert place.read("objects/x", *arguments) == wanted
    assert proxy.fail == []


@pytest.mark.parametrize("times", [1, 3])
def test_a_conflict_is_tried_again_until_it_is_written(place, proxy, times):
    """S3 answers 409 while two writers race; then neither may have come through."""
    proxy.fail = [("PUT", "/objects/", 409)] * times
    assert place.create("objects/x", b"mine")
    assert place.read("objects/x") == b"mine"
    assert proxy.fail == []


def test_a_conflict_with_somebody_who_came_through_is_theirs(place, proxy):
    place.create("objects/x", b"theirs")
    proxy.fail = [("PUT", "/objects/", 409)]
    assert not place.create("objects/x", b"mine")
    assert place.read("objects/x") == b"theirs"


def test_a_conflict_without_end_is_told(place, proxy):
    proxy.fail = [("PUT", "/objects/", 409)] * 100
    with pytest.raises(StoreError, match="keeps saying conflict"):
        place.create("objects/x", b"mine")


def test_a_precondition_that_failed_without_an_object_is_tried_again(place, proxy):
    proxy.fail = [("PUT", "/objects/", 412)]
    assert place.create("objects/x", b"mine")
    assert place.read("objects/x") == b"mine"


@pytest.mark.parametrize("fault", [DROP_ANSWER, 409, 503])
def test_a_name_whose_answer_was_lost_is_written_and_no_conflict(place, proxy, fault):
    """The server wrote it; the second try finds it there, and knows its own bytes."""
    proxy.fail = [("PUT", "/refs/", fault)]
    first = refs.write(place, "a", "1" * 64, 0)
    assert refs.read(place, "a") == first
    proxy.fail = [("PUT", "/refs/", fault)]
    assert refs.write(place, "a", "2" * 64, 1).generation == 2
    with pytest.raises(ConflictError):
        refs.write(place, "a", "3" * 64, 1)
    assert [ref.manifest[0] for ref in refs.history(place, "a")] == ["2", "1"]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_are_told(place, proxy, status):
    for method, call in (
        ("GET", lambda: place.read("objects/x")),
        ("PUT", lambda: place.create("objects/x", b"x")),
        ("HEAD", lambda: place.size("objects/x")),
        ("POST", lambda: place.delete("objects/x")),
        ("GET", lambda: [*place.list("objects/")]),
    ):
        proxy.fail = [(method, "/bucket-", status)]
        with pytest.raises(OutputError, match="Check the credentials") as raised:
            call()
        assert "\n" not in str(raised.value)


def test_a_server_that_stays_away_is_one_sentence(place, proxy):
    proxy.fail = [("GET", "/objects/", 503)] * 50
    with pytest.raises(StoreError, match=r"objects/x in s3://\S+ cannot be read") as raised:
        place.read("objects/x")
    assert "\n" not in str(raised.value)
    proxy.fail = [("PUT", "/objects/", 501)] * 50
    with pytest.raises(StoreError, match="cannot do what a store needs"):
        place.create("objects/x", b"x")


def test_a_bucket_that_is_not_there(s3_server):
    s3_server.proxy.fail = []
    place = s3_server.open("s3://no-such-bucket/store")
    with pytest.raises(MissingError):
        place.create("objects/x", b"x")
    with pytest.raises(MissingError):
        place.read("objects/x")
    with pytest.raises(MissingError, match="no such bucket"):
        [*place.list("objects/")]


def test_two_prefixes_of_a_bucket_are_two_places(s3_server):
    one = s3_server.fresh()
    two = s3_server.open(one.url + "-two")
    one.create("objects/x", b"one")
    two.create("objects/x", b"two")
    assert (one.read("objects/x"), two.read("objects/x")) == (b"one", b"two")
    assert len([*one.list("")]) == len([*two.list("")]) == 1


def test_put_push_and_pull_over_a_bad_network(place, proxy, tmp_path):
    here = open_place(tmp_path / "here", make=True)
    there = open_place(tmp_path / "there", make=True)
    payloads = [bytes([number]) * 1000 for number in range(6)]
    little.put(here, "a", payloads, target_bytes=2000)
    faults = [
        (method, "/", fault) for fault in (503, DROP, DROP_ANSWER) for method in ("PUT", "GET")
    ]
    proxy.fail = [*faults, ("HEAD", "/", 500), ("PUT", "/objects/", 409), ("PUT", "/refs/", 409)]
    transfer.copy(here, place, None, little.packs_of)
    assert proxy.fail == []
    proxy.fail = [*faults]
    transfer.copy(place, there, None, little.packs_of)
    assert little.get(there, "a") == payloads == little.get(place, "a")
    proxy.fail = [*faults, ("PUT", "/refs/", 409), ("PUT", "/manifests/", 412)]
    little.put(place, "a", payloads[:2])
    assert little.get(place, "a") == payloads[:2]


@pytest.mark.slow
def test_a_push_that_loses_its_server_goes_on_later(place, proxy, tmp_path):
    here = open_place(tmp_path / "here", make=True)
    payloads = [bytes([number]) * 1000 for number in range(12)]
    little.put(here, "a", payloads, target_bytes=2000)
    moved = []

    def progress(done, total):
        moved.append(done)
        if len(moved) == 3:  # nothing comes through any more
            proxy.fail = [("PUT", "/objects/", DROP)] * 1000

    with pytest.raises(StoreError):
        transfer.copy(here, place, None, little.packs_of, progress=progress)
    proxy.fail = []
    assert refs.names(place) == []
    arrived = len([*place.list("objects/")])
    assert 0 < arrived < 6
    again = transfer.copy(here, place, None, little.packs_of)
    assert (again.packs, again.kept_packs) == (6 - arrived, arrived)
    assert little.get(place, "a") == payloads


def test_many_writers_of_a_bucket_lose_no_change(place):
    start = threading.Barrier(3)
    failed = []

    def write(number):
        start.wait()
        try:
            little.put(place, "same", [bytes([number])])
            little.put(place, f"own-{number}", [bytes([number])])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(refs.history(place, "same")) == 3
    for number in range(3):
        assert little.get(place, f"own-{number}") == [bytes([number])]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://b/x", "AWS_ACCESS_KEY_ID"),
        ("gs://b/x", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://b/x", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("memory://b", "credentials"),
    ],
)
def test_keys_that_lack_are_named_and_never_shown(url, name, monkeypatch):
    monkeypatch.delenv(name, raising=False)
    for other in ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(other, raising=False)
    said = bucket._keys(url)
    assert name in said
    assert url == "memory://b" or "in the environment" in said
    for one in (name, "AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.setenv(one, "secret")
    assert "refuses these keys" in bucket._keys(url)
    assert "secret" not in bucket._keys(url)
