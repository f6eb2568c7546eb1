"""Pruning while `transformers.Trainer` trains: a tiny BERT that reads the first letter of words.

    python examples/loops/with_transformers.py

Random weights from a configuration: nothing is downloaded.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from tenth.adapters.transformers import PruneCallback

LETTERS = 8


class Words(Dataset[dict[str, Any]]):
    """Random words of six letters; the label of each is its first letter."""

    def __init__(self, count: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.words = torch.randint(LETTERS, (count, 6), generator=generator)
        self.labels = self.words[:, 0]

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.words[index], "labels": self.labels[index]}


def build() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=LETTERS,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=8,
        num_labels=LETTERS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return BertForSequenceClassification(config)


def arguments(folder: str | Path, **changes: Any) -> TrainingArguments:
    plain = {
        "max_steps": 60,
        "per_device_train_batch_size": 16,
        "gradient_accumulation_steps": 2,
        "learning_rate": 5e-3,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "logging_strategy": "no",
    }
    return TrainingArguments(str(folder), **{**plain, **changes})


def main() -> PruneCallback:
    callback = PruneCallback(density=0.2, method="granet", name="words")
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            build(),
            arguments(folder),
            train_dataset=Words(2000, seed=1),
            eval_dataset=Words(256, seed=2),
            callbacks=[callback],
        )
        trainer.train()
        print(f"loss on new words: {trainer.evaluate()['eval_loss']:.3f}")
    return callback


if __name__ == "__main__":
    print(main().receipt)
