"""Where a run's random numbers come from: one seed, and nothing before it.

The global generators of torch, numpy and Python are set anew for each purpose and each step, from
the run's seed alone. A run can therefore be taken up at any step, with no state of a generator
saved, and goes on exactly as it would have.
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from tenth.errors import InputError, must


def derive(seed: int, purpose: str, index: int = 0) -> int:
    """A number in [0, 2**32) that differs for each purpose and index of a seed.

    >>> derive(0, "init") != derive(1, "init") != derive(0, "step", 1)
    True
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def checked(seed: Any) -> int:
    """The seed that a user gave.

    Raises:
        InputError: it is none.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(must("seed", "a whole number of at least 0", repr(seed)))
    return seed


def reseed(number: int) -> None:
    """Set the global generators of torch, numpy and Python."""
    # torch.manual_seed asks each backend whether it is there, which costs 100 µs a call
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(number)
    np.random.seed(number)  # noqa: NPY002  the user's code may use the global generator
    random.seed(number)


@contextmanager
def borrowed_generators() -> Iterator[None]:
    """Leaves the global generators as they were."""
    ours = np.random.get_state()  # noqa: NPY002
    python = random.getstate()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        try:
            yield
        finally:
            np.random.set_state(ours)  # noqa: NPY002
            random.setstate(python)
