"""The main job, once, with one seed an arm."""

import json

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

import tenth
from tenth.demo import life, line
from tenth.errors import InputError
from tenth.receipt import Receipt
from tenth.receipt.schema import schema
from tenth.sparsity import load_into


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    line.run(folder, seeds=1, place="FRA", quiet=True)
    return folder


@pytest.mark.slow
def test_it_leaves_four_results_and_nothing_else(out):
    names = sorted(path.name for path in out.iterdir())
    assert names == ["model.safetensors", "program", "receipt.html", "receipt.json"]


@pytest.mark.slow
def test_the_small_net_is_a_tenth_and_right_everywhere(out):
    model = life.LifeNet(line.WIDTH)
    load_into(model, out / "model.safetensors")
    kept = sum(int((p != 0).sum()) for name, p in model.named_parameters() if "weight" in name)
    assert kept <= life.weights(line.WIDTH) / 10
    assert life.exact(model) == 512


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (3, 1, 64, 48), (2, 1, 1, 1)])
def test_the_program_plays_life_on_boards_of_any_size(out, shape):
    program = tenth.ship.load(out / "program")
    boards = (np.random.default_rng(0).random(shape) < 0.38).astype(np.float32)
    after = program(boards)
    assert after.shape == shape
    assert np.array_equal(after > 0.5, life.step(torch.from_numpy(boards)).numpy() == 1)


@pytest.mark.slow
def test_the_receipt_accounts_for_every_step(out):
    Draft202012Validator(schema()).validate(json.loads((out / "receipt.json").read_text()))
    receipt = Receipt.load(out / "receipt.json")
    names = [stage.name for stage in receipt.stages]
    assert names == ["plan", "train", "shrink", "train small alone", "ship"]
    assert {arm.name for arm in receipt.arms} == {"dense", "static", "small", "rigl", "granet"}
    assert all(arm.weights <= 81 for arm in receipt.arms if arm.name != "dense")
    assert receipt.place.code == "FRA"
    assert receipt.plan


def test_no_seeds_is_a_wrong_call(tmp_path):
    with pytest.raises(InputError, match="seeds"):
        line.run(tmp_path, seeds=0)
