"""The runs of the verdict: the same seeds for every arm, and no more of them for a sure loser.

After five seeds, and each time their number has doubled, an arm is dropped if it is worse than
dense by the margin or more beyond reasonable doubt: the upper 99 % bound of its paired differences
on "val" lies below. "test" decides nothing here. To drop an arm can only lose it a claim, never win
one, so the error of the claims that are made stays at 5 %. An arm of which a seed gave no net is
dropped too: it can no longer be said to do what dense does.
"""

from collections.abc import Mapping, Sequence

from tenth.fit import Settings
from tenth.intervals import non_inferiority
from tenth.train.race.arms import Arm
from tenth.train.race.jobs import Ended, Job
from tenth.train.race.lengths import Do
from tenth.train.race.terms import LEAST_SEEDS, Terms
from tenth.train.race.tuning import scaled

SURE = 0.99


def looks(seeds: int) -> list[int]:
    """After how many seeds the arms are looked at.

    >>> looks(14), looks(5)
    ([5, 10, 14], [5])
    """
    marks = [LEAST_SEEDS]
    while 2 * marks[-1] < seeds:
        marks.append(2 * marks[-1])
    return [*marks, seeds] if marks[-1] < seeds else marks


def contest(
    arms: Sequence[Arm],
    whole: Mapping[str, Settings],
    scales: Mapping[str, float],
    terms: Terms,
    do: Do,
) -> None:
    """Run the seeds of the verdict; arms without a scale are left out."""
    running = [arm for arm in arms if arm.name in scales]
    seeds = terms.verdict_seeds()
    made: list[Ended] = []
    before = 0
    for mark in looks(terms.seeds):
        made += do(
            [
                final(arm, scales[arm.name], seed, whole[arm.name], terms.restarts)
                for seed in seeds[before:mark]
                for arm in running
            ]
        )
        before = mark
        by_arm = {arm.name: [one for one in made if one.arm == arm.name] for arm in running}
        dense = by_arm.get(arms[0].name, [])
        running = [
            arm
            for arm in running
            if arm is arms[0] or not loses(by_arm[arm.name], dense, terms.margin)
        ]


def final(arm: Arm, scale: float, seed: int, settings: Settings, restarts: int) -> Job:
    """A run of the verdict."""
    return Job(arm, "verdict", seed, scale, scaled(settings, scale), tries=1 + restarts)


def loses(ended: Sequence[Ended], dense: Sequence[Ended], margin: float) -> bool:
    """Whether an arm can be dropped: a seed without a net, or surely worse on "val"."""
    if any(one.best is None for one in ended):
        return True
    ours, theirs = paired(ended, dense, "score")
    if len(ours) < LEAST_SEEDS:
        return False
    return non_inferiority(ours, theirs, margin).upper(SURE) < -margin


def paired(
    ended: Sequence[Ended], dense: Sequence[Ended], split: str
) -> tuple[list[float], list[float]]:
    """Scores of both on the seeds of which both have a net; `split` is "score" (val) or "test"."""
    ours, theirs = (
        {one.seed: getattr(one.best, split) for one in row if one.best} for row in (ended, dense)
    )
    seeds = [seed for seed in ours if seed in theirs]
    return [ours[seed] for seed in seeds], [theirs[seed] for seed in seeds]
