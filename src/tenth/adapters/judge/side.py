"""One model ready to run, or why it is not."""

from dataclasses import dataclass, field

from tenth.figures import Figure, unknown
from tenth.receipt.judge import Load

NO_TASK = "no task was given"


@dataclass(frozen=True)
class Side:
    """What loads a model and gives its run, by which engine, and its score.

    `why` says why it does not run.
    """

    engine: str = ""
    load: Load | None = None
    score: Figure = field(default_factory=lambda: unknown("", NO_TASK))
    why: str = ""

    @classmethod
    def absent(cls, why: str, *, task: bool = True) -> "Side":
        """A model that does not run; without a task its score was not asked for."""
        return cls(score=unknown("", why if task else NO_TASK), why=why)
