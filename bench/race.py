"""A race against the exhaustive design: the same verdicts, at which part of the cost?

    python bench/race.py examples/life.py --name life --arms small,rigl,granet --by flops

The exhaustive design runs every arm at every learning rate from every seed at full length, chooses
the rate on "val" over all seeds, and compares on "test". What the race ran of it already is not run
again, but each design is charged for all that it needs. The result goes to
docs/results/race-NAME.json; runs are kept in --work, where a stopped bench goes on, so that it can
also be run in pieces.

MNIST-1D with all arms takes 336 whole runs beside the trials, 75 minutes of one core by the seconds
in docs/results/race-mnist-1d-full.json. With the arms that raced there it takes 45 minutes, at full
length, with all trials and all seeds; with --trials 2 too, 23 minutes:

    python bench/race.py examples/mnist_1d.py --name mnist-1d-exhaustive --arms small,static,rigl
"""

import argparse
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenth.files import write_text
from tenth.fit import Settings
from tenth.receipt import facts
from tenth.task import load
from tenth.train import race
from tenth.train.race import Processes, Site, Verdict, named
from tenth.train.race.arms import line_up
from tenth.train.race.contest import final
from tenth.train.race.driver import mark_of
from tenth.train.race.jobs import COSTS, Ended
from tenth.train.race.lengths import lengths
from tenth.train.race.results import Book
from tenth.train.race.tuning import merit, of

RESULTS = Path(__file__).parent.parent / "docs" / "results"


def main() -> None:
    options = parsed()
    file = Path(options.task)
    arms = named(["dense", *options.arms.split(",")], options.density)
    settings = Settings(steps=options.steps)
    raced = race(
        file,
        arms,
        margin=options.margin,
        seeds=options.seeds,
        trials=options.trials,
        restarts=options.restarts,
        by=options.by,
        settings=settings,
        out=options.work,
        on_job=told,
        on_plan=lambda plan: print(plan, flush=True),
    )
    print(raced)
    whole = exhaustive(raced, file, arms, settings, Path(options.work) / "runs")
    print(whole)
    save(options.name, raced, whole)


def exhaustive(raced: Verdict, file: Path, arms: Any, settings: Settings, folder: Path) -> Verdict:
    """The verdict of all trials from all seeds at full length."""
    task, terms = load(file), raced.terms
    lined = line_up(arms, terms.trials)
    site = Site(file, lined, folder, told)
    with Processes().open(site) as run:
        book = Book(site, run, mark_of(task))
        full = lengths(lined, terms, settings, task, book.do)
        jobs = [
            final(arm, scale, seed, full[arm.name], terms.restarts)
            for seed in terms.verdict_seeds()
            for arm in lined
            for scale in arm.scales
        ]
        print(f"The exhaustive design: {len(jobs)} whole runs.", flush=True)
        book.do(jobs)
    ended = [one for arm in lined for one in judged(book.ended, arm, terms.target)]
    return replace(raced, ended=ended)


def judged(ended: list[Ended], arm: Any, target: float | None) -> list[Ended]:
    """An arm's runs: those of its best rate on "val" are its verdict, the others were trials."""
    mine = [one for one in ended if one.arm == arm.name]
    best = max(arm.scales, key=lambda scale: merit(of(mine, scale), target))
    return [one if one.scale == best else replace(one, stage="tune") for one in mine]


def save(name: str, raced: Verdict, whole: Verdict) -> None:
    pairs = list(zip(raced.standings, whole.standings, strict=True))
    content = {
        "task": raced.task,
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": facts.hardware(),
        "software": facts.software(),
        "terms": raced.terms.to_json(),
        "arms": raced.arms,
        "same_claims": {one.name: one.holds == other.holds for one, other in pairs},
        "winner": {"race": winner(raced), "exhaustive": winner(whole)},
        "cost_ratio": {key: ratio(raced, whole, key) for key in COSTS.values()},
        "race": [one.to_json() for one in raced.standings],
        "exhaustive": [one.to_json() for one in whole.standings],
    }
    write_text(RESULTS / f"race-{name}.json", json.dumps(content, indent=1) + "\n")
    shown = ("same_claims", "winner", "cost_ratio")
    print(json.dumps({key: content[key] for key in shown}, indent=1))


def winner(verdict: Verdict) -> str | None:
    return verdict.winner.name if verdict.winner else None


def ratio(raced: Verdict, whole: Verdict, key: str) -> float:
    """Cost of all arms of the race to that of the exhaustive design."""
    one, other = (verdict.receipt.total(key).bounds()[0] for verdict in (raced, whole))
    return one / other


def told(job: Any, step: Any) -> None:
    if step is None:
        print(job.name, flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task")
    parser.add_argument("--name", required=True)
    parser.add_argument("--arms", default="small,static,gradual,rigl,granet")
    parser.add_argument("--density", type=float, default=0.1)
    parser.add_argument("--margin", type=float, default=0.01)
    parser.add_argument("--seeds", type=int, default=14)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--restarts", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--by", choices=COSTS, default="seconds")
    parser.add_argument("--work", default=str(Path(tempfile.gettempdir()) / "tenth-race"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
