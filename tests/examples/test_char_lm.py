"""A language model of characters sees no future, and its splits are apart."""

import pytest
import torch

from tenth.task import load


@pytest.fixture(scope="module")
def example():
    load("examples/char_lm.py")
    import char_lm  # its folder is on the path now

    return char_lm


def test_splits_are_pieces_of_one_text(example):
    pieces = example.pieces()
    sizes = [len(pieces[split]) for split in ("train", "val", "test")]
    assert sum(sizes) > 50
    assert sizes[0] > 4 * (sizes[1] + sizes[2])
    every = torch.cat(list(pieces.values()))
    assert len({piece.numpy().tobytes() for piece in every}) == sum(sizes)


def test_no_character_is_predicted_from_later_ones(example):
    torch.manual_seed(0)
    model = example.CharLM().eval()
    numbers = torch.randint(95, (1, 20))
    later = numbers.clone()
    later[0, 12:] = 0
    with torch.no_grad():
        torch.testing.assert_close(model(numbers)[:, :12], model(later)[:, :12])


def test_the_score_of_a_uniform_model_is_minus_log_of_its_characters(example):
    count = len(example.LETTERS)
    score = example.score(lambda numbers: torch.zeros(*numbers.shape, count), "val")
    assert score == pytest.approx(-torch.tensor(float(count)).log().item(), abs=1e-5)
