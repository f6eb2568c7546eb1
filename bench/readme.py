"""Fill the tables of the pages below from the result files in docs/results.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`; nothing between them is written by
hand. Run it after any bench: `make docs`.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from tenth.figures import Figure, human
from tenth.files import write_text
from tenth.receipt import Receipt, words
from tenth.train.race import Verdict

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
PAGES = tuple(
    ROOT / page
    for page in ("README.md", "docs/keep.md", "docs/ship.md", "docs/teach.md", "docs/train.md")
)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def life() -> str:
    receipt = Receipt.load(RESULTS / "life.json")
    rows = [
        (size.name, str(size.before), str(size.after), ratio(size.before.value, size.after.value))
        for size in receipt.sizes
    ]
    sizes = table(("Game of Life, right on all 512 neighbourhoods", "before", "after", ""), rows)
    spent = ", ".join(
        str(receipt.total(key)) for key in ("wall_seconds", "energy_joules", "price_usd")
    )
    hardware = receipt.hardware
    return (
        f"{sizes}\n\nWhole line: {spent} (energy modelled, ±45 %; price of renting such a machine) "
        f"on {hardware['cpu']}, {hardware['threads']} threads, {receipt.created[:10]}."
    )


def arms() -> str:
    receipt = Receipt.load(RESULTS / "life.json")
    rows = []
    for arm in receipt.arms:
        cost = arm.expected_cost
        rows.append(
            (
                arm.name,
                f"{arm.weights}",
                f"{arm.successes} of {arm.seeds} ({words.percent(arm.interval)})",
                known(cost["wall_seconds"]),
                known(cost["flops_executed"]),
                known(cost["flops_useful"]),
            )
        )
    head = (
        "trained alone", "weights", "succeed (90 % interval)",
        "time a success", "FLOPs executed", "FLOPs on kept weights",
    )  # fmt: skip
    return table(head, rows)


def known(figure: Any) -> str:
    return str(figure) if figure.known else "never"


def ratio(before: float | None, after: float | None) -> str:
    return f"÷ {before / after:.3g}" if before and after else ""


def digits() -> str:
    content = json.loads((RESULTS / "digits.json").read_text())
    rows = []
    for way, done in content["runs"].items():
        runs = list(done.values())
        verdict = content["verdicts"].get(way)
        file = fmean(
            run["dense_bytes" if way in ("dense", "small") else "small_bytes"] for run in runs
        )
        says = "baseline"
        if verdict:
            says = "yes" if verdict["holds"] else "no"
            says += f" ({100 * verdict['difference']:+.2f}, bound {100 * verdict['lower']:+.2f})"
        rows.append(
            (
                way,
                human(fmean(run["weights"] for run in runs), "weights"),
                human(file, "bytes"),
                f"{100 * fmean(run['test'] for run in runs):.2f} %",
                says,
                human(fmean(run["wall_seconds"] for run in runs), "s"),
            )
        )
    head = (
        f"handwritten digits, {len(content['runs']['dense'])} seeds", "weights", "file",
        "test accuracy", "non-inferior within 1 point", "time of the run",
    )  # fmt: skip
    return table(head, rows)


def study() -> str:
    cells = json.loads((RESULTS / "study.json").read_text())["cells"]
    by = {(cell["n"], cell["init"], cell["m"]): cell for cell in cells}
    published = {1: "4.7 %", 3: "above 50 % from here", 4: "two: above 50 % from here"}
    rows = [
        (
            str(m),
            *(rate(by.get((n, init, m))) for n, init in ((1, "gaussian"), (1, "he"), (2, "he"))),
            published.get(m, ""),
        )
        for m in range(1, 9)
    ]
    return table(("m", "ours, N(0, 1)", "ours, He", "two generations, He", "published"), rows)


def rate(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "not run"
    return f"{100 * cell['rate']:.0f} % ({words.percent((cell['low'], cell['high']))})"


def ship_of(file: str) -> Callable[[], str]:
    """The table of the races of a result file."""

    def races() -> str:
        content = json.loads((RESULTS / file).read_text())
        rows = [
            line
            for name, row in content["rows"].items()
            for done in row["races"]
            for line in race(name, row, done)
        ]
        head = (
            "network", "density", "threads", "tenth", "rival", "its time",
            "ratio (nine rounds in ten)", "aim", "",
        )  # fmt: skip
        return f"{table(head, rows)}\n\nOn {content['machine']['cpu']}, by turns in one run."

    return races


def race(name: str, row: dict[str, Any], done: dict[str, Any]) -> list[tuple[str, ...]]:
    """The lines of one race: against onnxruntime on the dense net, and DeepSparse on the pruned."""
    by = {one["name"]: one for one in done["contestants"]}
    aims = {"onnxruntime dense": row["bars"].get(str(done["threads"]))}
    if done["threads"] == 1:
        aims["deepsparse pruned"] = row["deepsparse_bar"]
    layout = {"Dense()": "1", "Unstructured()": f"{row['density']:g}"}.get(
        row["layout"], f"{row['density']:g}, {row['layout']}"
    )
    return [
        (
            name,
            layout,
            str(done["threads"]),
            human(by["tenth"]["seconds"], "s"),
            rival,
            human(by[rival]["seconds"], "s"),
            f"{by[rival]['ratio']['median']:.2f}× "
            f"({by[rival]['ratio']['low']:.2f} – {by[rival]['ratio']['high']:.2f})",
            f"{aim:g}×",
            "holds" if by[rival]["ratio"]["median"] >= aim else "missed",
        )
        for rival, aim in aims.items()
        if aim is not None and rival in by
    ]


def teach() -> str:
    content = json.loads((RESULTS / "teach.json").read_text())
    seeds = list(content["runs"].values())
    rows = []
    for way in seeds[0]:
        if way.startswith("rival"):
            continue
        runs = [seed[way] for seed in seeds]
        against = content["differences"].get(way, {})
        rows.append(
            (
                way,
                f"{100 * fmean(run['test'] for run in runs):.1f} %",
                human(fmean(run["own_flops"] for run in runs), "FLOP"),
                human(fmean(run["flops"] for run in runs), "FLOP"),
                *(points(against.get(other)) for other in ("alone", "rival")),
            )
        )
    head = (
        f"digits, {len(seeds)} seeds", "test accuracy", "FLOPs of the run",
        "with what came before", "points against the route alone", "against the rival",
    )  # fmt: skip
    return f"{table(head, rows)}\n\nFLOPs on kept weights; intervals of 90 %, paired."


def steps_of(file: str) -> Callable[[], str]:
    """The table of the steps of a result file."""

    def steps() -> str:
        content = json.loads((RESULTS / file).read_text())
        rows = []
        for name, races in content["rows"].items():
            for done in races:
                by = {one["name"]: one["ratio"]["median"] for one in done["contestants"]}
                rival = f"{by['sparseprop']:.2f} ×" if "sparseprop" in by else ""
                aim = f"{done['bar']:g} ×, {'reached' if by['dense'] >= done['bar'] else 'missed'}"
                rows.append(
                    (
                        name,
                        f"{done['density']:g}",
                        f"{done['threads']}",
                        f"**{by['dense']:.2f} ×**",
                        aim,
                        f"{by['masked']:.2f} ×",
                        rival,
                        f"{done['memory_ratio']:.3f}",
                    )
                )
        head = (
            "net", "density", "threads", "dense step / ours", "aim", "masked step / ours",
            "sparseprop step / ours", "values and Adam, of dense",
        )  # fmt: skip
        machine = content["machine"]
        return f"{table(head, rows)}\n\nMedians on {machine['cpu']}, {machine['date']}."

    return steps


def keep() -> str:
    """Times smaller, of each pair."""
    content = json.loads((RESULTS / "keep.json").read_text())
    rows = []
    for name, row in content["rows"].items():
        others = [row.get(one, {}).get("bytes") for one in ("xor_zstd", "zipnn", "z4ai")]
        ours = row["tenth_fast"]["bytes"]
        least = min(size for size in others if size is not None)
        rows.append(
            (
                *name.split("/"),
                f"{row['changed']:.1%}",
                *(
                    "" if size is None else f"{row['tensor_bytes'] / max(1, size):.2f}×"
                    for size in (
                        ours, row["tenth_archive"]["bytes"], row["limit_bytes"], *others
                    )
                ),
                f"{ours / least:.2f}" if least else "",
            )
        )  # fmt: skip
    head = (
        "net", "numbers", "tuning", "changed", "ours", "archive", "entropy", "XOR, zstd", "zipnn",
        "z4ai", "our bytes, of the best of these",
    )  # fmt: skip
    return table(head, rows)


def keep_short() -> str:
    """The rows of one network in one format, all kinds."""
    rows = json.loads((RESULTS / "keep.json").read_text())["rows"]
    cells = []
    for name, row in rows.items():
        if not name.startswith("minilm/bf16/"):
            continue
        sizes = (row["tenth_fast"]["bytes"], row["xor_zstd"]["bytes"])
        times = (f"{row['tensor_bytes'] / max(1, size):.1f}×" for size in sizes)
        cells.append((name.split("/")[-1], f"{row['changed']:.1%}", *times))
    return table(("tuning", "numbers changed", "tenth keep", "XOR and zstd"), cells)


def keep_store() -> str:
    """One store of many."""
    done = json.loads((RESULTS / "keep.json").read_text())["store"]
    return (
        f"One store of {done['models']} of these models: {human(done['stored_bytes'], 'bytes')} in "
        f"place of {human(done['full_bytes'], 'bytes')}; {done['restored_identical']} restored, "
        "file by file the same."
    )


def keep_speed() -> str:
    """Gigabytes a second of a store."""
    content = json.loads((RESULTS / "keep-speed.json").read_text())
    jobs = ("put base", "put", "put identical", "get", "get base", "copy")
    rows = [
        (name, *(f"{rates[job] / 1e9:.2f}" for job in jobs))
        for name, rates in content["rates"].items()
    ]
    machine = content["machine"]
    shown = table(("GB/s", *jobs), rows)
    return f"{shown}\n\nOn {machine['cpu']}, {machine['threads']} threads, {machine['date']}."


def keep_failures() -> str:
    """What a store survived, counted."""
    content = json.loads((RESULTS / "keep-failures.json").read_text())
    rows = [
        (
            f"killed in the middle of `{verb}`",
            f"{done['killed']}, {done['ended_before']} more ended before",
            f"{done['wrong']}",
            f"{done['lost']}",
            f"{done['litter_files']} files left over, {done['litter_files_after_gc']} after gc",
        )
        for verb, done in content["kills"].items()
    ]
    writers = content["writers"]
    rows.append(
        (
            f"{writers['writers']} writers beside gc, {writers['seconds']:.0f} s",
            f"{writers['puts']} puts, {writers['reads']} reads",
            f"{writers['wrong']}",
            f"{writers['lost']}",
            f"{writers['objects_deleted']} objects deleted",
        )
    )
    for what, title in (("flips", "one byte changed"), ("truncations", "one object cut short")):
        done = content[what]
        rows.append(
            (title, f"{done['cases']}, {done['detected']} detected", f"{done['wrong']}",
             f"{done['lost']}", f"{done['refused_to_serve']} refused, with the reason")
        )  # fmt: skip
    head = ("what was done", "times", "wrong bytes served", "names lost", "and")
    return f"{table(head, rows)}\n\nBy `python bench/keep_failures.py`, {content['date']}."


def standing_of(path: Path) -> list[dict[str, Any]]:
    """How each arm stands: of a race beside its exhaustive design, or of a race alone."""
    content = json.loads(path.read_text())
    return content.get("race") or [one.to_json() for one in Verdict.read(path).standings]


def race_of(name: str) -> Callable[[], str]:
    """The table of a race whose verdict stands in docs/results."""

    def standings() -> str:
        arms = standing_of(RESULTS / f"race-{name}.json")
        dense, rows = arms[0], []
        for one in arms:
            test, cost = Figure.from_json(one["test"]), one["cost"]
            shares = [
                f"{cost[key]['value'] / dense['cost'][key]['value']:.2f} ×"
                if cost and cost[key]["value"] is not None
                else "unknown"
                for key in ("wall_seconds", "flops_executed", "flops_useful")
            ]
            shown = f"{test.value:.2%}" if test.known else "none"
            rows.append((one["name"], f"{one['weights']:,}", shown, one["words"], *shares))
        head = (
            "arm", "weights", "test", "verdict", "seconds, of dense", "FLOPs executed",
            "FLOPs on kept weights",
        )  # fmt: skip
        return table(head, rows)

    return standings


def points(difference: dict[str, float] | None) -> str:
    if difference is None:
        return ""
    mean, low, high = (100 * difference[key] for key in ("mean", "low", "high"))
    return f"{mean:+.1f} ({low:+.1f} – {high:+.1f})"


TABLES: dict[str, Callable[[], str]] = {
    "teach": teach,
    "life": life,
    "arms": arms,
    "digits": digits,
    "study": study,
    "ship": ship_of("ship.json"),
    "ship-avx2": ship_of("ship-avx2.json"),
    "steps": steps_of("steps.json"),
    "steps-avx2": steps_of("steps-avx2.json"),
    "keep": keep,
    "keep-short": keep_short,
    "keep-store": keep_store,
    "keep-speed": keep_speed,
    "keep-failures": keep_failures,
    "race-life": race_of("life"),
    "race-mnist-1d": race_of("mnist-1d"),
    "race-mnist-1d-full": race_of("mnist-1d-full"),
}


def filled(text: str) -> str:
    """A page with every table made anew; one that was never measured stays empty."""
    for name, make in TABLES.items():
        place = re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)
        there = place.search(text)
        if not there:
            continue  # a table of another page
        try:
            body = make() + "\n"
        except FileNotFoundError:
            if there[2]:
                raise
            continue
        text = place.sub(lambda found, body=body: found[1] + body + found[3], text)
    return text


if __name__ == "__main__":
    for page in PAGES:
        write_text(page, filled(page.read_text(encoding="utf-8")))
