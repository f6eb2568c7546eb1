import random

import numpy as np
import pytest
import torch

import tiny
from tenth.errors import TaskError
from tenth.fit.feed import Feed


def first(batch):
    return batch[0]


def test_epochs_follow_each_other_and_differ():
    feed = Feed(tiny.task(), seed=0)
    sizes = [len(first(feed.batch(step))) for step in range(1, 11)]
    assert sizes == [20, 20, 20, 20, 16] * 2
    assert (feed.epoch, feed.epoch_start) == (1, 5)


@pytest.mark.parametrize("step", [0, 1, 4, 5, 6, 12])
def test_a_feed_can_begin_anywhere(step):
    whole = Feed(tiny.task(), seed=3)
    for made in range(1, step + 1):
        whole.batch(made)
    later = Feed(tiny.task(), seed=3)
    later.start_at(epoch=whole.epoch, epoch_start=whole.epoch_start, step=step)
    for made in range(step + 1, step + 8):
        ours, theirs = whole.batch(made), later.batch(made)
        assert torch.equal(first(ours), first(theirs))
        torch.rand(made)  # what a step draws must not reach the next batch


def test_what_was_drawn_before_changes_nothing():
    ours = first(Feed(tiny.task(), seed=1).batch(1))
    torch.manual_seed(77)
    np.random.seed(77)  # noqa: NPY002
    random.seed(77)
    assert torch.equal(ours, first(Feed(tiny.task(), seed=1).batch(1)))


def test_seeds_and_epochs_give_other_batches():
    feed = Feed(tiny.task(), seed=0)
    batches = [first(feed.batch(step)) for step in range(1, 7)]
    assert not torch.equal(batches[0], batches[5])  # the first of each epoch
    assert not torch.equal(batches[0], first(Feed(tiny.task(), seed=1).batch(1)))


def test_an_empty_epoch_is_refused_at_the_first_batch_and_later():
    with pytest.raises(TaskError, match="at least one batch"):
        Feed(tiny.task(batches=lambda seed: []), seed=0).batch(1)
    epochs = iter([[torch.zeros(1)], []])
    feed = Feed(tiny.task(batches=lambda seed: next(epochs)), seed=0)
    feed.batch(1)
    with pytest.raises(TaskError, match="at least one batch"):
        feed.batch(2)


def test_an_epoch_that_became_shorter_is_refused():
    feed = Feed(tiny.task(batches=lambda seed: [1, 2]), seed=0)
    with pytest.raises(TaskError, match="fewer batches than when the run began: epoch 0"):
        feed.start_at(epoch=0, epoch_start=0, step=3)


def test_a_generator_that_raises_is_the_tasks_error():
    def batches(seed):
        yield torch.zeros(1)
        raise RuntimeError("the disk is gone")

    feed = Feed(tiny.task(batches=batches), seed=0)
    feed.batch(1)
    with pytest.raises(TaskError, match=r"task\.batches raised RuntimeError: the disk is gone"):
        feed.batch(2)
