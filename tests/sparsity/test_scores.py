import pytest
import torch

from tenth.errors import InputError
from tenth.sparsity import scores

WEIGHT = torch.tensor([[1.0, -3.0], [0.5, -0.0]])
GRADIENT = torch.tensor([[-2.0, 0.5], [4.0, 9.0]])


def test_magnitude_by_hand():
    assert scores.magnitude(WEIGHT, None, torch.Generator()).tolist() == [[1, 3], [0.5, 0]]


def test_gradient_weight_by_hand():
    scored = scores.gradient_weight(WEIGHT, GRADIENT, torch.Generator())
    assert scored.tolist() == [[2, 1.5], [2, 0]]


def test_random_is_drawn_from_the_stream():
    drawn = torch.rand(2, 2, generator=torch.Generator().manual_seed(5))
    scored = scores.random(WEIGHT, None, torch.Generator().manual_seed(5))
    assert torch.equal(scored, drawn)


def test_gradient_weight_says_how_to_have_a_gradient():
    with pytest.raises(InputError, match=r"before optimizer\.zero_grad\(\)"):
        scores.gradient_weight(WEIGHT, None, torch.Generator())


def test_half_precision_products_do_not_overflow():
    large = torch.full((2,), 60000.0, dtype=torch.float16)
    assert scores.gradient_weight(large, large, torch.Generator()).tolist() == [3.6e9, 3.6e9]
