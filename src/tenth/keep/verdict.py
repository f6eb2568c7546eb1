"""What a look at a store found."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

Depth = Literal["quick", "stored", "deep"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was stored.

    Attributes:
        name: of the variant; tensor and file as far as they are known.
        key: the object in the place that is damaged or gone; empty if none is.
        fetch_helps: whether the same object from another store would repair it.
    """

    name: str
    said: str
    file: str = ""
    tensor: str = ""
    key: str = ""
    fetch_helps: bool = True

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.name, self.file, self.tensor) if part)
        helps = (
            "Another copy of the store can repair it."
            if self.fetch_helps
            else ("Fetching it again does not help: it was stored like this. Put it again.")
        )
        return f"{where}: {self.said} {helps}"


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what was found.

    Attributes:
        problems: what is damaged or gone.
        before: the same before something was mended; empty if nothing was to be.
        mended: a sentence for each object that was.
    """

    depth: Depth
    names: int
    tensors: int
    packs: int
    problems: tuple[Problem, ...]
    before: tuple[Problem, ...] = ()
    mended: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Its form in JSON."""
        return {
            "depth": self.depth,
            "names": self.names,
            "tensors": self.tensors,
            "packs": self.packs,
            "problems": [problem.to_json() for problem in self.problems],
            "before": [problem.to_json() for problem in self.before],
            "mended": list(self.mended),
        }
