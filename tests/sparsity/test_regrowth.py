import pytest
import torch

from tenth.errors import InputError
from tenth.sparsity import regrowth


def test_gradient_by_hand():
    gradient = torch.tensor([-2.0, 0.5, 4.0, 0.0])
    assert regrowth.gradient(torch.zeros(4), gradient, torch.Generator()).tolist() == [2, 0.5, 4, 0]


def test_random_is_drawn_from_the_stream():
    drawn = torch.rand(4, generator=torch.Generator().manual_seed(5))
    grown = regrowth.random(torch.zeros(4), None, torch.Generator().manual_seed(5))
    assert torch.equal(grown, drawn)


def test_gradient_says_how_to_have_one():
    with pytest.raises(InputError, match=r"before optimizer\.zero_grad\(\)"):
        regrowth.gradient(torch.zeros(4), None, torch.Generator())
