"""What can compute: accelerators, processors, boards; and the machine at hand.

A device says what is published of it; what is not is an unknown figure with its reason.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tenth.catalogue import machine, own
from tenth.catalogue.tables import Row, cell, pick, rows, simplified
from tenth.errors import FormatError, InputError, must
from tenth.figures import Figure, unknown

GENERIC, HERE = "generic-2vcpu-vm", "here"
KINDS = ("gpu", "tpu", "soc", "laptop", "cpu", "edge", "mcu")

# factor from one standard deviation of a lognormal to half of its 90 % interval
_NINETY = 1.645
# share of the rated power that a busy thread draws, and how far that is off (90 %)
_BUSY_SHARE, _BUSY_ERROR = 0.75, 0.45
# what a GPU board draws in training beside its rated power, with its share of the host
_BOARD_SHARE, _HOST_SHARE, _TDP_SIGMA = 0.85, 0.35, 1.30


@dataclass(frozen=True)
class Device:
    """One kind of device; each figure carries its source.

    `peak_flops` is dense, never the doubled 2:4 headline: 16-bit with 32-bit sums, or float32 for
    processors with `threads`. `node_watts` is the draw in training of one device with its share of
    the host, before the cooling of a building; `watts_per_thread` is the same for one busy thread.
    """

    name: str
    title: str
    kind: str
    peak_flops: Figure
    memory_bytes: Figure
    bandwidth: Figure
    tdp_watts: Figure
    node_watts: Figure
    watts_per_thread: Figure
    threads: int | None = None
    notes: str = ""
    confidence: str = ""

    @property
    def called(self) -> str:
        """The name in a sentence."""
        return "this machine" if self.name == HERE else self.name

    def many(self, count: int | None) -> str:
        """So many of it, as `8 × h100-sxm`."""
        if self.name == HERE and count == 1:
            return self.called
        return f"{count or 'an unknown number of'} × {self.called}"


def all() -> tuple[Device, ...]:
    """Every device of the catalogue, in the order of its table."""
    return tuple(_table().values())


def find(name: str, mine: Sequence[Device] = ()) -> Device:
    """The device called `name`, by its id, full name or an alias, whatever the case.

    `here` is this machine. `mine` are the user's own devices (see `read`), which come first.

    >>> find("H100").name
    'h100-sxm'

    Raises:
        InputError: not in the catalogue; the message holds the near matches.
    """
    if name == HERE:
        return here()
    if isinstance(name, str):
        for device in mine:
            if simplified(name) in map(simplified, (device.name, device.title)):
                return device
    hint = f"Devices: {', '.join(row['id'] for row in rows('devices'))}."
    listing = [name for row in rows("devices") for name in (row["id"], *_aliases(row))]
    listing += [device.name for device in mine]
    return pick(_names(), name, "device", listing=listing, hint=hint)


_NUMBERS = (
    "threads",
    "fp32_tflops",
    "fp16_bf16_tensor_dense_tflops",
    "memory_gb",
    "bandwidth_gbs",
    "tdp_w",
    "node_w",
    "node_w_sigma_percent",
)
_WORDS = ("name", "sparse_note", "node_w_source", "spec_source", "confidence", "notes")


def read(path: str | Path) -> tuple[Device, ...]:
    """The devices of a user's own table: CSV with columns `id`, `class` and what is known.

    Columns are those of the catalogue's table: fp32_tflops, fp16_bf16_tensor_dense_tflops (dense),
    memory_gb, bandwidth_gbs, tdp_w, node_w (with node_w_sigma_percent, 12 if left out), threads,
    name, spec_source, notes. An empty cell is unknown.

    Raises:
        FormatError: anything that is not understood; the message names the line.
    """
    found: dict[str, Device] = {}
    for row in own.read(path, ("id", "class"), (*_NUMBERS, *_WORDS)):
        own.word(row, "class", KINDS)
        numbers = {column: own.number(row, column) for column in _NUMBERS}
        threads = numbers["threads"]
        if threads is not None and threads != int(threads):
            raise FormatError(must(f"threads in {row['line']}", "a whole number", row["threads"]))
        if numbers["fp32_tflops"] is None and numbers["fp16_bf16_tensor_dense_tflops"] is None:
            rule = "a row with fp32_tflops or fp16_bf16_tensor_dense_tflops"
            raise FormatError(must(row["line"], rule, "neither"))
        if simplified(row["id"]) in found or row["id"] == HERE:
            raise FormatError(must(f"id in {row['line']}", "a name of its own", repr(row["id"])))
        filled = {"name": row["name"] or row["id"], "aliases": ""}
        filled["threads"] = "" if threads is None else str(int(threads))
        filled["node_w_sigma_percent"] = row["node_w_sigma_percent"] or "12"
        source = row["spec_source"] or Path(path).name
        filled |= {"spec_source": source, "node_w_source": row["node_w_source"] or source}
        found[simplified(row["id"])] = _device({**row, **filled})
    return tuple(found.values())


def here(threads: int | None = None) -> Device:
    """The processor of this machine: its catalogue row if its model has one, else the generic row.

    Args:
        threads: how many of its threads will work; all that this process may use if not said.

    Raises:
        InputError: `threads` is not a whole number of at least 1.
    """
    threads = machine.threads() if threads is None else threads
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(must("threads", "a whole number of at least 1", threads))
    title, memory = machine.cpu_name(), machine.memory_bytes()
    known = _row_of_model(title)
    return replace(
        known,
        name=HERE,
        title=title,
        peak_flops=_peak_here(known, threads),
        memory_bytes=unknown("bytes", "this system does not say how much memory it has")
        if memory is None
        else Figure(memory, "bytes", source="this system"),
        bandwidth=unknown("bytes/s", "not measured here"),
        tdp_watts=unknown("W", "a share of a processor has no rated power of its own"),
        node_watts=_times(known.watts_per_thread, threads),
        threads=threads,
        notes=f"taken as {threads} threads of {known.title}",
    )


def _peak_here(known: Device, threads: int) -> Figure:
    """The table's peak, scaled by threads.

    The generic row is 3 times below what a machine with AVX-512 reaches, hence its wide interval.
    """
    peak = known.peak_flops.bounds()[0] * threads / (known.threads or 1)
    low, high = (0.5, 4.0) if known.name == GENERIC else (0.5, 1.5)
    source = f"{threads} threads of the table's row {known.name}"
    return Figure(peak, "FLOP/s", peak * low, peak * high, "modelled", source)


def _row_of_model(title: str) -> Device:
    """The device whose model number stands in the CPU's own name, else the generic one."""
    words = {simplified(word) for word in title.split()}
    for row in rows("devices"):
        if row["class"] in ("cpu", "laptop") and words & {
            simplified(alias) for alias in _aliases(row)
        }:
            return _table()[row["id"]]
    return _table()[GENERIC]


@cache
def _table() -> dict[str, Device]:
    return {row["id"]: _device(row) for row in rows("devices")}


@cache
def _names() -> dict[str, Device]:
    names: dict[str, Device] = {}
    for row in rows("devices"):
        for name in (row["id"], row["name"], *_aliases(row)):
            names[simplified(name)] = _table()[row["id"]]
    return names


def _aliases(row: Row) -> list[str]:
    return [alias for alias in row["aliases"].split(";") if alias]


def _device(row: Row) -> Device:
    threads = int(row["threads"]) if row["threads"] else None
    tdp = cell(row, "tdp_w", "W")
    per_thread = _watts_per_thread(row, tdp, threads)
    half = "fp16_bf16_tensor_dense_tflops"
    column = half if row[half] and threads is None else "fp32_tflops"
    return Device(
        name=row["id"],
        title=row["name"],
        kind=row["class"],
        peak_flops=cell(row, column, "FLOP/s", 1e12),
        memory_bytes=cell(row, "memory_gb", "bytes", 1e9),
        bandwidth=cell(row, "bandwidth_gbs", "bytes/s", 1e9),
        tdp_watts=tdp,
        node_watts=_node_watts(row, tdp, per_thread, threads),
        watts_per_thread=per_thread,
        threads=threads,
        notes="; ".join(filter(None, (row["sparse_note"], row["notes"]))),
        confidence=row["confidence"],
    )


def _watts_per_thread(row: Row, tdp: Figure, threads: int | None) -> Figure:
    """The reading of the table, else 0.75 × rated watts, ÷ threads; give or take 45 %.

    Source: four CPUs with readable counters, CodeCarbon's profiles: every formula on load alone
    errs by about 45 %; this one has the least bias.
    """
    if threads is None:
        return unknown("W", f"{row['name']} is not a processor with threads")
    if row["node_w"]:
        watts, words = float(row["node_w"]), f"{row['node_w']} W"
    elif tdp.value is not None:
        watts, words = _BUSY_SHARE * tdp.value, f"{_BUSY_SHARE} × {tdp.value:g} W rated"
    else:
        return tdp
    value = watts / threads
    source = f"{words} ÷ {threads} threads of {row['id']}, ±45 %"
    return Figure(
        value, "W", value * (1 - _BUSY_ERROR), value * (1 + _BUSY_ERROR), "modelled", source
    )


def _node_watts(row: Row, tdp: Figure, per_thread: Figure, threads: int | None) -> Figure:
    """The reading of the table; else busy threads; else rated power with a share of the host.

    Source: arXiv:2506.14551 (formulas on rated power err by 27 to 37 %, calibrated ones by 11 %).
    """
    if row["node_w"]:
        sigma = 1 + float(row["node_w_sigma_percent"]) / 100
        return _around(float(row["node_w"]), sigma, "given", f"table: {row['node_w_source']}")
    if threads is not None:
        return _times(per_thread, threads)
    if tdp.value is None:
        return tdp
    source = f"({_BOARD_SHARE} + {_HOST_SHARE} host) × {tdp.value:g} W rated"
    return _around(tdp.value * (_BOARD_SHARE + _HOST_SHARE), _TDP_SIGMA, "modelled", source)


def _around(value: float, sigma: float, label: Any, source: str) -> Figure:
    factor = math.exp(_NINETY * math.log(sigma))
    return Figure(value, "W", value / factor, value * factor, label, source)


def _times(figure: Figure, count: int) -> Figure:
    value, low, high = (bound * count for bound in figure.bounds())
    return Figure(value, figure.unit, low, high, figure.label, f"{count} × {figure.source}")
