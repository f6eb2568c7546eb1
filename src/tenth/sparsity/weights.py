"""Which weights may be pruned: those of Linear and Conv layers, each once, by its name.

Biases and norm parameters are few, and embeddings are looked up, not multiplied: they stay dense.
So do the weights of other kinds of layers, such as the `Conv1D` of transformers' GPT-2, which lie
transposed: `left_dense` says how many those are.
"""

from collections.abc import Iterable, Mapping

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.parameter import UninitializedParameter

from tenth.errors import InputError, must
from tenth.layouts import kept_count

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_LOOKED_UP = (nn.Embedding, nn.EmbeddingBag)


def plain(model: nn.Module) -> nn.Module:
    """The user's module under the wrappers of DistributedDataParallel and torch.compile."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, DistributedDataParallel):
            model = model.module
        elif isinstance(inner, nn.Module):
            model = inner
        else:
            return model


def prunable(model: nn.Module, exclude: Iterable[str] = ()) -> dict[str, nn.Parameter]:
    """The weights of Linear and Conv layers, by their names in the state dict.

    Left out: frozen weights, empty ones, those tied to an embedding, transposed convolutions, and
    all that `exclude` names: weights ("fc.weight") or modules ("fc", with all below it). A weight
    tied to several layers is listed once, under its first name.

    Raises:
        InputError: `exclude` names nothing in the model, or a lazy layer has no weights yet.
    """
    excluded = (exclude,) if isinstance(exclude, str) else tuple(exclude)
    places = _places(plain(model))
    for entry in excluded:
        if not any(_names(entry, name) for name, _, _ in places):
            some = ", ".join(name for name, _, _ in places[:8])
            remedy = f"The first weights are: {some or 'none'}."
            raise InputError(must("exclude", "names of weights or layers", repr(entry), remedy))
    left_out = {
        id(weight)
        for name, weight, module in places
        if isinstance(module, _LOOKED_UP) or any(_names(entry, name) for entry in excluded)
    }
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for name, weight, module in places:
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            if isinstance(weight, UninitializedParameter):
                remedy = "Run one batch through the model first."
                raise InputError(must(f"weight {name!r}", "initialised", "a lazy layer", remedy))
            usable = weight.requires_grad and weight.numel() and weight.is_floating_point()
            if usable and id(weight) not in left_out:
                found.setdefault(id(weight), (name, weight))
    return dict(found.values())


def _places(model: nn.Module) -> list[tuple[str, nn.Parameter, nn.Module]]:
    places = []
    for path, module in model.named_modules(remove_duplicate=False):
        own = dict(module.named_parameters(recurse=False))
        if "weight" in own:
            places.append((f"{path}.weight" if path else "weight", own["weight"], module))
    return places


def _names(entry: str, name: str) -> bool:
    return name == entry or name.startswith(f"{entry}.")


def held_dense(
    model: nn.Module, weights: Mapping[str, nn.Parameter], density: float
) -> frozenset[str]:
    """The first convolution, where holding it dense costs little and cutting it hurts.

    That is: it holds less than 1 % of the weights, or the density is at most 0.05; and it takes no
    more than half of what the density keeps. It counts as kept.

    Source: Evci et al. 2020, arXiv:1911.11134 (first layer dense).
    """
    modules = dict(plain(model).named_modules())
    total = sum(weight.numel() for weight in weights.values())
    for name, weight in weights.items():
        if isinstance(modules.get(name.rpartition(".")[0]), _CONVOLUTIONS):
            size = weight.numel()
            wanted = size < 0.01 * total or density <= 0.05
            return frozenset({name} if wanted and 2 * size <= kept_count(total, density) else ())
    return frozenset()


def left_dense(model: nn.Module, pruned: Iterable[nn.Parameter]) -> dict[str, int]:
    """How many weights of two axes or more are not among `pruned`, by kind of layer, most first.

    A weight that several layers share is counted once, with the first.
    """
    seen = {id(weight) for weight in pruned}
    counts: dict[str, int] = {}
    for module in plain(model).modules():
        for weight in module.parameters(recurse=False):
            if weight.dim() > 1 and id(weight) not in seen:
                seen.add(id(weight))
                kind = type(module).__name__
                counts[kind] = counts.get(kind, 0) + weight.numel()
    return dict(sorted(counts.items(), key=lambda each: -each[1]))


def told_dense(model: nn.Module, pruned: Iterable[nn.Parameter]) -> str:
    """What `left_dense` found, as a sentence with its share; empty where nothing is left."""
    pruned = list(pruned)
    left = left_dense(model, pruned)
    count = sum(left.values())
    if not count:
        return ""
    total = count + sum(weight.numel() for weight in pruned)
    kinds = ", ".join(f"{kind} {many:,}" for kind, many in left.items())
    share = f"{count:,} of {total:,} weights ({100 * count / total:.3g} %)"
    return f"Never pruned, beside biases and norms: {share}: {kinds}."


def needed(gradient: Tensor | None) -> Tensor:
    """The gradient, or an error that says how to have one.

    Raises:
        InputError: there is none.
    """
    if gradient is None:
        remedy = "Call pruner.step() after backward() and before optimizer.zero_grad()."
        raise InputError(must("p.grad", "present when masks are chosen by it", None, remedy))
    return gradient


def check_finite(values: Tensor, thing: str, error: type[Exception], remedy: str) -> None:
    """See that all numbers are finite; `error` names the first kind that is not."""
    if float((values.detach() * 0).sum()) != 0:  # NaN and infinity times 0 are NaN
        got = "NaN" if bool(values.isnan().any()) else "infinity"
        raise error(must(thing, "finite numbers", got, remedy))
