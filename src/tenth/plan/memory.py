"""What a training run keeps on each device for its parameters: weights, gradients, optimizer state.

Activations need the shape of the model; `tenth.plan.activations` has them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tenth.errors import InputError, must
from tenth.figures import Figure, human

# ZeRO-3 gathers two layers at a time, 16-bit weights and gradients; models have 12 to 96 layers
_UNIT_BYTES, _LAYERS, _FEWEST, _MOST = 4, 32, 12, 96
# fragmentation and the context of the driver, in the upper bound
_FRAGMENTS, _CONTEXT_BYTES = 1.10, 1e9
_HEADROOM = 0.90


@dataclass(frozen=True)
class Strategy:
    """A way to keep a model in training: bytes a parameter on each of n devices.

    `frozen_each` are the bytes of a parameter that is not trained; `number_bytes` of an activation;
    `gathers` whether two layers are gathered from their shards at a time; `host_each` are bytes
    on the host.
    """

    name: str
    bytes_each: Callable[[int], float]
    words: str
    gathers: bool = False
    frozen_each: Callable[[int], float] = lambda n: 2
    number_bytes: int = 2
    host_each: Callable[[int], float] = lambda n: 0


def _four(count: int) -> float:
    return 4


STRATEGIES: dict[str, Strategy] = {
    s.name: s
    for s in (
        Strategy(
            "fp32-adam", lambda n: 16, "4 w + 4 g + 8 Adam", frozen_each=_four, number_bytes=4
        ),
        Strategy(
            "fp32-sgd", lambda n: 12, "4 w + 4 g + 4 momentum", frozen_each=_four, number_bytes=4
        ),
        Strategy("mixed-adam", lambda n: 16, "2 w + 2 g + 4 master + 8 Adam"),
        Strategy("mixed-adam-fp32-gradients", lambda n: 18, "2 w + 4 g + 4 master + 8 Adam"),
        Strategy("bf16-adam", lambda n: 8, "2 w + 2 g + 4 Adam"),
        Strategy("8bit-adam", lambda n: 10, "2 w + 2 g + 4 master + 2 Adam of 8 bits"),
        Strategy("zero-1", lambda n: 4 + 12 / n, "optimizer state in n shards"),
        Strategy("zero-2", lambda n: 2 + 14 / n, "gradients and state in n shards"),
        Strategy(
            "zero-3",
            lambda n: 16 / n,
            "all in n shards, two layers gathered",
            gathers=True,
            frozen_each=lambda n: 2 / n,
        ),
        Strategy(
            "offload",
            lambda n: 2 + 2 / n,
            "2 w, gradients in n shards, state on the host",
            host_each=lambda n: 16 / n,
        ),
    )
}
ALIASES = {"fsdp": "zero-3", "zero-offload": "offload", "full": "fp32-adam", "mixed": "mixed-adam"}
SHARDED = ("mixed-adam", "zero-1", "zero-2", "zero-3")


def find(name: str) -> Strategy:
    """The strategy of this name or alias (fsdp is zero-3).

    Raises:
        InputError: no such strategy.
    """
    row = STRATEGIES.get(ALIASES.get(name, name))
    if row is None:
        known = ", ".join((*STRATEGIES, *ALIASES))
        raise InputError(must("strategy", f"one of {known}", repr(name)))
    return row


def state_bytes(parameters: float, strategy: str, count: int = 1) -> Figure:
    """Bytes on each device for weights, gradients and optimizer state, without activations.

    The upper bound adds 10 % for fragments and 1 GB for the driver's context.

    Raises:
        InputError: no such strategy.
    Source: arXiv:1910.02054; offload arXiv:2101.06840; 8-bit states arXiv:2110.02861.
    """
    row = find(strategy)
    states = parameters * row.bytes_each(count)
    middle, fewest, most = (
        states + (parameters * _UNIT_BYTES / layers if row.gathers and count > 1 else 0)
        for layers in (_LAYERS, _FEWEST, _MOST)
    )
    high = fewest * _FRAGMENTS + _CONTEXT_BYTES
    source = f"{row.name}: {row.words}; no activations; arXiv:1910.02054"
    return Figure(middle, "bytes", most, high, "estimated", source)


def smallest_sharding(parameters: float, capacity: Figure, count: int) -> str:
    """The first of mixed-adam, zero-1, zero-2, zero-3 that leaves a tenth free; else zero-3.

    Source: arXiv:1910.02054, least communication first.
    """
    if count == 1:
        return "mixed-adam"
    for strategy in SHARDED:
        need = state_bytes(parameters, strategy, count)
        if capacity.known and need.bounds()[2] <= _HEADROOM * capacity.bounds()[0]:
            return strategy
    return "zero-3"


def verdict(need: Figure, capacity: Figure) -> str:
    """Whether `need` fits: fits, tight (less than a tenth free) or does not, with the bytes."""
    if not capacity.known:
        return f"Whether the memory suffices is unknown: {capacity.reason}."
    most, space = need.bounds()[2], capacity.bounds()[0]
    word = "fits" if most <= _HEADROOM * space else "tight" if most <= space else "does not fit"
    largest = capacity.bounds()[2]
    more = f" ({human(largest, 'bytes')} in its largest version)" if largest > space else ""
    told = human(most, "bytes", way="up")
    return f"Memory: {word}; up to {told} of {human(space, 'bytes')} a device{more}."
