"""Receipts of one run, by several processes and machines, added up to one.

Costs of processes add up; what is of a whole machine counts once a machine (see processes.py). A
receipt that is given twice, or once as it was and once as it became, counts once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenth.errors import InputError, must
from tenth.figures import unknown
from tenth.receipt.place import Place
from tenth.receipt.processes import many, united
from tenth.receipt.record import Receipt, read
from tenth.receipt.stage import Stage


def gathered(paths: Iterable[str | Path]) -> list[Receipt]:
    """The receipts of these files, and those among the JSON files in these folders.

    Raises:
        FormatError: a file is no receipt, or is not as it was sealed.
        InputError: a folder holds none.
    """
    files, _ = sorted_out(paths)
    return [Receipt.load(file).as_sealed("to be added up") for file in files]


def sorted_out(paths: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """The files with receipts, and the JSON files in these folders that are of another kind.

    Raises:
        FormatError: a file in a folder holds no JSON.
        InputError: a folder holds no receipt.
    """
    receipts: list[Path] = []
    others: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            receipts.append(path)
            continue
        files = sorted(path.glob("*.json"))
        found = [file for file in files if _claims(read(file))]
        if not found:
            got = ", ".join(file.name for file in files) or "no JSON file"
            raise InputError(must(f"folder {path}", "one with receipts", got))
        receipts += found
        others += [file for file in files if file not in found]
    return receipts, others


def _claims(form: Any) -> bool:
    """Whether a document says that it is a receipt; whether it is one is looked at later."""
    return isinstance(form, dict) and str(form.get("schema")).startswith("tenth-receipt/")


def add(receipts: Sequence[Receipt]) -> Receipt:
    """One receipt of the run that these are parts of.

    Stages of one name, each in another process, become one; the others stay as they are. Title,
    task, scores, sizes and arms are those of the first receipt that has them.

    Raises:
        InputError: none is given, or they are of several runs, or one says no run.
    """
    if not receipts:
        raise InputError(must("receipts to add", "at least one", "none"))
    ids = {receipt.run.id for receipt in receipts}
    if len(ids) > 1 or None in ids:
        got = ", ".join(sorted(str(one) for one in ids))
        remedy = "Set TENTH_RUN_ID to one word in each process of a run."
        raise InputError(must("receipts to add", "of one run id", got, remedy))
    latest = _latest(receipts)
    processes: dict[tuple[str | None, str | None], list[Receipt]] = {}
    for receipt in latest:
        processes.setdefault((receipt.run.node, receipt.run.process), []).append(receipt)
    whole = replace(
        latest[0],
        stages=_joined(processes),
        place=_place(latest),
        hardware=_hardware(latest),
        created=max(receipt.created for receipt in latest),
        provenance=list(dict.fromkeys(one for r in latest for one in r.provenance)),
        notes=list(dict.fromkeys(note for r in latest for note in r.notes)),
        run=replace(latest[0].run, node=None, process=None)
        if len(processes) > 1
        else latest[0].run,
    )
    for name in ("scores", "sizes", "arms", "plan", "plan_of"):
        having = (getattr(receipt, name) for receipt in latest)
        setattr(whole, name, next((one for one in having if one), getattr(whole, name)))
    machines = len({r.run.node for r in latest})
    whole.notes.append(
        f"Added up from {many(len(latest), 'receipt')} of {many(len(processes), 'process', 'es')}"
        f" on {many(machines, 'machine')}."
    )
    return whole


def _latest(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Each receipt once, as it was last written: with the most time on its clock."""
    found: dict[tuple[str | None, ...], Receipt] = {}
    for receipt in receipts:
        run = receipt.run
        key = (run.node, run.process, receipt.title, receipt.created)
        if run.process is None:  # nothing tells it from others
            key = (*key, str(len(found)))
        if key not in found or _clock(receipt) > _clock(found[key]):
            found[key] = receipt
    return list(found.values())


def _clock(receipt: Receipt) -> tuple[float, int]:
    clocks = [stage.figures.get("wall_seconds") for stage in receipt.stages]
    whole = sum(clock.value or 0.0 for clock in clocks if clock is not None)
    return whole, -sum(stage.interrupted for stage in receipt.stages)


def _joined(processes: dict[tuple[str | None, str | None], list[Receipt]]) -> list[Stage]:
    """Stages as first seen; the n-th of a name in one process with the n-th of the others."""
    groups: dict[tuple[str, int], list[tuple[Stage, str]]] = {}
    for (node, _), receipts in processes.items():
        seen: dict[str, int] = {}
        for receipt in sorted(receipts, key=lambda one: one.created):
            for stage in receipt.stages:
                number = seen[stage.name] = seen.get(stage.name, -1) + 1
                groups.setdefault((stage.name, number), []).append((stage, str(node)))
    stages = []
    for group in groups.values():
        members = [stage for stage, _ in group]
        alone = len(group) == 1
        stages.append(members[0] if alone else united(members, [node for _, node in group]))
    return stages


def _place(receipts: Sequence[Receipt]) -> Place:
    places = list(dict.fromkeys(receipt.place.name for receipt in receipts))
    if len(places) == 1:
        return receipts[0].place
    reason = "the run was in several places: each stage is charged by its own"
    return Place(None, ", ".join(places), unknown("gCO2e/kWh", reason))


def _hardware(receipts: Sequence[Receipt]) -> dict[str, object]:
    """That of the first, with the number of machines and what else is among them."""
    nodes = {receipt.run.node: receipt.hardware for receipt in receipts}
    others = list(dict.fromkeys(str(one["cpu"]) for one in nodes.values()))
    found = dict(receipts[0].hardware)
    if len(nodes) > 1:
        found["machines"] = len(nodes)
    if len(others) > 1:
        found["processors"] = others
    return found
