"""Wrong calls of a store: one sentence each, without names from inside."""

import pytest

from tenth.errors import InputError, OutputError
from tenth.keep import Store
from tenth.keep.assembling import PutOptions
from tenth.keep.getting import GetOptions
from tenth.keep.terms import _RULES, ExportTerms, GetTerms, PutTerms, WorkTerms

from .models import folder, weights


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("models") / "m", weights())


@pytest.fixture(scope="module")
def store(tmp_path_factory, model):
    made = Store(tmp_path_factory.mktemp("store") / "s", make=True)
    made.put("m", model)
    return made


@pytest.mark.parametrize("place", [None, 5, ["models/"], object(), b"models"])
def test_a_place_must_be_one(place):
    with pytest.raises(InputError, match=r"^place of a store must be a folder, .* Got "):
        Store(place)


def test_any_place_opens_a_store(near):
    assert Store(near).ls() == []


CALLS = {
    "name must be text": [
        lambda store, model: store.open(3),
        lambda store, model: store.put(None, model),
        lambda store, model: store.get(3, "out"),
        lambda store, model: store.show(b"m"),
        lambda store, model: store.log(None),
        lambda store, model: store.rm(3),
        lambda store, model: store.rebase({}, base=None),
        lambda store, model: store.diff("m", 3),
        lambda store, model: store.export(3, "m", "p.safetensors"),
        lambda store, model: store.verify([3]),
    ],
    "path must be a path": [
        lambda store, model: store.put("x", {"w": 1}),
        lambda store, model: store.put("x", None),
        lambda store, model: store.put_lossy("x", 3, "onebit", base="m"),
    ],
    "folder of the files must be a path": [lambda store, model: store.get("m", None)],
    "file of the patch must be a path": [lambda store, model: store.export("m", "m", 3)],
    "names must be a list of names. Got 'm'": [
        lambda store, model: store.push(store, "m"),
        lambda store, model: store.pull(store, "m"),
        lambda store, model: store.verify("m"),
        lambda store, model: list(store.open("m").arrays("m")),
    ],
    "argument must be one of ": [
        lambda store, model: store.put("x", model, archive=True),
        lambda store, model: store.put("x", model, lossy=("onebit", 1)),
        lambda store, model: store.get("m", "out", overwrite=True),
        lambda store, model: store.diff("m", "m", thread=1),
        lambda store, model: store.export("m", "m", "p.safetensors", base="m"),
        lambda store, model: store.rebase("m", tie="fast"),
        lambda store, model: store.verify(deep=True),
    ],
    "base must be a name": [lambda store, model: store.put("x", model, base=3)],
    "message must be text": [lambda store, model: store.put("x", model, message=3)],
    "tier must be one of": [lambda store, model: store.put("x", model, tier="slow")],
    "threads must be": [
        lambda store, model: store.put("x", model, threads="2"),
        lambda store, model: store.put("x", model, threads=0),
        lambda store, model: store.get("m", "out", threads=True),
    ],
    "progress must be": [lambda store, model: store.put("x", model, progress=3)],
    "only must be": [lambda store, model: store.get("m", "out", only="*.json")],
    "force must be": [lambda store, model: store.get("m", "out", force="yes")],
    "price must be": [
        lambda store, model: store.du("cheap"),
        lambda store, model: store.du(-1),
        lambda store, model: store.du(float("nan")),
    ],
    "rank must be": [
        lambda store, model: store.put_lossy("x", model, "lowrank", base="m", rank="8")
    ],
    "base of a lossy put must be named. Got none.": [
        lambda store, model: store.put_lossy("x", model, "onebit", base=None)
    ],
}


@pytest.mark.parametrize(
    ("said", "call"), [(said, call) for said, calls in CALLS.items() for call in calls]
)
def test_a_wrong_call_is_one_sentence(said, call, store, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        call(store, model)
    told = str(caught.value)
    assert told.startswith(said)
    assert "Options" not in told
    assert "__" not in told
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []
    assert [one.name for one in store.ls()] == ["m"]


def test_each_argument_has_its_rule_and_its_field():
    named = {name for kind in (PutTerms, GetTerms, WorkTerms, ExportTerms) for name in
             kind.__annotations__}  # fmt: skip
    assert named == set(_RULES)
    assert set(PutTerms.__annotations__) == set(PutOptions.__annotations__) - {"lossy"}
    assert set(GetTerms.__annotations__) == set(GetOptions.__annotations__)


def test_what_an_interrupted_put_left_says_what_it_is(store, tmp_path):
    place, manifest = store._shelf.place, store.show("m").ref.manifest
    from tenth.keep import refs

    refs.write(place, "unfinished/full", manifest, 0)
    with pytest.raises(InputError, match="what a put of full had stored when it was interrupted"):
        store.get("unfinished/full", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    refs.remove(place, "unfinished/full")


def test_a_patch_replaces_no_file_unless_told(store, tmp_path):
    out = tmp_path / "p.safetensors"
    out.write_text("mine")
    with pytest.raises(OutputError, match=r"is there already\. .* --force"):
        store.export("m", "m", out)
    assert out.read_text() == "mine"
    store.export("m", "m", out, force=True)
    assert out.read_bytes()[:4] != b"mine"
    with pytest.raises(InputError, match="must be named as a safetensors file"):
        store.export("m", "m", tmp_path / "p.bin")
    (tmp_path / "f.safetensors").mkdir()
    with pytest.raises(OutputError, match=r"must be a file\. Got a folder"):
        store.export("m", "m", tmp_path / "f.safetensors", force=True)
    assert not (tmp_path / "p.bin").exists()
