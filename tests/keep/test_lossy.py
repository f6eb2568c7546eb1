"""The lossy tier: near, labelled, with an error that is what it says; and never by itself."""

import numpy as np
import pytest

from tenth.errors import InputError, MissingError
from tenth.keep import Store
from tenth.keep.account import account
from tenth.keep.lossy import lowrank, onebit

from .models import files, folder, safetensors, tuned, weights

BASE = weights()
NEAR = tuned(BASE, 1, 1e-3)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    made.put("base", folder(tmp_path / "base", BASE))
    folder(tmp_path / "task", NEAR)
    return made


def measured(store, name):
    """Relative error of the matrices, and the energy kept, computed anew from what is stored."""
    arrays = store.open(name).state_dict()
    matrices = [key for key, array in arrays.items() if array.ndim == 2]
    sums = [
        sum(float(np.square(one[key].astype("f8") - other[key]).sum()) for key in matrices)
        for one, other in ((arrays, NEAR), (NEAR, BASE))
    ]
    whole = sum(float(np.square(NEAR[key].astype("f8")).sum()) for key in matrices)
    return (sums[0] / whole) ** 0.5, 1 - sums[0] / sums[1]


@pytest.mark.parametrize("method", ["onebit", "lowrank"])
def test_the_error_that_is_told_is_the_error_that_is_there(store, tmp_path, method):
    result = store.put_lossy("near", tmp_path / "task", method, base="base", rank=8)
    error, kept = measured(store, "near")
    assert result.relative_error == pytest.approx(error, rel=1e-6)
    assert result.kept == pytest.approx(kept, rel=1e-6)
    assert result.matrices == 2
    assert 0 < result.kept < 1
    exact = store.put("exact", tmp_path / "task")
    assert result.put.added_bytes < exact.added_bytes
    assert store.verify(depth="deep").problems == ()


def test_it_is_labelled_wherever_it_is_told_of(store, tmp_path):
    store.put_lossy("near", tmp_path / "task", "onebit", base="base")
    store.rebase("near", base=None)  # and stays so
    (listed,) = [one for one in store.ls() if one.name == "near"]
    assert listed.lossy.startswith("lossy onebit, relative error 0.0")
    assert store.show("near").lossy == listed.lossy
    assert [one.lossy for one in store.ls() if one.name == "base"] == [""]
    (share,) = [share for share in store.du().shares if share.name == "near"]
    assert share.lossy[0] == "onebit"
    receipt = account(store.du())
    assert receipt.scores["relative error of near"].label == "measured"
    assert list(receipt.scores) == ["relative error of near"]


def test_vectors_config_and_what_has_no_base_are_exact(store, tmp_path):
    more = NEAR | {"new": weights(3, {"n": (8, 8)})["n"]}
    folder(tmp_path / "more", more)
    store.put_lossy("near", tmp_path / "more", "onebit", base="base")
    variant = store.open("near")
    for name in ("block.0.bias", "new"):
        assert np.array_equal(variant[name].read(), more[name])
    assert not np.array_equal(variant["block.0.weight"].read(), more["block.0.weight"])
    store.get("near", tmp_path / "out")
    given, back = files(tmp_path / "more"), files(tmp_path / "out")
    assert given.keys() == back.keys()
    assert [name for name in given if given[name] != back[name]] == ["model.safetensors"]


def test_a_single_file_and_nothing_left_behind(store, tmp_path):
    path = tmp_path / "task.safetensors"
    path.write_bytes(safetensors(NEAR))
    store.put_lossy("near", path, "onebit", base="base")
    assert list(store.open("near").files) == ["task.safetensors"]
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_it_must_be_asked_for_in_full(store, tmp_path):
    for base in ("auto", None):
        with pytest.raises(InputError, match="base of a lossy put must be named"):
            store.put_lossy("near", tmp_path / "task", "onebit", base=base)
    with pytest.raises(InputError, match="one of onebit, lowrank"):
        store.put_lossy("near", tmp_path / "task", "twobit", base="base")
    with pytest.raises(InputError, match="rank must be at least 1"):
        store.put_lossy("near", tmp_path / "task", "lowrank", base="base", rank=0)
    with pytest.raises(MissingError):
        store.put_lossy("near", tmp_path / "task", "onebit", base="nothing")
    with pytest.raises(InputError, match="matrices of a lossy put"):
        store.put_lossy("near", tmp_path / "base", "onebit", base="base")
    assert store._shelf.names() == ["base"]
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_one_bit_by_hand():
    difference = np.array([[1.0, -3.0], [0.0, 4.0]])
    assert onebit(difference, 0).tolist() == [[2, -2], [0, 2]]


def test_low_rank_is_what_the_whole_decomposition_gives():
    rng = np.random.default_rng(0)
    difference = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 30))
    assert np.allclose(lowrank(difference, 6), difference)
    u, s, v = np.linalg.svd(difference, full_matrices=False)
    assert np.allclose(lowrank(difference, 2), (u[:, :2] * s[:2]) @ v[:2], atol=1e-3)
    assert lowrank(np.zeros((3, 4)), 9).shape == (3, 4)
