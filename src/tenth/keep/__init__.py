"""Every fine-tuned variant as a small, exact difference from its base.

store = tenth.keep.Store("models/", make=True)
store.put("base", "llama/")
store.put("task-a", "llama-task-a/")           # finds its base
store.get("task-a", "out/")                    # byte-identical files
store.open("task-a")["lm_head.weight"][:16]    # rows, without restoring anything
"""

from tenth.keep.assembling import PutResult
from tenth.keep.getting import GetResult
from tenth.keep.opening import Tensor, Variant
from tenth.keep.store import Store, clone
from tenth.keep.streams import Step
from tenth.keep.usage import Usage
from tenth.keep.verdict import Problem, Verdict

__all__ = [
    "GetResult",
    "Problem",
    "PutResult",
    "Step",
    "Store",
    "Tensor",
    "Usage",
    "Variant",
    "Verdict",
    "clone",
]
