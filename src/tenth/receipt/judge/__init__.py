"""The referee: what a model made by another tool weighs, and whether anything was saved.

Which files make up a model, and how it is run, is for `tenth.adapters.judge`.
"""

from tenth.receipt.judge.account import Account, Numbers
from tenth.receipt.judge.timing import Load, Run, Timing, by_turns
from tenth.receipt.judge.verdict import FELT, NOTHING, Judgement, Runs

__all__ = [
    "FELT",
    "NOTHING",
    "Account",
    "Judgement",
    "Load",
    "Numbers",
    "Run",
    "Runs",
    "Timing",
    "by_turns",
]
