"""`tenth plan --budget` and `tenth plan gpt3`: advice, and what twelve million was made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenth.cli.show import print_result
from tenth.errors import InputError, must

if TYPE_CHECKING:
    from tenth.catalogue import Device, Price
    from tenth.plan import Assumptions
    from tenth.plan.ask import Ask


def advise(
    budget: Sequence[str],
    ask: Ask,
    device: str | Device | None,
    count: int | None,
    place: str | None,
    assume: Assumptions,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Print what a budget pays for, and draw it where a picture is wanted."""
    if ask.what is not None and ask.what.endswith(".py"):
        remedy = "Plan it on its own: its file says what is trained."
        raise InputError(
            must("what a budget is for", "a size, a family or a configuration", ask.what, remedy)
        )
    from tenth.plan.advice import advise as advised

    devices = () if device is None else (device,)
    found = advised(budget, ask, devices=devices, count=count, place=place, assume=assume)
    if picture is not None:
        found.draw(picture)
    print_result(found, found.to_json, as_json)


def retell(prices: Sequence[Price], as_json: bool) -> None:
    """Print the story of the 12 million that GPT-3 is said to have cost."""
    from tenth.plan.twelve_million import retell as told

    story = told(prices)
    print_result(story, story.to_json, as_json)
