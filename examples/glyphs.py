"""Letters and digits of the fonts that matplotlib ships: 16×16 pixels, learned by ResNet-20.

    tenth train examples/glyphs.py --route granet --density 0.1

Every image is drawn afresh: turned, slanted, scaled and shifted, in any contrast, on a sloping
background, with noise. Fonts for "val" and for "test" are others than those to learn from. The 43
characters are told apart by their shapes alone, whatever their size (so no O beside 0).
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn
from torch.nn import functional

import tenth

CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabdefghnqrt23456789"
FONTS = {
    "train": (
        "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
        "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique",
        "DejaVuSansMono-BoldOblique", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic",
        "DejaVuSerif-BoldItalic", "STIXGeneral", "STIXGeneralItalic",
    ),
    "val": ("STIXGeneralBol", "cmb10", "cmss10"),
    "test": ("STIXGeneralBolIta", "cmr10", "cmti10", "cmtt10"),
}  # fmt: skip
SHOWN = {"val": (2_000, 1), "test": (10_000, 2)}  # images, seed
SIDE, DRAWN = 16, 40  # pixels of an image, and of the drawing that it is taken from
BATCHES, BATCH = 100, 64


@cache
def drawings(split: str) -> Tensor:
    """Each character in each font, as large as fits, [fonts, characters, DRAWN, DRAWN]."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [ImageFont.truetype(folder / f"{name}.ttf", 100) for name in FONTS[split]]
    return torch.stack([torch.stack([drawn(c, font) for c in CHARACTERS]) for font in fonts])


def drawn(character: str, font: ImageFont.FreeTypeFont) -> Tensor:
    left, top, right, bottom = font.getbbox(character)
    side = math.ceil(max(right - left, bottom - top))
    image = Image.new("L", (side, side))
    place = ((side - right - left) / 2, (side - bottom - top) / 2)
    ImageDraw.Draw(image).text(place, character, fill=255, font=font)
    small = image.resize((DRAWN, DRAWN), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small) / np.float32(255))


def images(split: str, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Fresh images [count, 1, SIDE, SIDE] of the fonts of a split, and their characters [count]."""
    known = drawings(split)
    font = torch.randint(len(known), (count,), generator=generator)
    label = torch.randint(len(CHARACTERS), (count,), generator=generator)
    ink = moved(known[font, label].unsqueeze(1), generator)
    chance = 2 * torch.rand(4, count, 1, 1, 1, generator=generator) - 1
    contrast = torch.where(chance[0] < 0, -1.0, 1.0) * (0.7 + 0.3 * chance[1])
    slope = torch.linspace(-1, 1, SIDE)
    ground = 0.5 * (chance[2] * slope[:, None] + chance[3] * slope)
    noise = 0.2 * torch.randn(count, 1, SIDE, SIDE, generator=generator)
    return 2 * contrast * (ink - 0.3) + ground + noise, label


def moved(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Drawings turned by up to 20°, slanted, scaled and shifted, in SIDE×SIDE pixels."""
    chance = 2 * torch.rand(6, len(ink), generator=generator) - 1
    angle, slant, right, down = 0.35 * chance[0], 0.3 * chance[1], *(0.25 * chance[2:4])
    wide, high = 1.3 + 0.2 * chance[4:]
    cosine, sine = angle.cos(), angle.sin()
    rows = (
        torch.stack([wide * cosine, wide * (slant * cosine - sine), right], 1),
        torch.stack([high * sine, high * (slant * sine + cosine), down], 1),
    )
    grid = functional.affine_grid(
        torch.stack(rows, 1), [len(ink), 1, 2 * SIDE, 2 * SIDE], align_corners=False
    )
    return functional.avg_pool2d(functional.grid_sample(ink, grid, align_corners=False), 2)


class Residual(nn.Module):
    """Two 3×3 convolutions, added to what they read."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.short = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layers(x) + self.short(x))


def build(width: int = 16) -> nn.Module:
    """ResNet-20, its three stages `width`, 2 × and 4 × `width` channels wide.

    Source: He et al. 2015, arXiv:1512.03385. Differs: 1×1 convolutions where the width doubles.
    """
    widths = [width] * 4 + [2 * width] * 3 + [4 * width] * 3
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        *(Residual(*pair) for pair in pairwise(widths)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, len(CHARACTERS)),
    )


def weights_of(width: int) -> int:
    stages = 6 * 9 + (9 * 2 + 5 * 9 * 4 + 2) + (9 * 8 + 5 * 9 * 16 + 8)  # times width²
    return stages * width**2 + (9 + 4 * len(CHARACTERS)) * width


def small(weights: int) -> nn.Module:
    """The widest ResNet-20 with at most so many weights."""
    width = 1
    while weights_of(width + 1) <= weights:
        width += 1
    return build(width)


def batches(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(BATCHES):
        yield images("train", BATCH, generator)


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    pixels, labels = batch
    return functional.cross_entropy(model(pixels), labels)


@cache
def shown(split: str) -> tuple[Tensor, Tensor]:
    count, seed = SHOWN[split]
    return images(split, count, torch.Generator().manual_seed(seed))


def score(model: nn.Module, split: str) -> float:
    pixels, labels = shown(split)
    right = [
        (model(part).argmax(dim=1) == answers).sum().item()
        for part, answers in zip(pixels.split(250), labels.split(250), strict=True)
    ]
    return sum(right) / len(labels)


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)


task = tenth.Task(
    name="glyphs",
    model=build,
    batches=batches,
    loss=loss,
    score=score,
    example=(torch.zeros(1, 1, SIDE, SIDE),),
    optimizer=optimizer,
    small=small,
    steps=1000,
    best=1.0,  # a share of right answers
)
