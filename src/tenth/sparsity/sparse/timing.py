"""Whether a layer is faster sparse: both forms take turns on this machine, and the better is kept.

Times are kept by shape and density, in the process and in the user's cache, so that a layer is
timed once, and runs of one machine decide alike.
"""

import copy
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from tenth.kernels.toolchain import cache_folder
from tenth.kernels.training import library
from tenth.sparsity.sparse.sights import Sight
from tenth.sparsity.sparse.table import KINDS

GAIN = 1.1  # sparse must win by a tenth: what lies around a layer costs a little too
_TURNS = 5
_LEAST_FLOPS = 4e6  # a forward pass below this takes about as long as calling it


@dataclass(frozen=True)
class Times:
    """Seconds of a forward and a backward pass of one layer, the best of some."""

    dense: float
    sparse: float

    @property
    def gain(self) -> float:
        """How many times as fast the sparse form is."""
        return self.dense / self.sparse


def too_small(weight: Tensor, sight: Sight) -> bool:
    """Whether a layer does too little work for zeros to matter."""
    features = weight[0].numel()
    met = sight.size / max(1, sight.shape[1] if weight.dim() > 2 else features)
    return 2.0 * weight.numel() * met < _LEAST_FLOPS


def times(dense: nn.Module, mask: Tensor, sight: Sight) -> Times:
    """Seconds of a layer, dense and sparse, on an input as it meets.

    Cost: the first time for this shape and density, a dozen passes of each; then nothing.
    """
    key = _key(dense, mask, sight)
    path = _kept_path(key)
    if path is not None and path.exists():
        return Times(**json.loads(path.read_text()))
    taken = _measured(dense, mask, sight)
    return taken if path is None else _agreed(path, taken)


def _key(dense: nn.Module, mask: Tensor, sight: Sight) -> str:
    """Layers of one key take the same time: densities count in steps of a tenth of themselves."""
    density = float(f"{float(mask.float().mean()):.1e}")
    kind, threads = type(dense).__name__, torch.get_num_threads()
    parts = (kind, dense.extra_repr(), sight, density, threads, torch.__version__, _machine())
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


@cache
def _machine() -> str:
    return library()._name  # ctypes: the path, with the hash of the processor and the kernels


def _kept_path(key: str) -> Path | None:
    folder = cache_folder("timings")
    return None if folder is None else folder / f"{key}.json"


def _agreed(path: Path, taken: Times) -> Times:
    """Keep these times, or take those of a process that was faster: the first ones count."""
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_text(json.dumps(asdict(taken)))
        os.link(temporary, path)
    except FileExistsError:
        return Times(**json.loads(path.read_text()))
    except OSError:
        return taken  # no room, or no links there: then every process times for itself
    finally:
        temporary.unlink(missing_ok=True)
    return taken


def _measured(dense: nn.Module, mask: Tensor, sight: Sight) -> Times:
    forked = torch.random.get_rng_state()
    try:
        dense, other = (copy.deepcopy(dense).requires_grad_() for _ in range(2))
        for hooks in (dense, other):
            hooks._forward_hooks.clear()
        sparse = KINDS[type(other)].build(other, mask)
        x = torch.randn(sight.shape, requires_grad=sight.gradient)
        back = torch.randn_like(dense(x))
        pairs = [(_seconds(dense, x, back), _seconds(sparse, x, back)) for _ in range(_TURNS + 1)]
        return Times(*(min(turn) for turn in zip(*pairs[1:], strict=True)))
    finally:
        torch.random.set_rng_state(forked)


def _seconds(layer: nn.Module, x: Tensor, back: Tensor) -> float:
    began = time.perf_counter()
    with torch.enable_grad():
        layer(x).backward(back)
    taken = time.perf_counter() - began
    x.grad = None
    layer.zero_grad()
    return taken
