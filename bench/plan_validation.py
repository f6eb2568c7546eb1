"""Hold planned device-hours against those of published runs.

    python bench/plan_validation.py

Into docs/results/plan.json, docs/pictures/plan-validation.svg and the table of docs/validation.md.

Twice. First with the default table of `tenth.plan.rates` as it is, which was fitted on these runs
and others: that shows whether the table is right about what it was made of. Then for each
organisation with a table fitted on the runs of all the others: values are medians of effective MFU
by row of the default table, and the interval is the scatter of the others. That shows what to
expect of an organisation that the table has never seen.
"""

import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import plan_validation_told as told
from tenth import files
from tenth.catalogue import Device, devices
from tenth.figures import Figure
from tenth.intervals import wilson
from tenth.plan import Assumptions, estimate, rates

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "tests" / "plan" / "data" / "training_runs.csv"
RESULT = ROOT / "docs" / "results" / "plan.json"
PICTURE = ROOT / "docs" / "pictures" / "plan-validation.svg"
PAGE = ROOT / "docs" / "validation.md"

FACTOR, BAR_FACTOR, BAR_INSIDE = 1.65, 0.80, 0.85
# their FLOPs or hours were made from each other
CIRCULAR = ("gpt3-175b", "gshard-600b")
_MIXTURE, _LEVEL, _NINETY, _PRIOR_SIGMA = 0.8, 0.90, 1.645, 1.37
DEVICES = {
    "V100": "v100",
    "A100-40": "a100-40gb",
    "A100-80": "a100-80gb",
    "H100": "h100",
    "H800": "h800",
    "TPUv2": "tpu-v2",
    "TPU v3": "tpu-v3",
    "TPUv4": "tpu-v4",
}
ORGANISATIONS = {
    "palm": "Google",
    "bert-large": "Google",
    "vit-22b": "Google",
    "llama": "Meta",
    "falcon": "TII",
    "pythia": "EleutherAI",
    "gpt-j": "EleutherAI",
    "deepseek": "DeepSeek",
    "mpt": "MosaicML",
    "glm": "Tsinghua",
    "stablelm": "Stability AI",
    "nanogpt": "Karpathy",
    "clip": "OpenAI",
    "bloomberggpt": "Bloomberg",
    "smollm3": "Hugging Face",
    "amber": "LLM360",
    "yalm": "Yandex",
}


@dataclass(frozen=True)
class Run:
    """A published run: what the planner is told, and the hours that it is not told."""

    name: str
    organisation: str
    device: Device
    count: int | None
    work: float
    params: float
    active: float | None
    precision: str
    published: float

    @property
    def mfu(self) -> float:
        """Effective MFU: 6·N·D over what the devices could have done in the published hours."""
        return self.work / (self.published * 3600 * self.device.peak_flops.bounds()[0])


@dataclass(frozen=True)
class Judged:
    """A run, planned: `ratio` is planned over published hours; `row` the row of the table."""

    run: str
    organisation: str
    family: str
    row: str
    published_hours: float
    planned_hours: float
    low: float
    high: float
    ratio: float
    within: bool
    inside: bool


def number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def runs() -> Iterator[Run]:
    """The runs with hours and with work, less the circular ones.

    vit-22b is nearly circular, its hours being from the throughput of a step, and stays in, as a
    miss.
    """
    with RUNS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            work = number(row["derived_flops_6nd"]) or number(row["train_flops_published"])
            hours = number(row["gpu_hours"])
            if row["id"] in CIRCULAR or not work or not hours:
                continue
            count = number(row["hardware_count"])
            words = next(words for words in DEVICES if row["hardware"].startswith(words))
            yield Run(
                row["id"],
                next(org for start, org in ORGANISATIONS.items() if row["id"].startswith(start)),
                devices.find(DEVICES[words]),
                None if count is None else int(count),
                work,
                float(row["params_total"]),
                number(row["params_active"]),
                "fp8" if row["precision"].startswith("FP8") else "16-bit",
                hours,
            )


def planned(run: Run) -> Figure:
    """The device-hours that `tenth plan` says, told nothing of MFU or hours."""
    return estimate(
        params=run.params,
        tokens=run.work / 6 / (run.active or run.params),
        device=run.device,
        count=run.count,
        assume=Assumptions(active_parameters=run.active, precision=run.precision),
    ).figures["device_hours"]


def default_row(run: Run) -> str:
    """The words of the row that the default table takes, without its number."""
    figure = rates.effective_mfu(
        run.device,
        count=run.count,
        parameters=run.active or run.params,
        precision=run.precision,
    )
    return re.sub(r"^MFU [\d.]+ \((.*)\)$", r"\1", figure.source)


def judged(run: Run, hours: Figure) -> Judged:
    value, low, high = hours.bounds()
    ratio = value / run.published
    return Judged(
        run.name,
        run.organisation,
        _family(run),
        default_row(run),
        run.published,
        value,
        low,
        high,
        ratio,
        1 / FACTOR <= ratio <= FACTOR,
        low <= run.published <= high,
    )


def refitted(run: Run, others: Sequence[Run]) -> Figure:
    """The device-hours by a table fitted on the runs of others.

    The median MFU of the runs on the same row of the table; where there is none, of the same family
    of devices; else of all. A mixture of experts counts as 0.8 of a dense model, as in the table.
    The interval is that of all the others around their own medians.
    """
    value = _value(run, others) * (_MIXTURE if run.active else 1)
    hours = run.work / (value * 3600 * run.device.peak_flops.bounds()[0])
    spread = math.exp(_NINETY * _sigma(others))
    return Figure(hours, "h", hours / spread, hours * spread, "estimated", "fitted on others")


def _value(run: Run, others: Sequence[Run]) -> float:
    groups: tuple[Callable[[Run], bool], ...] = (
        lambda other: default_row(other) == default_row(run),
        lambda other: _family(other) == _family(run),
        lambda other: True,
    )
    found = ([_dense_mfu(other) for other in others if same(other)] for same in groups)
    return median(next(values for values in found if values))


def _sigma(others: Sequence[Run]) -> float:
    """The scatter of ln MFU around the medians of the rows; a row's median costs one run."""
    rows: dict[str, list[float]] = {}
    for other in others:
        rows.setdefault(default_row(other), []).append(math.log(_dense_mfu(other)))
    squares = [(v - median(values)) ** 2 for values in rows.values() for v in values]
    freedom = len(squares) - len(rows)
    return math.sqrt(sum(squares) / freedom) if freedom > 0 else math.log(_PRIOR_SIGMA)


def _dense_mfu(run: Run) -> float:
    return run.mfu / (_MIXTURE if run.active else 1)


def _family(run: Run) -> str:
    name = run.device.name
    return "hopper" if name.startswith(("h100", "h800")) else name.split("-")[0]


def without_its_organisation(chosen: Sequence[Run]) -> list[Judged]:
    return [
        judged(run, refitted(run, [o for o in chosen if o.organisation != run.organisation]))
        for run in chosen
    ]


def shares(rows: Sequence[Judged]) -> dict[str, Any]:
    """How many of the rows are near, how many inside, and whether that meets the bars."""
    within, inside = (sum(getattr(row, name) for row in rows) for name in ("within", "inside"))
    by_organisation: dict[str, list[Judged]] = {}
    for row in rows:
        by_organisation.setdefault(row.organisation, []).append(row)
    return {
        "runs": len(rows),
        "within": within,
        "within_share": within / len(rows),
        "within_share_interval": list(wilson(within, len(rows), _LEVEL)),
        "within_bar": BAR_FACTOR,
        "within_met": within / len(rows) >= BAR_FACTOR,
        "inside": inside,
        "inside_share": inside / len(rows),
        "inside_share_interval": list(wilson(inside, len(rows), _LEVEL)),
        "inside_bar": BAR_INSIDE,
        "inside_met": inside / len(rows) >= BAR_INSIDE,
        "organisations": len(by_organisation),
        "within_share_by_organisation": fmean(
            fmean(row.within for row in mine) for mine in by_organisation.values()
        ),
        "inside_share_by_organisation": fmean(
            fmean(row.inside for row in mine) for mine in by_organisation.values()
        ),
        "interval_factor": median(row.high / row.planned_hours for row in rows),
        "misses": [row.run for row in rows if not row.within],
        "outside": [row.run for row in rows if not row.inside],
    }


def result() -> dict[str, Any]:
    chosen = list(runs())
    default = [judged(run, planned(run)) for run in chosen]
    left = without_its_organisation(chosen)
    printed = {row.run: row.high / row.planned_hours for row in default}
    narrow = sum(1 / printed[row.run] <= row.ratio <= printed[row.run] for row in left)
    fitted: dict[str, list[str]] = {}
    for row in default:
        fitted.setdefault(row.row, []).append(row.run)
    return {
        "factor": FACTOR,
        "circular": list(CIRCULAR),
        "fitted_on": fitted,
        "default_table": {**shares(default), "rows": [asdict(row) for row in default]},
        "leave_one_organisation_out": {
            **shares(left),
            "inside_at_printed_width": narrow,
            "rows": [asdict(row) for row in left],
        },
    }


def main() -> None:
    found = result()
    files.write_text(RESULT, json.dumps(found, indent=2) + "\n")
    told.draw(found, PICTURE)
    files.write_text(PAGE, told.filled(PAGE.read_text(encoding="utf-8"), found))
    for key in ("default_table", "leave_one_organisation_out"):
        print(key, {name: value for name, value in found[key].items() if name != "rows"})


if __name__ == "__main__":
    main()
