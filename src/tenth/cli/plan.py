"""`tenth plan`: what a model will cost, said before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenth.cli import advice
from tenth.cli.amounts import amount
from tenth.cli.options import Density, Json, Place, Seed
from tenth.cli.receipts.arguments import Lang
from tenth.cli.show import print_result
from tenth.errors import InputError, must

if TYPE_CHECKING:
    from tenth.plan import Plan

OVERVIEW = """\
tenth plan says what a model will cost before anything runs.

  from a size           tenth plan --params 7e9 --tokens 2e12 --device h100 --count 64
  from a family         tenth plan llama --layers 32 --width 4096 --tokens 2e12 --device h100
  from a configuration  tenth plan path/config.json --work lora --tokens 1e8 --device rtx4090
  from weights          tenth plan model.safetensors --tokens 1e9 --device a100
  from a task file      tenth plan my_task.py

  from a budget         tenth plan --budget 500usd --budget 3days --device h100
  an old story          tenth plan gpt3

  the work              --work pretrain | full | lora | qlora | inference
  where                 --device h100 --count 8 --place FRA
  what you know better  --mfu --strategy --recompute --price --tier --pue
  your own tables       --devices my.csv --prices my.csv
  more                  --explain prints each formula; --html writes a page; --json one object;
                        --help all options

"""


def plan(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A task file, a config.json, weights (a .safetensors file or its folder), or a "
            "family: llama, llama3-8b, llama3-70b, mixtral, gpt2, gpt3, bert, bert-large, vit-b, "
            "vit-l, resnet18, resnet50, resnet152.",
        ),
    ] = None,
    params: Annotated[
        float | None, typer.Option(parser=amount, help="Parameters, such as 7e9 or 7B.")
    ] = None,
    tokens: Annotated[
        float | None, typer.Option(parser=amount, help="Training tokens, such as 2e12 or 2T.")
    ] = None,
    images: Annotated[
        float | None, typer.Option(parser=amount, help="Training images, all epochs.")
    ] = None,
    work: Annotated[
        str | None, typer.Option(help="pretrain (default), full, lora, qlora or inference.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Device of the catalogue, such as h100; default: this one.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(help="How many devices; default: 1, and under a budget what does most."),
    ] = None,
    place: Place = None,
    layers: Annotated[int | None, typer.Option(help="Of a family: layers.")] = None,
    width: Annotated[int | None, typer.Option(help="Of a family: width of a layer.")] = None,
    heads: Annotated[int | None, typer.Option(help="Of a family: attention heads.")] = None,
    kv_heads: Annotated[int | None, typer.Option(help="Of a family: key and value heads.")] = None,
    ff_width: Annotated[int | None, typer.Option(help="Of a family: hidden width.")] = None,
    vocabulary: Annotated[
        int | None, typer.Option(help="Of a family: words, or classes of images.")
    ] = None,
    sequence: Annotated[
        int | None, typer.Option(help="Tokens of a sequence, or pixels of a side.")
    ] = None,
    batch: Annotated[
        int, typer.Option(help="Sequences or images on a device at a time; answers at a time.")
    ] = 1,
    rank: Annotated[int, typer.Option(help="LoRA: rank of its matrices.")] = 16,
    targets: Annotated[
        str, typer.Option(help="LoRA: layers with commas between, or all.")
    ] = "q_proj,k_proj,v_proj,o_proj",
    tokens_in: Annotated[int, typer.Option(help="Inference: tokens of a prompt.")] = 512,
    tokens_out: Annotated[int, typer.Option(help="Inference: tokens of an answer.")] = 256,
    requests: Annotated[float, typer.Option(parser=amount, help="Inference: how many.")] = 1.0,
    bits: Annotated[int, typer.Option(help="Inference: bits of a weight.")] = 16,
    cache_bits: Annotated[int, typer.Option(help="Inference: bits of a cached number.")] = 16,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="Memory: fp32-adam, fp32-sgd, mixed-adam, bf16-adam, 8bit-adam, zero-1, zero-2, "
            "zero-3 (fsdp), offload; default: the first that fits."
        ),
    ] = None,
    recompute: Annotated[
        bool, typer.Option(help="Compute activations again in the backward pass.")
    ] = False,
    precision: Annotated[str, typer.Option(help="16-bit, or fp8 on H100.")] = "16-bit",
    active: Annotated[
        float | None,
        typer.Option(parser=amount, help="With --params: parameters at work for a token."),
    ] = None,
    mfu: Annotated[float | None, typer.Option(help="MFU of a step, as you measured it.")] = None,
    price: Annotated[float | None, typer.Option(help="USD for an hour of one device.")] = None,
    tier: Annotated[
        str | None, typer.Option(help="Price of the catalogue: low, typical, hyperscaler.")
    ] = None,
    pue: Annotated[
        float | None, typer.Option(help="Energy of the building over that of the machines.")
    ] = None,
    devices: Annotated[
        Path | None, typer.Option(help="Your own devices, CSV with id, class and what you know.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your own prices, CSV: device,tier,usd_per_hour,date.")
    ] = None,
    density: Density = None,
    zeros: Annotated[
        str, typer.Option(help="Where zeros may stand: unstructured, 2:4 or channel.")
    ] = "unstructured",
    low_rank: Annotated[
        int | None, typer.Option(help="Each matrix as a product of two of this rank.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Of a task: training steps; default: what it says.")
    ] = None,
    measure: Annotated[
        bool, typer.Option(help="Of a task: time a few steps on this machine.")
    ] = True,
    budget: Annotated[
        list[str] | None,
        typer.Option(help="What may be spent: 500usd, 20kWh or 3days; once for each that holds."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Under a budget: draw it, as .svg or .png.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print each formula with its numbers.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plan as one page, too.")
    ] = None,
    lang: Lang = "en",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Say what a model will cost, before it is trained or run.

    Parameters, FLOPs, memory, hours, money, energy, carbon. Every figure has a 90 % interval, a
    label (counted, measured, modelled, estimated, given) and a source. Nothing is trained and
    nothing is looked up on a network; with a task file a few steps are timed (--no-measure: none).

    What does it cost to train 7 billion parameters on 2 trillion tokens, in France?

        tenth plan --params 7e9 --tokens 2e12 --device h100 --place FRA

    Does a fine-tuning of Llama 3 8B fit my card, and what if not?

        tenth plan llama3-8b --work qlora --tokens 1e8 --device rtx4090

    How fast does it answer, sixteen at a time, on weights of 4 bits?

        tenth plan llama3-8b --work inference --batch 16 --bits 4

    What about the model in this folder (a config.json of Hugging Face)?

        tenth plan ./my-model --tokens 1e9 --device a100 --explain

    And my own training, on this machine?

        tenth plan examples/digits.py

    What do 500 dollars or three days pay for, and on which device?

        tenth plan --budget 500usd --budget 3days
    """
    if what is None and params is None and tokens is None and not budget:
        if not as_json:
            print(OVERVIEW, end="")
        rule = "made from a task file or from a size, a family, a configuration or weights"
        raise InputError(must("the plan", rule, "none of them", "See `tenth plan --help`."))

    from tenth.cli.planning import of_task
    from tenth.plan import Assumptions, Serve, Sizes
    from tenth.plan.ask import Ask, plan_of

    _check_language(lang, html)
    device_meant, price_rows, mine = _tables(device, devices, prices)
    assume = Assumptions(
        active_parameters=active,
        mfu=mfu,
        precision=precision,
        recompute=recompute,
        strategy=strategy,
        density=1.0 if density is None else density,
        zeros=zeros,
        price_usd_per_hour=price,
        tier=tier,
        prices=price_rows,
        pue=pue,
    )
    where = advice.Where(device_meant, 1 if count is None else count, place, assume)
    ask = Ask(
        what,
        params,
        tokens,
        images,
        work,
        Sizes(layers, width, heads, kv_heads, ff_width, vocabulary),
        low_rank,
        batch,
        sequence,
        rank,
        targets,
        Serve(requests, tokens_in, tokens_out, batch, bits, cache_bits),
    )
    of_one_plan = [name for name, said in (("--html", html), ("--explain", explain)) if said]
    asked = advice.Asked(budget or (), picture, count, mine, of_one_plan)
    if advice.answered(ask, asked, where, as_json):
        return
    if what is not None and what.endswith(".py"):
        result = of_task(ask, where, steps, seed if measure else None)
    else:
        result = plan_of(ask, device=where.device, count=where.count, place=place, assume=assume)
    if html is not None:
        _write(result, html, lang)
    print_result(result, result.to_json, as_json)
    if explain and not as_json:
        print(f"\n{result.explain()}")


def _check_language(lang: str, html: Path | None) -> None:
    """Raise unless the page that is asked for can be in this language, and there is one."""
    if html is None:
        if lang != "en":
            rule, remedy = (
                "given with --html",
                "It is the language of the page; tables are in English.",
            )
            raise InputError(must("--lang", rule, repr(lang), remedy))
        return
    from tenth.receipt.look.language import language

    language(lang)


def _write(plan: Plan, path: Path, lang: str) -> None:
    from tenth.files import write_text
    from tenth.plan import page

    with advice.named("--html"):
        write_text(path, page.html(plan, lang))


def _tables(device: str | None, devices: Path | None, prices: Path | None) -> tuple:
    """The device meant, the user's price rows and the user's devices."""
    from tenth import catalogue

    mine = () if devices is None else catalogue.devices.read(devices)
    rows = () if prices is None else catalogue.prices.read(prices, mine)
    if device is None:
        return None, rows, mine
    return catalogue.devices.find(device, mine), rows, mine
