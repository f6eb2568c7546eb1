"""The cheapest way to the accuracy you need, proved with a receipt.

    plan -> train -> shrink -> ship, keep every variant, every step metered into a receipt

Importing this package loads neither torch nor a compiler: each room loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenth import catalogue, graph, keep, layouts, plan, receipt, ship, shrink, sparsity, train
    from tenth.figures import Figure
    from tenth.task import Task

__version__ = "0.1.0"

__all__ = [
    "Figure",
    "Task",
    "__version__",
    "catalogue",
    "graph",
    "keep",
    "layouts",
    "plan",
    "receipt",
    "ship",
    "shrink",
    "sparsity",
    "train",
]

_HOME = {"Figure": "tenth.figures", "Task": "tenth.task"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in __all__:
        return import_module(f"tenth.{name}")
    raise AttributeError(f"module 'tenth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
