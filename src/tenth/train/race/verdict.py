"""What a race found: which arms do what dense does, and which of those costs least."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from tenth import files
from tenth.errors import FormatError, must
from tenth.receipt import Aim, Receipt, facts
from tenth.receipt.place import Place
from tenth.train.race.jobs import Ended
from tenth.train.race.results import KIND, RACE, read_json
from tenth.train.race.standing import Standing, standing
from tenth.train.race.terms import Terms


@dataclass(frozen=True)
class Verdict:
    """The outcome of a race, made of the ends of its jobs alone.

    Attributes:
        task: its name.
        terms: what was settled beforehand.
        arms: the form of each, dense first.
        ended: every job.
        notes: what a reader should know.
    """

    task: str
    terms: Terms
    arms: list[dict[str, Any]]
    ended: list[Ended]
    notes: list[str] = field(default_factory=list)
    place: Place = field(default_factory=Place.find)
    hardware: dict[str, Any] = field(default_factory=facts.hardware)
    software: dict[str, Any] = field(default_factory=facts.software)

    @cached_property
    def standings(self) -> list[Standing]:
        """One an arm, dense first."""
        dense = _of(self.ended, self.arms[0]["name"])
        return [
            standing(arm["name"], _of(self.ended, arm["name"]), dense, self.terms)
            for arm in self.arms
        ]

    @property
    def winner(self) -> Standing | None:
        """Of dense and the arms that are non-inferior to it, the one whose runs cost least in all.

        None if there is none, or if none of them knows its cost.
        """
        eligible = [one for one in self.standings if one.holds and one.total(self.terms.cost).known]
        return min(eligible, key=lambda one: one.total(self.terms.cost).bounds()[0], default=None)

    @property
    def shown(self) -> bool:
        """Whether some arm other than dense was shown to be non-inferior to it."""
        return any(one.holds for one in self.standings[1:])

    @property
    def receipt(self) -> Receipt:
        """What everything cost, one stage an arm."""
        return Receipt(
            title=f"race of {self.task}",
            task=Aim(self.task, "score", self.terms.target, self.terms.margin),
            place=self.place,
            hardware=self.hardware,
            software=self.software,
            stages=[one.cost for one in self.standings if one.cost is not None],
            scores={one.name: one.test for one in self.standings if one.test.known},
            arms=[one.record for one in self.standings if one.record is not None],
            notes=[*(f"{one.name}: {one.words}" for one in self.standings), *self.notes],
        )

    def to_json(self) -> dict[str, Any]:
        """The verdict, and all it is made of."""
        winner = self.winner
        return {
            "kind": KIND,
            "task": self.task,
            "terms": self.terms.to_json(),
            "place": self.place.code,
            "hardware": self.hardware,
            "software": self.software,
            "notes": self.notes,
            "winner": winner.name if winner else None,
            "shown": self.shown,
            "standings": [one.to_json() for one in self.standings],
            "arms": self.arms,
            "ended": [one.to_json() for one in self.ended],
        }

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The verdict of a race that ended, from its folder or its file; all is computed anew.

        Raises:
            FormatError: there is none, or it is damaged.
        """
        path = Path(path)
        path = path / RACE if path.is_dir() else path
        form = read_json(path, KIND)
        try:
            return cls._of_form(form)
        except (KeyError, TypeError, ValueError) as error:
            got = f"a damaged file ({type(error).__name__}: {error})"
            raise FormatError(must(str(path), "the result of a race", got)) from error

    @classmethod
    def _of_form(cls, form: Mapping[str, Any]) -> Self:
        return cls(
            form["task"],
            Terms.from_json(form["terms"]),
            form["arms"],
            [Ended.from_json(one) for one in form["ended"]],
            form["notes"],
            Place.find(form["place"]),
            form["hardware"],
            form["software"],
        )

    def save(self, folder: Path) -> None:
        """Write race.json, race.svg and receipt.json, each whole or not at all."""
        from tenth.train.race.picture import draw

        files.write_text(
            folder / RACE, json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"
        )
        self.receipt.save(folder / "receipt.json")
        draw(self, folder / "race.svg")

    def __str__(self) -> str:
        from tenth.train.race.table import text

        return text(self)


def _of(ended: Sequence[Ended], name: str) -> list[Ended]:
    return [one for one in ended if one.arm == name]
