"""Pruning in the Trainer of transformers is pruning in a plain loop, step for step."""

import os
import re
import sys
import warnings
from itertools import islice

import pytest
import torch
from torch.utils.data import DataLoader, SequentialSampler

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, "examples/loops")

from tenth.adapters.pruning import Pruning
from tenth.errors import InputError
from tenth.sparsity import METHODS, Pruner, Timetable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libraries of libraries announce what they will remove
    import with_transformers as example
    from transformers import Trainer, TrainerCallback

    from tenth.adapters.transformers import PruneCallback

STEPS, BATCH, SUM = 16, 8, 2
CHOICES = {"density": 0.2, "method": "rigl", "every": 3}


class Ordered(Trainer):
    """Takes the items as they come, so that a plain loop can do the same."""

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


def trained(folder, callback, *more, resume=None, **changes):
    words = example.Words(STEPS * BATCH * SUM, seed=1)
    changes = {"max_steps": STEPS, "per_device_train_batch_size": BATCH, **changes}
    args = example.arguments(folder, learning_rate=1e-3, **changes)
    callbacks = [callback, *more]
    trainer = Ordered(example.build(), args, train_dataset=words, callbacks=callbacks)
    trainer.train(resume_from_checkpoint=resume)
    return trainer.model


def by_hand():
    """The same training in a plain loop, accumulation, clipping and schedule included."""
    model = example.build().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / STEPS)
    times = Timetable(STEPS, every=3)
    pruner = Pruner(model, optimizer, density=0.2, method=METHODS["rigl"], timetable=times)
    batches = iter(DataLoader(example.Words(STEPS * BATCH * SUM, seed=1), batch_size=BATCH))
    for _ in range(STEPS):
        optimizer.zero_grad()
        for batch in islice(batches, SUM):
            model(**batch).loss.backward()  # the Trainer sums, for a model that takes **kwargs
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        pruner.step()
    return model, pruner


def unlike(model, pruner, hand, other):
    """How many entries of masks differ, and by how much weights do."""
    masks = sum(int((mask != other.masks[name]).sum()) for name, mask in pruner.masks.items())
    theirs = dict(hand.named_parameters())
    gap = max(float((p - theirs[n]).detach().abs().max()) for n, p in model.named_parameters())
    return masks, gap


@pytest.fixture(scope="module")
def hand():
    return by_hand()


def test_masks_and_weights_are_those_of_a_plain_loop(tmp_path, hand):
    callback = PruneCallback(**CHOICES)
    model = trained(tmp_path, callback)
    masks, gap = unlike(model, callback.pruner, *hand)
    assert masks == 0
    assert gap < 1e-5
    assert callback.pruner.density() == pytest.approx(0.2, abs=1e-3)
    (stage,) = callback.receipt.stages
    assert stage.figures["flops_executed"].value > stage.figures["flops_useful"].value > 0
    assert stage.figures["flops_executed_growth"].value > 0
    size = callback.receipt.sizes[0]
    assert size.after.value <= 0.2 * size.before.value
    (note,) = callback.receipt.notes
    assert re.fullmatch(r"Never pruned.*: 576 of 10,048 weights .*: Embedding 576\.", note)


def test_before_the_step_of_the_optimizer_would_be_wrong(tmp_path, hand, monkeypatch):
    class Early(TrainerCallback):
        def on_pre_optimizer_step(self, args, state, control, **kwargs):
            callback._pruning._stepped()

    monkeypatch.setattr(
        torch.optim.Optimizer, "register_step_post_hook", lambda *_: torch.nn.Identity()
    )
    monkeypatch.setattr(torch.nn.Identity, "remove", lambda *_: None, raising=False)
    callback = PruneCallback(**CHOICES)
    masks, _ = unlike(trained(tmp_path, callback, Early()), callback.pruner, *hand)
    assert masks > 0


class Watch(TrainerCallback):
    """Sees the weights as evaluation does, and stops after some step."""

    def __init__(self, callback, stop=None):
        self.callback, self.stop = callback, stop
        self.looks = 0

    def on_step_end(self, args, state, control, **kwargs):
        control.should_evaluate = False
        if state.global_step == self.stop:
            control.should_training_stop = control.should_save = True

    def on_step_begin(self, args, state, control, **kwargs):
        for name, weight in self.callback.pruner.weights.items():
            assert not weight.detach()[~self.callback.pruner.masks[name]].any()
            self.looks += 1


def test_a_checkpoint_carries_the_masks_and_goes_on_exactly(tmp_path):
    whole = PruneCallback(**CHOICES)
    model = trained(tmp_path / "whole", whole)
    first = PruneCallback(**CHOICES)
    watch = Watch(first, stop=7)
    trained(tmp_path / "cut", first, watch)
    assert watch.looks == 7 * len(first.pruner.masks)
    assert "stopped before" not in " ".join(first.receipt.notes)  # rigl is sparse from the start

    second = PruneCallback(**CHOICES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resumed = trained(tmp_path / "cut", second, resume=str(tmp_path / "cut" / "checkpoint-7"))
    assert unlike(resumed, second.pruner, model, whole.pruner) == (0, 0.0)
    assert [stage.name for stage in second.receipt.stages] == ["train", "train (sitting 2)"]

    (tmp_path / "cut" / "checkpoint-7" / "tenth.pt").unlink()
    folder = str(tmp_path / "cut" / "checkpoint-7")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match=r"resume_from=\.\.\."):
            trained(tmp_path / "cut", PruneCallback(**CHOICES), resume=folder)


def test_evaluation_sees_removed_weights_at_zero(tmp_path):
    seen = []

    class Net(example.BertForSequenceClassification):
        def forward(self, *given, **named):
            if not self.training:
                weights = callback.pruner.weights.items()
                seen.append(
                    all(not w.detach()[~callback.pruner.masks[name]].any() for name, w in weights)
                )
            return super().forward(*given, **named)

    callback = PruneCallback(**CHOICES)
    often = {"eval_strategy": "steps", "eval_steps": 2, "remove_unused_columns": False}
    args = example.arguments(tmp_path, max_steps=6, **often)
    words = example.Words(64, seed=1)
    Trainer(
        Net(example.build().config),
        args,
        train_dataset=example.Words(400, seed=1),
        eval_dataset=words,
        callbacks=[callback],
    ).train()
    assert len(seen) == 3 * 8
    assert all(seen)


def test_a_missing_library_and_a_wrong_method_are_said():
    with pytest.raises(InputError, match="one of gradual, one_shot"):
        Pruning(density=0.1, method="nothing")
    with pytest.raises(InputError, match="has not begun"):
        Pruning(density=0.1).end()


def test_the_example_learns_at_a_fifth_of_the_weights(capsys):
    callback = example.main()
    assert float(capsys.readouterr().out.split("words: ")[1].split()[0]) < 1.0
    size = callback.receipt.sizes[0]
    assert size.after.value <= 0.2 * size.before.value


def test_the_layers_of_gpt_2_are_left_out_and_the_receipt_says_so(tmp_path):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    sizes = {"n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 4, "vocab_size": 9}
    tokens = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    model = GPT2ForSequenceClassification(GPT2Config(**sizes, **tokens))
    items = [{"input_ids": torch.ones(4, dtype=torch.long), "labels": torch.tensor(1)}] * 8
    callback = PruneCallback(density=0.5)
    args = example.arguments(tmp_path, max_steps=2, per_device_train_batch_size=2)
    Trainer(model, args, train_dataset=items, callbacks=[callback]).train()
    (note,) = [note for note in callback.receipt.notes if note.startswith("Never pruned")]
    assert f"Conv1D {8 * 24 + 8 * 8 + 2 * 8 * 32}" in note
