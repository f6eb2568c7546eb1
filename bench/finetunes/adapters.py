"""Adapters of low rank, trained and merged by peft, in each dtype as peft does it."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from finetunes.kinds import Kind, tune
from finetunes.nets import Net, State


def train(net: Net, model: nn.Module, kind: Kind, seed: int, folder: Path) -> nn.Module:
    """Train an adapter, write it as peft writes it, and give the model with the adapter on it."""
    import peft

    assert kind.adapter is not None
    torch.manual_seed(seed)
    config = peft.LoraConfig(
        r=kind.rank,
        lora_alpha=2 * kind.rank,
        target_modules=net.adapted[kind.adapter],
        base_model_name_or_path=f"{net.name}/base",
    )
    adapted: Any = peft.get_peft_model(model, config)  # type: ignore[arg-type]
    tune(net, adapted, kind, seed)
    adapted.save_pretrained(folder)
    return adapted


def merged(model: nn.Module, folder: Path, dtype: torch.dtype) -> State:
    """The weights of a model in `dtype` with an adapter merged into them."""
    import peft

    adapted: Any = peft.PeftModel.from_pretrained(model.to(dtype), str(folder))  # type: ignore[arg-type]
    return adapted.merge_and_unload().state_dict()


class _Wide(nn.Module):
    """Four square matrices, as the attention of a 2048-wide model has."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in range(4))


def synthetic(folder: Path, dtype: torch.dtype, width: int = 2048, rank: int = 16) -> None:
    """A wide base and variant of random numbers: no training, only peft's merging is real."""
    import peft

    torch.manual_seed(5)
    model = _Wide(width)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.02)
    model = model.to(dtype)
    write(folder / "base", model.state_dict())
    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["q", "k", "v", "o"])
    adapted: Any = peft.get_peft_model(model, config)  # type: ignore[arg-type]
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.002)
    write(folder / "lora-everywhere", adapted.merge_and_unload().state_dict())


def write(folder: Path, state: State) -> None:
    """A safetensors file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(whole, folder / "model.safetensors", {"format": "pt"})
