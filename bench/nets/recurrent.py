"""Recurrent networks: LSTM and GRU on embedded tokens, and on vectors over time.

Source: Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Cho et al. 2014,
arXiv:1406.1078.
"""

from typing import Literal

from torch import Tensor, nn

Kind = Literal["lstm", "gru"]
_LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU}


class Sequence(nn.Module):
    """A recurrent layer with a linear layer behind it: the outputs, and the states at the end."""

    def __init__(
        self,
        kind: Kind = "lstm",
        depth: int = 2,
        *,
        width: int = 256,
        inputs: int = 64,
        both_ways: bool = True,
        batch_first: bool = True,
        classes: int = 10,
    ) -> None:
        super().__init__()
        self.layer = _LAYERS[kind](
            inputs, width, depth, batch_first=batch_first, bidirectional=both_ways
        )
        self.head = nn.Linear(width * (2 if both_ways else 1), classes)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y, states = self.layer(x)
        states = states if isinstance(states, tuple) else (states,)
        return self.head(y), *states


class Tagger(nn.Module):
    """Ids to the scores of each."""

    def __init__(
        self,
        kind: Kind = "lstm",
        depth: int = 1,
        *,
        width: int = 256,
        vocabulary: int = 10000,
        classes: int = 20,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.layer = _LAYERS[kind](width, width, depth, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.layer(self.words(ids))[0])
