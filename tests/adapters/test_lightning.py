"""Pruning in the Trainer of Lightning is pruning in a plain loop, step for step."""

import sys
import warnings
from itertools import islice

import pytest
import torch
from torch.nn import functional

sys.path.insert(0, "examples/loops")

from tenth.errors import InputError
from tenth.sparsity import METHODS, Pruner, Timetable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libraries of libraries announce what they will remove

    import with_lightning as example

    from tenth.adapters.lightning import PruneCallback

CHOICES = {"density": 0.2, "method": "rigl", "every": 3}
ITEMS, EPOCHS, SUM = 1024, 2, 2
STEPS = ITEMS // 64 // SUM * EPOCHS

# advice about workers, a tree library, missing loaders: none of it is about pruning
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec"),
    pytest.mark.filterwarnings("ignore:You defined a `validation_step`"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory"),
    pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint"),
]


class Net(example.Net):
    """Checks at each forward pass that removed weights are zero."""

    callback = None
    looks = 0

    def _look(self):
        for name, weight in self.callback.pruner.weights.items():
            assert not weight.detach()[~self.callback.pruner.masks[name]].any(), name
        self.looks += 1

    def training_step(self, batch, batch_index):
        self._look()
        return super().training_step(batch, batch_index)

    def validation_step(self, batch, batch_index):
        if not self.trainer.sanity_checking:
            self._look()
        super().validation_step(batch, batch_index)


def fitted(callback, path=None, **changes):
    changes = {"max_epochs": EPOCHS, **changes}
    net = Net()
    net.callback = callback
    trainer = example.trainer(callback, **changes)
    trainer.fit(net, example.loader(ITEMS, 1), example.loader(128, 2), ckpt_path=path)
    return net, trainer


def by_hand():
    """The same training in a plain loop."""
    model = example.Net()
    optimizer = model.configure_optimizers()
    times = Timetable(STEPS, every=3)
    pruner = Pruner(model, optimizer, density=0.2, method=METHODS["rigl"], timetable=times)
    for _ in range(EPOCHS):
        batches = iter(example.loader(ITEMS, 1))
        for _ in range(STEPS // EPOCHS):
            optimizer.zero_grad()
            for given, labels in islice(batches, SUM):
                (functional.cross_entropy(model.layers(given), labels) / SUM).backward()
            optimizer.step()
            pruner.step()
    return model, pruner


def same(net, pruner, other, theirs):
    return all(mask.equal(theirs.masks[n]) for n, mask in pruner.masks.items()) and all(
        torch.allclose(p, q, atol=1e-6)
        for p, q in zip(net.parameters(), other.parameters(), strict=True)
    )


def test_masks_and_weights_are_those_of_a_plain_loop():
    callback = PruneCallback(**CHOICES)
    net, _ = fitted(callback)
    assert net.looks == EPOCHS * (ITEMS // 64 + 2)  # in validation too
    assert same(net, callback.pruner, *by_hand())
    assert callback.pruner.density() <= 0.2
    (stage,) = callback.receipt.stages
    assert stage.figures["flops_executed"].value > stage.figures["flops_useful"].value > 0
    assert stage.figures["flops_executed_growth"].value > 0


def test_flops_are_those_of_the_layers():
    callback = PruneCallback(**CHOICES)
    fitted(callback)
    weights = 8 * 64 + 64 * 64 + 64 * 2
    # the first layer owes no gradient to its input; validation is forward only
    batch = 2 * 64 * (3 * weights - 8 * 64)
    expected = EPOCHS * (ITEMS // 64 * batch + 128 * 2 * weights)
    assert callback.receipt.total("flops_executed").value == expected


def test_before_zero_grad_would_be_too_late(monkeypatch):
    class Late(PruneCallback):
        def on_before_zero_grad(self, trainer, pl_module, optimizer):
            self._pruning._stepped()

    class Nothing:
        def remove(self):
            pass

    monkeypatch.setattr(torch.optim.Optimizer, "register_step_post_hook", lambda *_: Nothing())
    # the forward pass has seen the weights by then
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        fitted(Late(**CHOICES))


def test_a_checkpoint_carries_the_masks_and_goes_on_exactly(tmp_path):
    whole = PruneCallback(**CHOICES)
    net, _ = fitted(whole)
    first = PruneCallback(**CHOICES, steps=STEPS)
    _, trainer = fitted(first, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    second = PruneCallback(**CHOICES)
    resumed, _ = fitted(second, path=tmp_path / "one.ckpt")
    assert all(m.equal(whole.pruner.masks[n]) for n, m in second.pruner.masks.items())
    for mine, theirs in zip(resumed.parameters(), net.parameters(), strict=True):
        assert mine.equal(theirs)
    assert [stage.name for stage in second.receipt.stages] == ["train", "train (sitting 2)"]


def test_what_cannot_be_pruned_is_refused():
    class Two(example.Net):
        def configure_optimizers(self):
            return [super().configure_optimizers()] * 2

        automatic_optimization = False

    trainer = example.trainer(PruneCallback(density=0.1), accumulate_grad_batches=1)
    with pytest.raises(InputError, match="one optimizer"):
        trainer.fit(Two(), example.loader(64, 1))
    endless = example.trainer(PruneCallback(density=0.1), max_epochs=-1)
    with pytest.raises(InputError, match=r"PruneCallback\(steps="):
        endless.fit(example.Net(), example.loader(64, 1))


def test_the_example_learns_at_a_tenth_of_the_weights():
    callback, accuracy = example.main()
    assert accuracy > 0.9
    size = callback.receipt.sizes[0]
    assert size.after.value <= 0.1 * size.before.value
