"""The kinds of variants: what each does to a model.

The update of a kind is learned once, in float32, and laid on master weights that start at the base
as each dtype holds it; the masters are rounded to the dtype when they are saved, as training in
mixed precision does. Adapters are merged by peft itself, in the dtype.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from finetunes.nets import Net, State


@dataclass(frozen=True)
class Kind:
    """One kind of variant: what is tuned, for how long, how fast.

    `share` is the part of the net's steps that are taken, `rate` the place of the learning rate in
    the net's table or the rate itself. `density` prunes by magnitude first. `adapter` is the place
    of a pattern in `Net.adapted`.
    """

    name: str
    share: float
    rate: int | float
    last_only: bool = False
    density: float = 1.0
    adapter: int | None = None
    rank: int = 0


KINDS = (
    Kind("full-slow", 1.0, 0),
    Kind("full", 1.0, 1),
    Kind("full-fast", 1.0, 2),
    Kind("last-layers", 0.5, 1, last_only=True),
    Kind("lora", 0.5, 1e-3, adapter=0, rank=8),
    Kind("lora-everywhere", 0.5, 1e-3, adapter=1, rank=16),
    Kind("few-small-steps", 0.05, 1e-6),
    Kind("pruned-50", 0.3, 1, density=0.5),
    Kind("pruned-90", 0.3, 1, density=0.1),
)


def tune(
    net: Net, model: nn.Module, kind: Kind, seed: int, masks: dict[str, Tensor] | None = None
) -> None:
    """Train the parameters that want a gradient, with a warm-up and a linear decay."""
    torch.manual_seed(seed)
    model.train()
    steps = max(4, round(kind.share * net.steps))
    rate = net.rates[kind.rate] if isinstance(kind.rate, int) else kind.rate
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01)
    held = dict(model.named_parameters())
    batches = net.batches(seed)
    for step in range(steps):
        now = min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps), 1.0)
        optimizer.param_groups[0]["lr"] = rate * now
        optimizer.zero_grad()
        net.loss(model, next(batches)).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        with torch.no_grad():
            for name, mask in (masks or {}).items():
                held[name][~mask] = 0
    model.eval()


def direct(net: Net, model: nn.Module, kind: Kind, seed: int) -> State:
    """Tune the weights themselves; gives those that may have changed, in float32."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not kind.last_only or re.search(net.last, name) is not None)
    masks = _pruned(model, kind.density) if kind.density < 1 else {}
    tune(net, model, kind, seed, masks)
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def _pruned(model: nn.Module, density: float) -> dict[str, Tensor]:
    """Masks of the largest weights of each linear layer; the others become zero."""
    masks = {}
    with torch.no_grad():
        for name, layer in model.named_modules():
            if isinstance(layer, nn.Linear):
                sizes = layer.weight.abs().flatten()
                least = sizes.kthvalue(max(1, round((1 - density) * sizes.numel()))).values
                masks[f"{name}.weight"] = layer.weight.abs() > least
                layer.weight[~masks[f"{name}.weight"]] = 0
    return masks


def in_dtype(base: State, tuned: State, start: State, dtype: torch.dtype) -> State:
    """A variant of `base`, which is `start` in `dtype`: the update of `tuned`, rounded when saved.

    What was pruned stays zero.
    """
    made = dict(base)
    for name, tensor in tuned.items():
        if dtype == torch.float32:
            made[name] = tensor
            continue
        master = base[name].float() + (tensor - start[name])
        made[name] = torch.where(tensor == 0, tensor, master).to(dtype)
    return made


def held_out_loss(net: Net, model: nn.Module) -> float:
    """The mean loss on text that nothing was tuned on."""
    model.eval()
    batches = net.held_out()
    with torch.no_grad():
        return sum(net.loss(model, batch).item() for batch in batches) / len(batches)


def select(names: Iterable[str] | None) -> list[Kind]:
    """The kinds of these names; all of them for None."""
    return [kind for kind in KINDS if names is None or kind.name in set(names)]
