"""From what a user types to a plan: a size, a family, a configuration or weights, and the work."""

import difflib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.figures import counted, human
from tenth.plan.assumptions import Assumptions
from tenth.plan.estimate import estimate
from tenth.plan.models import PRESETS, Model, Sizes, preset, read_config, read_weights, thin
from tenth.plan.of_model import of_model
from tenth.plan.result import Plan
from tenth.plan.work import KINDS, Serve, Train

INFERENCE = "inference"
_SHAPE = "Activations need the shape of a model: give a preset or a config."


@dataclass(frozen=True)
class Ask:
    """What is asked; None was not said.

    `what` is a preset's name or a path; `params` and `tokens` a size; `work` one of `KINDS` or
    "inference"; `images` are samples of an image model; `targets` are names with commas between.
    """

    what: str | None = None
    params: float | None = None
    tokens: float | None = None
    images: float | None = None
    work: str | None = None
    sizes: Sizes = field(default_factory=Sizes)
    low_rank: int | None = None
    batch: int = 1
    sequence: int | None = None
    rank: int = 16
    targets: str = "q_proj,k_proj,v_proj,o_proj"
    serve: Serve = field(default_factory=Serve)


def plan_of(
    ask: Ask,
    *,
    device: str | Device | None = None,
    count: int | None = 1,
    place: str | None = None,
    assume: Assumptions | None = None,
) -> Plan:
    """The plan that is asked for.

    Raises:
        InputError: nothing to plan, too much of it, or a number that makes no sense.
    """
    where = {"device": device, "count": count, "place": place, "assume": assume}
    if ask.work is not None and ask.work not in (*KINDS, INFERENCE):
        known = ", ".join((*KINDS, INFERENCE))
        raise InputError(must("work", f"one of {known}", repr(ask.work)))
    if ask.what is None:
        return _of_size(ask, ask.params, "--params", where)
    if ask.params is not None:
        remedy = f"Leave out --params, or {ask.what}."
        raise InputError(must("the model", "given once", f"{ask.what} and --params", remedy))
    path = Path(ask.what)
    if ask.what not in PRESETS and _is_weights(path):
        return _of_weights(ask, path, where)
    model = _model(ask, path)
    if ask.low_rank is not None:
        model = thin(model, ask.low_rank)
    return of_model(model, _work(ask, model), **where)


def sequence_of(ask: Ask) -> int | None:
    """Tokens of a sequence that a plan of this model takes; None for images and without a shape.

    Raises:
        InputError: the model cannot be read.
    """
    path = Path(str(ask.what))
    if ask.what is None or (ask.what not in PRESETS and _is_weights(path)):
        return None
    model = _model(ask, path)
    return (ask.sequence or model.length) if model.sample == "token" else None


def _is_weights(path: Path) -> bool:
    if path.is_dir():
        return not (path / "config.json").is_file()
    return path.suffix == ".safetensors"


def _of_weights(ask: Ask, path: Path, where: dict) -> Plan:
    """The plan of a size that is counted from the headers of a file, and says so."""
    found, name = read_weights(path), path.name or str(path)
    if ask.work in (None, "pretrain", "full") and ask.tokens is None:
        remedy = f"Add --tokens: `tenth plan {path} --tokens 1e9`."
        raise InputError(must(f"training of {name}", "told --tokens", "nothing", remedy))
    plan = _of_size(ask, found.parameters, str(path), where)
    size = counted(found.parameters, "parameters", f"headers of {name}")
    title = plan.title.replace("plan: ", f"plan: {name}, ", 1)
    inputs = {"model": str(path), **plan.inputs}
    return replace(plan, title=title, figures={**plan.figures, "parameters": size}, inputs=inputs)


def _about(layers: int) -> float:
    """Parameters of a Llama of width 128 a layer and 32,000 words: blocks, and embeddings twice."""
    width = 128 * layers
    return 12.0 * layers * width**2 + 2.0 * 32_000 * width


def _with_a_shape(params: float | None) -> str:
    """How to give a shape to a size: the preset that is nearest, and a family with sizes."""
    if not params or not math.isfinite(params) or params <= 0:
        return "A size has no shape: give a preset, such as llama3-8b, or a config.json."
    sizes = {name: preset(name) for name in PRESETS}
    texts = [row for row in sizes.items() if row[1].sample == "token" and "bert" not in row[0]]
    near = min(texts, key=lambda row: abs(math.log(row[1].parameters / params)))
    layers = min(range(1, 200), key=lambda n: abs(math.log(_about(n) / params)))
    return (
        f"A size has no shape. Give one: {near[0]} ({human(near[1].parameters, 'parameters')}) is "
        f"the preset that is nearest; or `llama --layers {layers} --width {128 * layers}`; or a "
        "config.json."
    )


def _of_size(ask: Ask, params: float | None, origin: str, where: dict) -> Plan:
    if ask.work not in (None, "pretrain", "full"):
        remedy = _with_a_shape(params)
        raise InputError(must("work of a size", "pretrain or full", ask.work, remedy))
    if ask.low_rank is not None or ask.sizes != Sizes():
        raise InputError(must("sizes", "given to a preset", f"with {origin}", "Such as `llama`."))
    if ask.sequence is not None or ask.batch != 1:
        rule = "left out where only a size is known"
        raise InputError(must("batch and sequence", rule, "one of them", _SHAPE))
    if params is None or ask.tokens is None:
        got = f"{origin} alone" if params is not None else "--tokens alone"
        remedy = "Add the other one: `--params 7e9 --tokens 2e12`."
        raise InputError(must("a size", "given by --params and --tokens", got, remedy))
    return estimate(params=params, tokens=ask.tokens, **where)


def _model(ask: Ask, path: Path) -> Model:
    if ask.what in PRESETS:
        return _preset(ask)
    file = path / "config.json" if path.is_dir() else path
    if file.suffix == ".json":
        if ask.sizes != Sizes():
            raise InputError(must("sizes", "those of the file", f"more of them beside {file}"))
        model = read_config(file)
        named = model.name if model.name != "config.json" else str(file)
        return replace(model, name=named)
    near = difflib.get_close_matches(str(ask.what), PRESETS, n=2)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "Presets: " + ", ".join(PRESETS)
    rule = "a task file, a config.json, weights in safetensors, or a preset"
    raise InputError(must("what to plan", rule, repr(ask.what), remedy))


def _preset(ask: Ask) -> Model:
    name = str(ask.what)
    built = preset(name, ask.sizes)
    longer = ask.sequence is not None and ask.sequence > (built.length or 0)
    if built.sample == "image":
        return built if ask.sequence is None else preset(name, _side(ask))
    # a table of positions must reach as far as the sequences do
    return preset(name, _side(ask)) if longer else built


def _side(ask: Ask) -> Sizes:
    return replace(ask.sizes, sequence=ask.sequence)


def _work(ask: Ask, model: Model) -> Train | Serve:
    if ask.work == INFERENCE:
        if ask.tokens is not None or ask.images is not None:
            got = "--tokens" if ask.tokens is not None else "--images"
            remedy = "--tokens and --images are those of training."
            rule = "told --requests, and --tokens-in and --tokens-out of each"
            raise InputError(must("inference", rule, got, remedy))
        return ask.serve
    name, other = ("tokens", "images") if model.sample == "token" else ("images", "tokens")
    samples = getattr(ask, name)
    if samples is None or getattr(ask, other) is not None:
        got = f"--{other}" if getattr(ask, other) is not None else "nothing"
        example = f"Add --{name} {'2e12' if name == 'tokens' else '1.2e8'}, or --work inference."
        raise InputError(must(f"training of {model.name}", f"told --{name}", got, example))
    targets = tuple(filter(None, (target.strip() for target in ask.targets.split(","))))
    return Train(
        samples=samples,
        kind=ask.work or "pretrain",
        batch=ask.batch,
        sequence=ask.sequence if model.sample == "token" else None,
        rank=ask.rank,
        targets=targets,
    )
