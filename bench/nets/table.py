"""The networks by name, at full size and small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nets.audio import m5, strided
from nets.densenet import densenet
from nets.efficientnet import efficientnet
from nets.language import bert, gpt2
from nets.mobilenet import mobilenet_v1, mobilenet_v2
from nets.recurrent import Sequence, Tagger
from nets.resnet import resnet
from nets.settle import settled
from nets.unet import UNet
from nets.vgg import vgg
from nets.vit import ViT


@dataclass(frozen=True)
class Net:
    """How to build a network (its weights are random, the same each time), and what it reads."""

    build: Callable[[], nn.Module]
    example: Callable[[], tuple[Tensor, ...]]


def _net(
    make: Callable[..., nn.Module], example: Callable[[], tuple[Tensor, ...]], **options: Any
) -> Net:
    def build() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return settled(make(**options), example())

    return Net(build, example)


def _floats(*shape: int) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (torch.randn(shape, generator=torch.Generator().manual_seed(1)),)


def _tokens(batch: int, length: int, vocabulary: int, *, mask: bool = False) -> Any:
    """Ids, and with `mask` which of them count: all, but for the last in the last row."""

    def example() -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(1)
        ids = torch.randint(0, vocabulary, (batch, length), generator=generator)
        kept = torch.ones_like(ids)
        kept[-1, -1] = 0
        return (ids, kept) if mask else (ids,)

    return example


_WORDS, _GPT_WORDS = 30522, 50257

NETS: Mapping[str, Net] = {
    "resnet18": _net(resnet, _floats(1, 3, 224, 224)),
    "resnet50": _net(resnet, _floats(1, 3, 224, 224), depth=(3, 4, 6, 3), bottleneck=True),
    "vgg16": _net(vgg, _floats(1, 3, 224, 224)),
    "mobilenet_v1": _net(mobilenet_v1, _floats(1, 3, 224, 224)),
    "mobilenet_v2": _net(mobilenet_v2, _floats(1, 3, 224, 224)),
    "efficientnet_b0": _net(efficientnet, _floats(1, 3, 224, 224)),
    "densenet121": _net(densenet, _floats(1, 3, 224, 224)),
    "unet": _net(UNet, _floats(1, 3, 256, 256)),
    "unet_bilinear": _net(UNet, _floats(1, 3, 256, 256), way="bilinear"),
    "unet_nearest": _net(UNet, _floats(1, 3, 256, 256), way="nearest"),
    "vit_s16": _net(ViT, _floats(1, 3, 224, 224)),
    "minilm": _net(bert, _tokens(8, 128, _WORDS)),
    "minilm_masked": _net(bert, _tokens(8, 128, _WORDS, mask=True)),
    "gpt2": _net(gpt2, _tokens(1, 128, _GPT_WORDS)),
    "gpt2_masked": _net(gpt2, _tokens(1, 128, _GPT_WORDS, mask=True)),
    "m5": _net(m5, _floats(1, 1, 16000)),
    "m5_group": _net(m5, _floats(1, 1, 16000), norm="group"),
    "strided_audio": _net(strided, _floats(1, 1, 16000)),
    "lstm": _net(Sequence, _floats(1, 100, 64), kind="lstm"),
    "gru": _net(Sequence, _floats(1, 100, 64), kind="gru"),
    "lstm_tagger": _net(Tagger, _tokens(1, 100, 10000), kind="lstm"),
    "gru_tagger": _net(Tagger, _tokens(1, 100, 10000), kind="gru"),
}
"""Full size, with the channel counts of the papers."""

_PICTURE = _floats(1, 3, 32, 32)
_BERT = {"depth": 2, "width": 16, "heads": 2, "inner": 24, "vocabulary": 40, "places": 16}
_GPT = {"depth": 2, "width": 16, "heads": 2, "vocabulary": 40, "places": 16}
_V1 = ((64, 1), (128, 2), (128, 1), (256, 2))
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 1, 2))
_B0 = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 1, 2, 5))
_SEQUENCE = {"width": 6, "inputs": 5, "classes": 3}
_TAGGER = {"width": 6, "vocabulary": 20, "classes": 3}

SMALL: Mapping[str, Net] = {
    "resnet18": _net(resnet, _PICTURE, depth=(1, 2), width=6, classes=5),
    "resnet50": _net(resnet, _PICTURE, depth=(2, 1), width=4, classes=5, bottleneck=True),
    "vgg16": _net(vgg, _PICTURE, depth=(1, 2), width=4, hidden=12, classes=5),
    "mobilenet_v1": _net(mobilenet_v1, _PICTURE, depth=_V1, width=0.125, classes=5),
    "mobilenet_v2": _net(mobilenet_v2, _PICTURE, depth=_V2, width=0.25, last=20, classes=5),
    "efficientnet_b0": _net(efficientnet, _PICTURE, depth=_B0, width=0.25, last=20, classes=5),
    "densenet121": _net(densenet, _PICTURE, depth=(2, 3), width=4, classes=5),
    "unet": _net(UNet, _PICTURE, depth=2, width=4),
    "unet_bilinear": _net(UNet, _PICTURE, depth=2, width=4, way="bilinear"),
    "unet_nearest": _net(UNet, _PICTURE, depth=2, width=4, way="nearest"),
    "vit_s16": _net(ViT, _PICTURE, depth=2, width=16, heads=2, size=32, patch=8, classes=5),
    "minilm": _net(bert, _tokens(2, 6, 40), **_BERT),
    "minilm_masked": _net(bert, _tokens(2, 6, 40, mask=True), **_BERT),
    "gpt2": _net(gpt2, _tokens(2, 6, 40), **_GPT),
    "gpt2_masked": _net(gpt2, _tokens(2, 6, 40, mask=True), **_GPT),
    "m5": _net(m5, _floats(1, 1, 2600), width=4, classes=5),
    "m5_group": _net(m5, _floats(1, 1, 2600), width=4, classes=5, norm="group"),
    "strided_audio": _net(strided, _floats(1, 1, 200), width=4, depth=2, classes=5),
    "lstm": _net(Sequence, _floats(2, 7, 5), kind="lstm", **_SEQUENCE),
    "gru": _net(Sequence, _floats(2, 7, 5), kind="gru", **_SEQUENCE),
    "lstm_tagger": _net(Tagger, _tokens(2, 7, 20), kind="lstm", **_TAGGER),
    "gru_tagger": _net(Tagger, _tokens(2, 7, 20), kind="gru", **_TAGGER),
}
"""The same layouts, narrow and shallow, for tests."""
