"""Nets trained side by side do what each would do alone."""

import threading

import numpy as np
import pytest
import torch

from tenth.demo import life
from tenth.demo.cohort import Boards, Cohort, Recipe, Table, kinds, train
from tenth.errors import InputError


def cohort(nets: int = 3, m: int = 2, n: int = 1, seed: int = 0, init="he") -> Cohort:
    return Cohort(nets, m, n, init=init, generator=torch.Generator().manual_seed(seed))


def lessons(n: int) -> Boards:
    generator = torch.Generator().manual_seed(1)
    return Boards(n, boards=1, size=8, test_boards=2, generator=generator)


def test_kinds_number_the_neighbourhoods() -> None:
    numbers = kinds(life.neighbourhoods())[:, 1, 1]
    np.testing.assert_array_equal(numbers, np.arange(512))


@pytest.mark.parametrize("init", ["he", "gaussian"])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 1), (1, 2), (2, 3)])
def test_each_net_is_the_module_it_stands_for(m: int, n: int, init: str) -> None:
    nets = cohort(m=m, n=n, init=init)
    boards = life.boards(torch.Generator().manual_seed(2), 2, size=9)
    with torch.no_grad():
        together = nets.logits(boards)
        for place in range(len(nets)):
            alone = nets.net(place).logits(boards)[:, 0]
            torch.testing.assert_close(together[place], alone, rtol=1e-4, atol=1e-4)


def test_table_logits_are_those_of_the_neighbourhoods() -> None:
    nets = cohort()
    with torch.no_grad():
        alone = nets.net(1).logits(life.neighbourhoods())[:, 0, 1, 1]
        torch.testing.assert_close(nets.table_logits()[1], alone, rtol=1e-4, atol=1e-4)


def test_initial_weights_have_the_scale_they_say() -> None:
    for init, scale in (("gaussian", 1.0), ("he", (2 / 9) ** 0.5)):
        weight, bias = cohort(nets=400, init=init).parameters[:2]
        assert abs(weight.std().item() / scale - 1) < 0.05
        assert bias.abs().max().item() == 0 if init == "he" else abs(bias.std().item() - 1) < 0.1


def test_unknown_init_is_refused() -> None:
    with pytest.raises(InputError, match='"gaussian" or "he"'):
        cohort(init="xavier")


def test_table_weighs_each_neighbourhood_by_its_frequency() -> None:
    frequency = Table().frequency
    boards = life.boards(torch.Generator().manual_seed(3), 1000, size=66)
    seen = kinds(boards)[:, 1:-1, 1:-1].flatten().bincount(minlength=512) / (1000 * 64 * 64)
    assert frequency.sum().item() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(seen, frequency, rtol=0.25, atol=0)


def test_training_side_by_side_is_training_alone() -> None:
    nets = cohort(nets=4, m=2)
    alone = nets.net(2)
    optimizer = torch.optim.Adam(alone.parameters(), lr=1e-2)
    subject = Table()
    for _ in range(20):
        optimizer.zero_grad()
        logits = alone.logits(life.neighbourhoods())[:, 0, 1, 1]
        torch.nn.functional.binary_cross_entropy_with_logits(
            logits, subject.truth, weight=subject.frequency, reduction="sum"
        ).backward()
        optimizer.step()
    train(nets, subject, Recipe(rate=1e-2, steps=20, test_every=20))
    for own, stacked in zip(alone.parameters(), nets.parameters, strict=True):
        torch.testing.assert_close(stacked[2].reshape(own.shape), own, rtol=1e-3, atol=1e-4)


def test_nets_that_passed_leave_and_the_others_are_not_disturbed() -> None:
    recipe = Recipe(rate=1e-2, steps=200, test_every=10)
    nets = cohort(nets=12, m=3, seed=4)
    first = train(nets, Table(), recipe)
    passed = [place for place, step in enumerate(first) if step is not None]
    assert 0 < len(passed) < 12
    assert len(nets) == 12 - len(passed)
    undisturbed = cohort(nets=12, m=3, seed=4)
    undisturbed.keep(torch.tensor([place for place in range(12) if place not in passed]))
    assert train(undisturbed, Table(), recipe) == [None] * len(nets)
    for one, other in zip(nets.parameters, undisturbed.parameters, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


def test_a_net_that_passed_is_exact() -> None:
    nets = cohort(nets=8, m=8)
    subject = Table()
    train(nets, subject, Recipe(rate=1e-2, steps=300, test_every=1000))
    assert len(nets) < 8  # the last step is tested too
    # the survivors failed the test; the module must agree
    assert all(life.exact(nets.net(place)) < 512 for place in range(len(nets)))


def test_training_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    stop.set()
    nets = cohort()
    before = [p.clone() for p in nets.parameters]
    recipe = Recipe(rate=1e-2, steps=10, test_every=1)
    assert train(nets, Table(), recipe, stop=stop) == [None] * 3
    assert all(one.equal(other) for one, other in zip(before, nets.parameters, strict=True))


def test_table_and_module_agree_on_which_nets_are_right() -> None:
    nets = cohort(nets=6, m=8, seed=7)
    subject = Table()
    optimizer = torch.optim.Adam(nets.parameters, lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        subject.loss(nets).sum().backward()
        optimizer.step()
    with torch.no_grad():
        passed = subject.passed(nets).tolist()
    assert passed == [life.exact(nets.net(place)) == 512 for place in range(6)]
    assert any(passed)


def test_boards_are_fresh_at_each_step_and_the_test_stays() -> None:
    subject = lessons(2)
    before = subject.test[0].clone()
    losses = [subject.loss(cohort(n=2)).tolist() for _ in range(2)]
    assert losses[0] != losses[1]
    assert subject.test[0].equal(before)
    boards, truth = subject.test
    assert truth.equal(life.step(life.step(boards))[:, 0])


def test_one_generation_is_learned_from_boards_too() -> None:
    generator = torch.Generator().manual_seed(0)
    subject = Boards(1, boards=4, size=32, test_boards=8, generator=generator)
    first = train(cohort(nets=4, m=8), subject, Recipe(rate=1e-2, steps=200, test_every=20))
    assert any(step is not None for step in first)
