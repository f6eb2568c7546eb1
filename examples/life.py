"""Learn Conway's Game of Life with a network of Springer & Kenyon.

tenth train examples/life.py --route granet --density 0.1
"""

import torch

import tenth
from tenth.demo import life

task = tenth.Task(
    name="game of life",
    model=lambda: life.LifeNet(m=16),  # boards in, probabilities of being alive next out
    batches=life.batches,  # of a seed: 100 batches of 8 random boards, and what becomes of them
    loss=life.loss,  # cross-entropy of each cell
    score=life.score,  # "val": share of the 512 neighbourhoods that are right
    example=(torch.zeros(1, 1, 32, 32),),
    optimizer=lambda parameters: torch.optim.Adam(parameters, lr=1e-2),
    small=life.widest,  # the dense rival of a pruned net
    steps=600,
    target=1.0,  # all 512: then it is right on every board
    best=1.0,  # a share of right answers
)
