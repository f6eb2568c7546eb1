"""A language model of characters: the English of Python's own manual, as Python ships it.

    tenth train examples/char_lm.py --route granet --density 0.1

The text is `pydoc_data.topics` of the standard library, some 460,000 characters; it differs a
little between versions of Python. It is cut into pieces of 4,000 characters: of every twenty
pieces, one is for "val", two for "test" and the others are to learn from. The score is minus the
cross-entropy in nats a character, each predicted from those before it in its window of 64.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pydoc_data.topics import topics

import torch
from torch import Tensor, nn
from torch.nn import functional

import tenth

LETTERS = "\n" + "".join(map(chr, range(32, 127)))  # any other character becomes the last, "~"
PIECE, WINDOW, WINDOWS_A_BATCH = 4_000, 64, 16
WIDTH, HEADS, LAYERS = 96, 4, 2


@cache
def pieces() -> dict[str, Tensor]:
    """The text of each split as numbers of characters, [pieces, PIECE]."""
    text = "\n".join(topics[name] for name in sorted(topics))
    number = {letter: index for index, letter in enumerate(LETTERS)}
    numbers = torch.tensor([number.get(letter, len(LETTERS) - 1) for letter in text])
    whole = numbers[: len(numbers) // PIECE * PIECE].reshape(-1, PIECE)
    turn = torch.arange(len(whole)) % 20
    return {"val": whole[turn == 0], "test": whole[(turn == 1) | (turn == 11)],
            "train": whole[(turn != 0) & (turn != 1) & (turn != 11)]}  # fmt: skip


class Block(nn.Module):
    """Attention to what came before, then a hidden layer, each added to what it read."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = HEADS
        self.attended = nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.hidden = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.attended(x)
        query, key, value = (
            layer(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(-2))
        return x + self.hidden(x)


class CharLM(nn.Module):
    """Numbers of characters [N, T] in, logits of the next ones [N, T, characters] out."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.characters = nn.Embedding(len(LETTERS), width)
        self.places = nn.Parameter(0.02 * torch.randn(WINDOW, width))
        self.blocks = nn.Sequential(*(Block(width) for _ in range(LAYERS)), nn.LayerNorm(width))
        self.head = nn.Linear(width, len(LETTERS))

    def forward(self, numbers: Tensor) -> Tensor:
        embedded = self.characters(numbers) + self.places[: numbers.shape[1]]
        return self.head(self.blocks(embedded))


def small(weights: int) -> nn.Module:
    """The widest net of the same depth with at most so many weights in its linear layers."""
    width = HEADS
    while 12 * LAYERS * (width + HEADS) ** 2 + len(LETTERS) * (width + HEADS) <= weights:
        width += HEADS
    return CharLM(width)


def batches(seed: int) -> Iterator[Tensor]:
    """100 batches of windows from anywhere, [WINDOWS_A_BATCH, WINDOW + 1]."""
    generator = torch.Generator().manual_seed(seed)
    known = pieces()["train"]
    for _ in range(100):
        piece = torch.randint(len(known), (WINDOWS_A_BATCH, 1), generator=generator)
        start = torch.randint(PIECE - WINDOW, (WINDOWS_A_BATCH, 1), generator=generator)
        yield known[piece, start + torch.arange(WINDOW + 1)]


def loss(model: nn.Module, windows: Tensor) -> Tensor:
    logits = model(windows[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


def score(model: nn.Module, split: str) -> float:
    windows = pieces()[split].unfold(1, WINDOW + 1, WINDOW).flatten(0, 1)
    parts = windows.split(64)
    total = sum(loss(model, part).item() * len(part) for part in parts)
    return -total / len(windows)


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-2)


task = tenth.Task(
    name="characters of a manual",
    model=CharLM,
    batches=batches,
    loss=loss,
    score=score,
    example=(torch.zeros(1, WINDOW, dtype=torch.int64),),
    optimizer=optimizer,
    small=small,
    steps=2000,
    best=0.0,  # a loss, turned round
)
