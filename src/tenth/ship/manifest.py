"""manifest.json: what a saved program says about itself, and reading it without trusting it."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenth.errors import FormatError, InputError, must
from tenth.kernels.records import VALUES, Values
from tenth.kernels.targets import TARGETS
from tenth.ship.emit.text import check_name
from tenth.ship.interface import C_TYPES, INTERFACE_VERSION, Interface, Port
from tenth.ship.machine import Machine
from tenth.ship.work import Work

SCHEMA = "tenth-program"
VERSION = 2
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_AXIS = re.compile(r"[A-Za-z0-9_ +*/()-]{1,200}")
_MOST = 2**40


@dataclass(frozen=True)
class Layer:
    """A weighted layer as it was compiled; the seconds are of one run at the example's sizes.

    `weight_bytes` are those of its part of weights.bin.
    """

    path: str
    name: str
    op: str
    shape: tuple[int, ...]
    density: float
    kernel: str
    weight_bytes: int
    dense_seconds: float | None
    sparse_seconds: float | None


@dataclass(frozen=True)
class Stamp:
    """What a file must be: its length and its SHA-256."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """All that is known of a program beside its C.

    `values` is the form in which the weights of its layers are written, `weights_bytes` the length
    of weights.bin, which may be built in. `machine` is what the library of the `target` runs on;
    `checked_on` says where its C was run and compared with the original.
    """

    interface: Interface
    example_sizes: Mapping[str, int]
    layers: tuple[Layer, ...]
    work: tuple[Work, ...]
    values: Values
    weights_bytes: int
    target: str
    machine: Machine
    compiler: str
    checked_on: str
    relative_error: float
    made_by: str

    def to_json(self, stamps: Mapping[str, Stamp]) -> str:
        """The text of manifest.json."""
        form = {
            "schema": SCHEMA,
            "version": VERSION,
            "interface_version": INTERFACE_VERSION,
            **dataclasses.asdict(self),
            "files": {name: dataclasses.asdict(stamp) for name, stamp in stamps.items()},
        }
        return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def read(text: str) -> tuple[Manifest, dict[str, Stamp]]:
    """A manifest and the stamps of its files.

    Raises:
        FormatError: it is no manifest, one of another version, or a part of it is not as it must
            be.
    """
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"manifest.json must be JSON. {error}. Compile the program anew."
        ) from error
    if not isinstance(form, dict) or form.get("schema") != SCHEMA:
        raise FormatError(must("manifest.json", f"of schema {SCHEMA!r}", _short(form)))
    for key, known in (("version", VERSION), ("interface_version", INTERFACE_VERSION)):
        if form.get(key) != known:
            raise FormatError(
                must(
                    f"{key} of manifest.json",
                    str(known),
                    _short(form.get(key)),
                    "Compile the program anew with this version of tenth.",
                )
            )
    try:
        return _manifest(form), {
            _file(name): _stamp(stamp) for name, stamp in _of(dict, form, "files").items()
        }
    except InputError as error:
        raise FormatError(f"manifest.json is damaged: {error}") from error


def _manifest(form: Mapping[str, Any]) -> Manifest:
    interface = _of(dict, form, "interface")
    machine = _of(dict, form, "machine")
    sizes = _of(dict, form, "example_sizes")
    whole = Interface(
        check_name(_of(str, interface, "name")),
        tuple(_identifier(size) for size in _of(list, interface, "sizes")),
        tuple(_port(port) for port in _of(list, interface, "inputs")),
        tuple(_port(port) for port in _of(list, interface, "outputs")),
    )
    free = {size for port in whole.inputs for size in port.shape if isinstance(size, str)}
    if free != set(whole.sizes) or set(sizes) != free:
        raise InputError(must("free sizes", "those of the inputs", sorted(whole.sizes)))
    return Manifest(
        interface=whole,
        example_sizes={name: _count(size, "an example size") for name, size in sizes.items()},
        layers=tuple(_layer(layer) for layer in _of(list, form, "layers")),
        work=tuple(_work(step) for step in _of(list, form, "work")),
        values=_values(_of(str, form, "values")),
        weights_bytes=_count(form.get("weights_bytes"), "the bytes of the weights"),
        target=_target(_of(str, form, "target")),
        machine=Machine(
            _of(str, machine, "system"),
            _of(str, machine, "architecture"),
            tuple(_text(feature) for feature in _of(list, machine, "features")),
        ),
        compiler=_of(str, form, "compiler"),
        checked_on=_of(str, form, "checked_on"),
        relative_error=float(_of((int, float), form, "relative_error")),
        made_by=_of(str, form, "made_by"),
    )


def _port(form: Any) -> Port:
    dtype = _of(str, form, "dtype")
    if dtype not in C_TYPES:
        raise InputError(must("a dtype", f"one of {', '.join(C_TYPES)}", dtype))
    shape = _of(list, form, "shape")
    return Port(
        _identifier(_of(str, form, "name")),
        dtype,
        tuple(
            axis if isinstance(axis, str) and _AXIS.fullmatch(axis) else _count(axis, "an axis")
            for axis in shape
        ),
    )


def _layer(form: Any) -> Layer:
    seconds = [_of((int, float, type(None)), form, f"{k}_seconds") for k in ("dense", "sparse")]
    return Layer(
        path=_of(str, form, "path"),
        name=_of(str, form, "name"),
        op=_of(str, form, "op"),
        shape=tuple(_count(size, "a size") for size in _of(list, form, "shape")),
        density=float(_of((int, float), form, "density")),
        kernel=_of(str, form, "kernel"),
        weight_bytes=_of(int, form, "weight_bytes"),
        dense_seconds=seconds[0],
        sparse_seconds=seconds[1],
    )


def _work(form: Any) -> Work:
    return Work(
        name=_of(str, form, "name"),
        path=_of(str, form, "path"),
        op=_of(str, form, "op"),
        flops=_of(int, form, "flops"),
        useful_flops=_of(int, form, "useful_flops"),
        moved_bytes=_of(int, form, "moved_bytes"),
    )


def _target(value: str) -> str:
    if value not in TARGETS:
        raise InputError(must("'target'", f"one of {', '.join(TARGETS)}", _short(value)))
    return value


def _values(value: str) -> Values:
    for known in VALUES:
        if value == known:
            return known
    raise InputError(must("'values'", f"one of {', '.join(VALUES)}", _short(value)))


def _file(value: str) -> str:
    if not _FILE.fullmatch(value):
        raise InputError(must("a file", "named without a folder", _short(value)))
    return value


def _stamp(form: Any) -> Stamp:
    return Stamp(_of(int, form, "size_bytes"), _of(str, form, "sha256"))


def _of(kind: Any, form: Any, key: str) -> Any:
    """The member of a JSON object, of the kind it must be."""
    if not isinstance(form, dict):
        raise InputError(must(f"what holds {key!r}", "an object", _short(form)))
    value = form.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InputError(must(repr(key), "given, and of the right kind", _short(value)))
    return value


def _count(value: Any, thing: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise InputError(must(thing, "1 or more", _short(value)))
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(must("a word", "text", _short(value)))
    return value


def _identifier(value: Any) -> str:
    if not _NAME.fullmatch(_text(value)):
        raise InputError(must("a name", "letters, digits and _ only", _short(value)))
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
