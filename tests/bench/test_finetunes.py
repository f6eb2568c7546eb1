"""The parts of bench/finetunes that need neither weights nor training."""

import json

import pytest
import torch
from safetensors.torch import load_file

from finetunes import adapters, kinds, text
from finetunes.foresee import Held, candidates, pairs, row
from tenth.keep import match


def states(dtype):
    start = {"a": torch.randn(64, 64, generator=torch.manual_seed(0)), "b": torch.ones(3)}
    tuned = {"a": start["a"] * 1.01}
    tuned["a"][:32] = 0
    base = {name: tensor.to(dtype) for name, tensor in start.items()}
    return base, tuned, start


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_an_update_is_laid_on_the_base_as_the_dtype_holds_it(dtype):
    base, tuned, start = states(dtype)
    made = kinds.in_dtype(base, tuned, start, dtype)
    assert torch.equal(made["b"], base["b"])
    assert made["a"].dtype == dtype
    assert not made["a"][:32].any()
    kept = made["a"][32:].float()
    assert torch.allclose(kept, tuned["a"][32:], rtol=1e-2)
    assert (kept != base["a"][32:].float()).any()


def test_what_was_not_tuned_is_bit_for_bit_the_base():
    base, tuned, start = states(torch.bfloat16)
    made = kinds.in_dtype(base, {"a": start["a"]}, start, torch.bfloat16)
    assert torch.equal(made["a"], base["a"])
    assert tuned["a"].dtype == torch.float32


def test_pruning_takes_the_smallest_of_each_layer():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.LayerNorm(10))
    before = net[0].weight.detach().clone()
    masks = kinds._pruned(net, 0.1)
    assert list(masks) == ["0.weight"]
    assert int(masks["0.weight"].sum()) == 10
    largest = before.abs().flatten().topk(10).values.min()
    assert torch.equal(net[0].weight != 0, before.abs() >= largest)
    assert not torch.signbit(net[0].weight[~masks["0.weight"]]).any()


def test_every_kind_has_a_name_of_its_own():
    names = [kind.name for kind in kinds.KINDS]
    assert len(set(names)) == len(names)
    assert [kind.name for kind in kinds.select(["full"])] == ["full"]
    assert kinds.select(None) == list(kinds.KINDS)


def test_paragraphs_are_prose():
    document = (
        "Title\n=====\n\n" + "One two three words. " * 5 + "\n\n" + "0 1 2 3 | " * 20 + "\n\nx"
    )
    assert list(text.paragraphs(document)) == [("One two three words. " * 5).strip()]


def test_what_is_foreseen_is_near_what_is_written(tmp_path):
    torch.manual_seed(1)
    base = {"w": 0.02 * torch.randn(256, 256), "v": torch.ones(8)}
    tuned = {"w": base["w"] + 2e-4 * torch.randn(256, 256), "v": base["v"]}
    for folder, state in (("base", base), ("full", tuned)):
        held = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
        adapters.write(tmp_path / "net" / "bf16" / folder, held)
    ((name, first, second),) = pairs(tmp_path)
    assert name == "net/bf16/full"
    assert set(load_file(first)) == {"w", "v"}
    found = row(Held(first), Held(second))
    assert found["foreseen_bits"] == pytest.approx(found["written_bits"], rel=0.1)
    assert found["update"] == pytest.approx(0.01, rel=0.1)
    assert 0 < found["unchanged"] < 0.5
    assert found["written_bits"] < 0.6 * found["foreseen_bits_alone"]
    assert json.dumps(found)
    assert match.find(Held(second).seen, candidates([first])).name == "net/bf16"
