"""Shards of a batch: together the whole, in order, each with its share."""

from collections import namedtuple

import numpy as np
import pytest
import torch

from tenth.errors import TaskError
from tenth.fit.shards import shard

Pair = namedtuple("Pair", "given label")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
def test_shards_make_up_the_batch(count):
    given, labels = torch.arange(14).reshape(7, 2), np.arange(7)
    batch = {"pair": Pair(given, [labels]), "name": "x", "scale": torch.tensor(2.0)}
    cut = [shard(batch, rank, count) for rank in range(count)]
    assert sum(share for _, share in cut) == pytest.approx(1)
    parts = [part for part, share in cut if share]
    assert [part is None for part, _ in cut] == [share == 0 for _, share in cut]
    assert torch.cat([part["pair"].given for part in parts]).equal(given)
    assert np.concatenate([part["pair"].label[0] for part in parts]).tolist() == list(range(7))
    assert {part["name"] for part in parts} == {"x"}
    assert all(part["scale"] == 2 for part in parts)
    assert [len(part["pair"].given) / 7 for part in parts] == [share for _, share in cut if share]


@pytest.mark.parametrize(
    "batch", ["text", [torch.tensor(1.0)], (torch.ones(2), torch.ones(3)), torch.ones(0, 2)]
)
def test_what_cannot_be_cut_is_refused(batch):
    with pytest.raises(TaskError, match="of one length along axis 0"):
        shard(batch, 0, 2)
