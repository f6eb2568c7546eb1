"""The 12 million dollars of GPT-3: what the figure was made of, and what the same takes today.

The figure is a press estimate. Its parts are published or follow from one another; today's side is
the planner's, at the catalogue's dated prices.
"""

from collections.abc import Sequence

from tenth.catalogue import Price
from tenth.plan.assumptions import Assumptions
from tenth.plan.twelve_million.again import TODAY, now, then
from tenth.plan.twelve_million.parts import PUE, parts
from tenth.plan.twelve_million.story import Story, notes

__all__ = ["Story", "retell"]


def retell(prices: Sequence[Price] = ()) -> Story:
    """What the 12 million of GPT-3 were made of, and what the same training takes today.

    Args:
        prices: rows of the user's own, which replace the catalogue's for their devices.
    """
    assume = Assumptions(prices=tuple(prices), pue=PUE)
    made = parts()
    rows = (then(made, assume), *(now(*row, assume) for row in TODAY))
    return Story(made, rows, notes(made, rows))
