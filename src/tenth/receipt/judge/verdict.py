"""What another tool's work saved: two accounts side by side, and one plain verdict.

A saving counts if a user could feel it: 5 % of the bytes, or 5 % of the time with the noise of
the clock taken into account. Zeros in a file of the same size are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tenth.figures import Figure, human, rounded, unknown
from tenth.receipt import render
from tenth.receipt.judge.account import Account
from tenth.receipt.judge.timing import Timing
from tenth.receipt.rows import Paired, Row

FELT = 0.95
_FELT_MORE = 1 / FELT
NOTHING = "nothing was saved a user could feel"
_NOT_TIMED = "nothing was run"


@dataclass(frozen=True)
class Runs:
    """What running both models showed; unknown figures say why it was not seen."""

    before: Figure = field(default_factory=lambda: unknown("s", _NOT_TIMED))
    after: Figure = field(default_factory=lambda: unknown("s", _NOT_TIMED))
    ratio: Figure = field(default_factory=lambda: unknown("×", _NOT_TIMED))
    score_before: Figure = field(default_factory=lambda: unknown("", "no task was given"))
    score_after: Figure = field(default_factory=lambda: unknown("", "no task was given"))

    @classmethod
    def timed(cls, timing: Timing, before: Figure, after: Figure) -> "Runs":
        """Times and scores together."""
        return cls(timing.before, timing.after, timing.ratio, before, after)


@dataclass(frozen=True)
class Judgement:
    """Two models, and what the second saves; `notes` says what limits that."""

    before: Account
    after: Account
    runs: Runs = field(default_factory=Runs)
    notes: Sequence[str] = ()

    @property
    def smaller(self) -> bool:
        """Whether the files are smaller by what a user could feel."""
        return self.after.size_bytes <= FELT * self.before.size_bytes

    @property
    def faster(self) -> bool:
        """Whether the program is shown faster by what a user could feel."""
        return self.runs.ratio.known and self.runs.ratio.bounds()[2] <= FELT

    @property
    def larger(self) -> bool:
        """Whether the files are larger by what a user could feel."""
        return self.after.size_bytes >= _FELT_MORE * self.before.size_bytes

    @property
    def slower(self) -> bool:
        """Whether the program is shown slower by what a user could feel."""
        return self.runs.ratio.known and self.runs.ratio.bounds()[1] >= _FELT_MORE

    @property
    def saved(self) -> bool:
        """Whether anything was saved."""
        return self.smaller or self.faster

    @property
    def rows(self) -> list[Row]:
        """Each figure after beside the one before."""
        ours, theirs = self.after.figures(), self.before.figures()
        rows = [Row(name, ours[name], theirs[name]) for name in ours]
        rows.append(
            # the median of the rounds' own ratios is surer than a ratio of their medians
            Paired("time a run", self.runs.after, self.runs.before, paired=self.runs.ratio)
        )
        no_ratio = "a score is compared by its difference"
        rows.append(Row("score, test", self.runs.score_after, self.runs.score_before, no_ratio))
        return rows

    @property
    def verdict(self) -> str:
        """The verdict in plain sentences, the first of which says whether anything was saved."""
        return " ".join([_first(self), *_zeros(self), *_score(self.runs)])

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON."""
        return {
            "before": _side(self.before),
            "after": _side(self.after),
            "rows": [row.to_json() for row in self.rows],
            "time_ratio": self.runs.ratio.to_json(),
            "saved": self.saved,
            "smaller": self.smaller,
            "faster": self.faster,
            "larger": self.larger,
            "slower": self.slower,
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        title = f"{self.after.path} against {self.before.path}"
        table = render.rows_table(title, self.rows, "after", "before")
        lines = [self.verdict, *(f"zeros {side}" for side in _sides(self)), *self.notes]
        return "\n".join([render.text([table]).rstrip("\n"), "", *lines])


def _first(judged: Judgement) -> str:
    size, time = _size_words(judged), _time_words(judged.runs.ratio)
    if judged.before.digest == judged.after.digest:
        return f"Both are the same, byte by byte: {NOTHING}."
    if judged.saved:
        but = "but " if judged.slower or judged.larger else ""
        return f"Saved: {size}, {but}{time}."
    if not judged.runs.ratio.known:
        return f"{size[0].upper()}{size[1:]}: {NOTHING}, unless it runs faster; {time}."
    return f"{size[0].upper()}{size[1:]}, {time}: {NOTHING}."


def _size_words(judged: Judgement) -> str:
    before, after = judged.before.size_bytes, judged.after.size_bytes
    sizes = f"{human(before, 'bytes')} to {human(after, 'bytes')}"
    if before == 0:
        return "the file was empty before"
    ratio = after / before
    if ratio <= FELT:
        return f"the file is {_share(ratio)} of what it was ({sizes})"
    if ratio >= _FELT_MORE:
        return f"the file is {ratio:.3g} times as large as before ({sizes})"
    return "the file is as large as before"


def _share(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"


def _time_words(ratio: Figure) -> str:
    if not ratio.known:
        return f"its time was not measured ({ratio.reason})"
    value, low, high = ratio.bounds()
    unit = "times as long" if value > 1 else "of the time"
    ends = f"{rounded(low, 3, 'down'):.3g} to {rounded(high, 3, 'up'):.3g}"
    interval = f"{value:.3g} {unit}, 90 % interval {ends}"
    if high <= FELT:
        return f"the program is faster ({interval})"
    if low >= _FELT_MORE:
        return f"the program is slower ({interval})"
    if low >= FELT and high <= _FELT_MORE:
        return "the program as fast as before"
    return f"the program not shown to be faster ({interval})"


def _zeros(judged: Judgement) -> list[str]:
    """What became of the zeros that the second model has more of."""
    share = judged.after.sparsity
    if share < 0.05 or share < judged.before.sparsity + 0.05:
        return []
    said = f"{_share(share)} of its weights are zero"
    if judged.saved:
        return [f"{said}."]
    sentences = [f"{said}, yet zeros are stored and multiplied like any number."]
    packed = judged.after.zstd_bytes
    if packed.value is not None and packed.value <= FELT * judged.after.size_bytes:
        hint = f"By zstd it would take {human(packed.value, 'bytes')}: what a format could save."
        sentences.append(hint)
    return sentences


def _score(runs: Runs) -> list[str]:
    before, after = runs.score_before.value, runs.score_after.value
    if before is None or after is None:
        return []
    change = after - before
    if change == 0:
        return [f"The score on test is the same, {after:.4g}."]
    word = "rose" if change > 0 else "fell"
    scores = f"from {before:.4g} to {after:.4g} ({change:+.2g})"
    return [f"The score on test {word} {scores}, one reading each."]


def _sides(judged: Judgement) -> list[str]:
    return [f"before: {_standing(judged.before)}", f"after: {_standing(judged.after)}"]


def _standing(account: Account) -> str:
    """How many zeros, and in how many weights they stand in which way."""
    found = [f"{name} in {human(count, 'weights')}" for name, count in _found(account)]
    share = f"{_share(account.sparsity)} of {human(account.weights, 'weights')} weights"
    return f"{share}, standing {', '.join(found) or 'nowhere'}"


def _found(account: Account) -> list[tuple[str, int]]:
    found = [(name, count) for name, count in account.patterns.items() if name != "none"]
    return sorted(found, key=lambda pair: -pair[1])


def _side(account: Account) -> dict[str, Any]:
    return {
        "path": str(account.path),
        "kind": account.kind,
        "sha256": account.digest,
        "size_bytes": account.size_bytes,
        "tensors": len(account.shapes),
        "values": account.values,
        "weights": account.weights,
        "zeros": account.zeros,
        "sparsity": account.sparsity,
        "patterns": dict(account.patterns),
        "dtypes": dict(account.dtypes),
        "notes": list(account.notes),
    }
