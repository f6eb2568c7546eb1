"""The bar of the planner: published runs, of which nothing but size, tokens and device is told.

Left out as circular: gpt3-175b and gshard-600b, whose chip count or FLOPs were assumed from their
hours. Left out for want of hours or of work: rows without accelerator-hours, or with neither tokens
nor FLOPs. vit-22b is nearly circular (hours from throughput) and stays in, as a miss. The rows of
A100, H100 and TPU v2 to v4 in the default table were fitted on these runs together with 21 others,
so this shows that the table is right about what it was made from, and not that it foretells.
"""

import csv
from pathlib import Path

from tenth.plan import Assumptions, estimate

CIRCULAR = {"gpt3-175b", "gshard-600b"}
KNOWN_MISSES = {"llama3-8b", "nanogpt-124m", "vit-22b", "yalm-100b"}
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


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def runs():
    with (Path(__file__).parent / "data" / "training_runs.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            work = number(row["derived_flops_6nd"]) or number(row["train_flops_published"])
            if row["id"] not in CIRCULAR and work and number(row["gpu_hours"]):
                yield row["id"], work, row


def planned(work, row):
    total, active = number(row["params_total"]), number(row["params_active"])
    count = number(row["hardware_count"])
    device = next(name for words, name in DEVICES.items() if row["hardware"].startswith(words))
    precision = "fp8" if row["precision"].startswith("FP8") else "16-bit"
    plan = estimate(
        params=total,
        tokens=work / 6 / (active or total),
        device=device,
        count=None if count is None else int(count),
        assume=Assumptions(active_parameters=active, precision=precision),
    )
    return plan.figures["device_hours"]


RUNS = [(name, number(row["gpu_hours"]), planned(work, row)) for name, work, row in runs()]


def close(published, hours, factor=1.65):
    return published / factor <= hours.value <= published * factor


def test_which_runs_are_judged():
    assert len(RUNS) == 27


def test_four_in_five_runs_are_planned_within_a_factor_of_1_65():
    hits = [name for name, published, hours in RUNS if close(published, hours)]
    assert len(hits) / len(RUNS) >= 0.80


def test_the_interval_holds_the_published_hours_of_85_in_100_runs():
    inside = [name for name, published, hours in RUNS if hours.low <= published <= hours.high]
    assert len(inside) / len(RUNS) >= 0.85


def test_the_documentation_tells_hits_and_misses():
    page = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
    misses = {name for name, published, hours in RUNS if not close(published, hours)}
    inside = sum(hours.low <= published <= hours.high for _, published, hours in RUNS)
    assert misses == KNOWN_MISSES
    assert all(f"`{name}`" in page for name in KNOWN_MISSES)
    assert f"{len(RUNS) - len(misses)} device-hours come within" in page
    assert f"the printed interval holds {inside}" in page


def test_the_intervals_are_not_wide_for_the_sake_of_the_bar():
    for name, _, hours in RUNS:
        if name != "pythia-70m":  # a small model: nobody knows before a step is measured
            assert hours.high / hours.value <= 1.80 + 1e-9


def test_where_sources_disagree_the_interval_shows_it():
    hours = next(h for name, _, h in RUNS if name == "falcon-180b")
    assert hours.low < 7.0e6 < hours.high  # as its authors round it
    assert hours.high > 17e6  # Epoch AI infers 17.7 million
