"""Images of glyphs: other fonts in each split, every character in every font, the same by seed."""

import itertools

import pytest
import torch

from tenth.task import load


@pytest.fixture(scope="module")
def example():
    load("examples/glyphs.py")
    import glyphs  # its folder is on the path now

    return glyphs


def test_splits_share_no_font_and_no_drawing(example):
    for one, other in itertools.combinations(example.FONTS, 2):
        assert not set(example.FONTS[one]) & set(example.FONTS[other])
        ours, theirs = (example.drawings(split).flatten(0, 1) for split in (one, other))
        assert not any(torch.equal(drawing, their) for drawing in ours for their in theirs)


def test_characters_of_a_font_differ_and_fill_their_square(example):
    for split in example.FONTS:
        for font in example.drawings(split):
            assert len({drawing.numpy().tobytes() for drawing in font}) == len(font) == 43
            assert font.amax(dim=(1, 2)).min() > 0.8


def test_images_repeat_by_seed(example):
    def drawn(seed):
        return example.images("val", 5, torch.Generator().manual_seed(seed))[0]

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))
    assert drawn(3).shape == (5, 1, 16, 16)
