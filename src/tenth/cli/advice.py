"""`tenth plan --budget` and `tenth plan gpt3`: advice, and what twelve million was made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenth.cli.show import print_result
from tenth.errors import InputError, OutputError, must

if TYPE_CHECKING:
    from tenth.catalogue import Device
    from tenth.plan import Assumptions
    from tenth.plan.ask import Ask


@dataclass(frozen=True)
class Where:
    """Where a plan is to run, and what is known better than the defaults."""

    device: str | Device | None
    count: int
    place: str | None
    assume: Assumptions


@dataclass(frozen=True)
class Asked:
    """A budget, a file for its picture, how many devices if that was said, devices of one's own.

    `of_one_plan` are options that only one plan has an answer to.
    """

    budget: Sequence[str]
    picture: Path | None
    count: int | None
    mine: Sequence[Device]
    of_one_plan: Sequence[str]


def answered(ask: Ask, asked: Asked, where: Where, as_json: bool) -> bool:
    """Answer a question that is no plan: what a budget pays for, or `gpt3` and nothing else.

    Raises:
        InputError: something is asked that only one plan has, or a picture without a budget.
    """
    if asked.budget:
        remedy = "Plan one of its rows: the same words with --device, --count and without --budget."
        _refuse(asked.of_one_plan, "with --budget, which compares many", remedy)
        _advise(ask, asked, where, as_json)
        return True
    if asked.picture is not None:
        raise InputError(must("--picture", "given with --budget", "without it"))
    alone = ask.what == "gpt3" and where.device is None and asked.count is None
    if alone and type(ask)("gpt3", serve=ask.serve) == ask:
        remedy = "Say what is to be planned: `tenth plan gpt3 --tokens 3e11 --device h100`."
        _refuse(asked.of_one_plan, "with gpt3 alone, which is a story", remedy)
        from tenth.plan.twelve_million import retell

        story = retell(where.assume.prices)
        print_result(story, story.to_json, as_json)
        return True
    return False


def _refuse(options: Sequence[str], got: str, remedy: str) -> None:
    if options:
        raise InputError(must(options[0], "given for one plan", got, remedy))


@contextmanager
def named(option: str) -> Iterator[None]:
    """Let an error of writing name the option that chose the place."""
    try:
        yield
    except OutputError as error:
        raise OutputError(str(error).replace("--out", option)) from error


def _advise(ask: Ask, asked: Asked, where: Where, as_json: bool) -> None:
    if ask.what is not None and ask.what.endswith(".py"):
        rule = "for a size, a family or a configuration"
        remedy = "Plan the task without it: its file says what is trained."
        raise InputError(must("a budget", rule, ask.what, remedy))
    from tenth.plan.advice import advise
    from tenth.plan.advice.advise import candidates

    devices = () if where.device is None else (where.device,)
    if asked.mine and where.device is None:
        devices = (*asked.mine, *candidates())
    found = advise(
        asked.budget,
        ask,
        devices=devices,
        count=asked.count,
        place=where.place,
        assume=where.assume,
    )
    if asked.picture is not None:
        with named("--picture"):
            found.draw(asked.picture)
    print_result(found, found.to_json, as_json)
