"""`tenth plan` as a user meets it."""

import json
import re

import pytest
from typer.testing import CliRunner

from tenth.cli.main import app
from tenth.plan import Sizes, preset

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
    "max_position_embeddings": 32,
}
TASK = """
import torch
import tenth
from torch import nn

task = tenth.Task(
    name="line",
    model=lambda: nn.Linear(4, 2),
    batches=lambda seed: [torch.zeros(8, 4)],
    loss=lambda model, x: LOSS,
    score=lambda model, split: 0.0,
    example=(torch.zeros(1, 4),),
    steps=10,
)
"""


def run(*arguments):
    result = CliRunner().invoke(app, ["plan", *map(str, arguments)], env={"TENTH_PLACE": ""})
    assert "Traceback" not in result.output
    return result


def figures(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["figures"]


def refused(*arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("tenth: ")
    return result.stderr


def test_nothing_prints_what_it_can_do():
    result = run()
    assert result.exit_code == 2
    for word in ("from a size", "from a family", "from a configuration", "--work", "--explain"):
        assert word in result.stdout
    assert "none of them" in result.stderr


def test_help_teaches_by_examples_and_names_every_preset():
    from tenth.plan.models import PRESETS

    text = run("--help").stdout
    assert text.count("tenth plan ") >= 5
    for name in PRESETS:
        assert name in text


def test_a_preset_with_sizes_of_its_own():
    found = figures("llama", "--layers", 2, "--width", 64, "--heads", 4, "--tokens", 1e6)
    assert found["parameters"]["label"] == "counted"
    assert (
        found["parameters"]["value"] == 32000 * 64 * 2 + 2 * (4 * 64**2 + 3 * 64 * 256 + 128) + 64
    )


def test_the_keys_that_others_read_are_there_whatever_the_work():
    keys = {
        "parameters",
        "training_flops",
        "memory_bytes",
        "device_hours",
        "days",
        "energy_kwh",
        "carbon_kgco2e",
        "price_usd",
    }
    assert keys <= set(figures("--params", 1e9, "--tokens", 1e9, "--device", "h100"))
    for work in ("pretrain", "full", "lora", "qlora", "inference"):
        more = () if work == "inference" else ("--tokens", 1e9)
        assert keys <= set(figures("llama3-8b", "--work", work, "--device", "h100", *more))


def test_a_configuration_and_its_folder_are_the_same(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    one = figures(tmp_path, "--tokens", 1e6, "--device", "a100")
    assert one == figures(tmp_path / "config.json", "--tokens", 1e6, "--device", "a100")
    assert one["parameters"]["value"] == 2 * 100 * 64 + 2 * (4 * 64**2 + 3 * 64 * 128 + 128) + 64


def test_weights_alone_give_a_size(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"w": np.zeros((30, 10), np.float32)}, tmp_path / "m.safetensors")
    for what in (tmp_path, tmp_path / "m.safetensors"):
        found = figures(what, "--tokens", 1000)
        assert found["parameters"]["value"] == 300
        assert found["training_flops"]["value"] == 6 * 300 * 1000
        assert found["parameters"]["label"] == "counted"
        assert found["parameters"]["source"] == f"headers of {what.name}"
        assert f"plan: {what.name}, 300 parameters" in run(what, "--tokens", 1000).stdout
        missing = refused(what)
        assert "told --tokens" in missing
        assert "--params" not in missing
    assert "pretrain or full" in refused(tmp_path, "--tokens", 5, "--work", "lora")


@pytest.mark.parametrize(
    ("params", "near"), [("7e9", "llama"), ("1e11", "llama3-70b"), ("1e8", "gpt2")]
)
def test_work_that_needs_a_shape_says_how_to_give_one(params, near):
    for work in ("lora", "inference"):
        said = refused("--params", params, "--tokens", 1e9, "--work", work)
        assert f"Give one: {near} (" in said
        layers, width = re.search(r"llama --layers (\d+) --width (\d+)", said).groups()
        model = preset("llama", Sizes(layers=int(layers), width=int(width), heads=int(layers)))
        assert 0.7 < model.parameters / float(params) < 1.6
        more = () if work == "inference" else ("--tokens", 1e9)
        shape = ("--layers", layers, "--width", width)
        assert run("llama", *shape, "--work", work, "--device", "h100", *more).exit_code == 0


def test_a_users_tables_come_first(tmp_path):
    devices, prices = tmp_path / "d.csv", tmp_path / "p.csv"
    devices.write_text(
        "id,class,fp16_bf16_tensor_dense_tflops,memory_gb,tdp_w\nours,gpu,100,48,300\n"
    )
    prices.write_text("device,tier,usd_per_hour,date\nours,typical,2,2026-01\n")
    tables = ("--devices", devices, "--prices", prices)
    found = figures("--params", 1e9, "--tokens", 1e9, "--device", "ours", *tables)
    assert found["price_usd"]["value"] == pytest.approx(2 * found["device_hours"]["value"])
    assert "Did you mean ours" in refused("llama", "--tokens", 1, "--device", "ourss", *tables)
    prices.write_text("device,tier,usd_per_hour,date\nours,typical,free,2026-01\n")
    assert "usd_per_hour in line 2" in refused(
        "llama", "--tokens", 1e9, "--device", "ours", *tables
    )


def test_explain_prints_each_formula_after_the_table():
    text = run("llama", "--tokens", 1e9, "--device", "h100", "--explain").stdout
    assert "device_hours" in text
    assert "6·N·D, N 6.73842e+09, D 1e+09" in text
    assert "in matrices and biases" in text


def test_what_is_known_better_is_taken():
    sure = ("--mfu", 0.5, "--price", 1, "--pue", 1.1, "--strategy", "fsdp", "--count", 8)
    found = figures("llama", "--tokens", 1e9, "--device", "h100", *sure)
    hours = found["device_hours"]["value"]
    assert hours == pytest.approx(6 * 6738415616e9 / (989.4e12 * 0.5 * 0.85 * 3600))
    assert found["price_usd"]["value"] == pytest.approx(hours)
    assert "zero-3" in found["memory_bytes"]["source"]
    assert "price_usd_low" not in found


def test_a_task_is_traced_and_counted(tmp_path):
    path = tmp_path / "line.py"
    path.write_text(TASK.replace("LOSS", "model(x).square().mean()"))
    found = figures(path, "--no-measure", "--place", "FRA")
    assert found["parameters"]["value"] == 10
    assert found["training_flops"]["value"] == 10 * 2 * (2 * 8 * 4 * 2)
    assert "every batch full, no scoring" in found["training_flops"]["source"]
    assert "A receipt counts the scoring" in run(path, "--no-measure").stdout
    assert found["carbon_kgco2e"]["value"] > 0
    assert "traced" in found["memory_bytes"]["source"]
    sparse = figures(path, "--no-measure", "--density", 0.25)
    assert sparse["parameters_kept"]["value"] == 2 + 2
    assert sparse["training_flops"] == found["training_flops"]
    assert sparse["training_flops_useful"]["value"] == found["training_flops"]["value"] / 4


def test_a_task_that_looks_at_numbers_is_counted_on_its_graph(tmp_path):
    path = tmp_path / "line.py"
    path.write_text(TASK.replace("LOSS", "model(x).mean() * (1 + x.sum().item())"))
    result = run(path, "--no-measure")
    assert result.exit_code == 0, result.output
    assert "Counted on the captured graph: the task cannot be traced" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("llamma", "--tokens", 1e9), "Did you mean llama"),
        (("llama",), "told --tokens. Got nothing. Add --tokens 2e12"),
        (("llama", "--images", 5), "told --tokens. Got --images"),
        (("resnet50", "--tokens", 5), "told --images"),
        (("llama", "--params", 7e9), "given once"),
        (("llama", "--tokens", 1e9, "--work", "sleep"), "work must be one of pretrain"),
        (("llama", "--tokens", 1e9, "--strategy", "hope"), "strategy must be one of"),
        (("llama", "--tokens", 1e9, "--density", 2), "density must be"),
        (("llama", "--tokens", 1e9, "--zeros", "odd", "--density", 0.5), "zeros must be"),
        (("llama", "--tokens", 1e9, "--work", "lora", "--targets", "x"), "targets must be"),
        (("llama", "--tokens", 1e9, "--work", "lora", "--targets", " , "), "targets must be"),
        (("llama", "--tokens", 1e9, "--batch", 0), "batch must be"),
        (("llama", "--tokens", "nan"), "samples must be"),
        (("llama", "--tokens", "1e300"), "samples must be at most 1e+20"),
        (("--params", "1e300", "--tokens", 1e9), "params must be at most 1e+18"),
        (("--params", 1e9, "--tokens", "1e300"), "tokens must be at most 1e+20"),
        (("llama", "--work", "inference", "--tokens", 1e9), "told --requests"),
        (("llama", "--work", "inference", "--requests", "1e300"), "requests must be at most"),
        (("llama", "--width", 100, "--tokens", 1e9), "multiple of heads"),
        (("llama", "--work", "inference", "--bits", 3), "bits must be"),
        (("llama", "--work", "inference", "--requests", 0), "requests must be"),
        (("--params", 7e9, "--tokens", 1e9, "--layers", 3), "sizes must be given to a preset"),
        (("--params", 7e9, "--tokens", 1e9, "--work", "lora"), "pretrain or full"),
        (("missing/config.json", "--tokens", 1), "cannot be read"),
        (("missing.safetensors", "--tokens", 1), "cannot be read"),
        (("missing.py",), "cannot be read"),
        (("missing.py", "--tokens", 1), "planned alone"),
        (("missing.py", "--count", 2), "on one device"),
        (("missing.py", "--mfu", 0.4), "on one device"),
        (("--params", 1e9, "--tokens", 1e9, "--batch", 2), "batch and sequence must be left out"),
        (("llama", "--tokens", 1, "--prices", "missing.csv"), "cannot be read"),
        (("llama", "--tokens", 1, "--low-rank", 0), "rank must be"),
    ],
)
def test_a_wrong_call_is_one_sentence(arguments, words):
    assert words in refused(*arguments)


@pytest.mark.parametrize(("lang", "said"), [("en", "QLoRA"), ("ar", 'dir="rtl"')])
def test_a_plan_is_a_page_too(tmp_path, lang, said):
    page = tmp_path / "plan.html"
    words = ("llama3-8b", "--work", "qlora", "--tokens", "1e8", "--device", "rtx4090")
    done = run(*words, "--html", page, "--lang", lang)
    assert done.exit_code == 0, done.output
    assert said in page.read_text(encoding="utf-8")
    assert "training_flops" in done.output  # the page comes beside the table


def test_a_page_that_cannot_be_written_is_said(tmp_path):
    page = tmp_path / "none" / "plan.html"
    done = run("gpt2", "--tokens", "1e8", "--device", "h100", "--html", page)
    assert done.exit_code == 2
    assert "Choose another place with --html" in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--lang", "de"), "--lang must be given with --html"),
        (("--lang", "ar"), "--lang must be given with --html"),
        (("--lang", "de", "--html", "p.html"), "language must be one of en, ar"),
    ],
)
def test_a_language_that_no_page_has_is_refused(tmp_path, monkeypatch, more, words):
    monkeypatch.chdir(tmp_path)
    for what in (("gpt2", "--tokens", "1e8"), ("gpt3",), ("--budget", "5usd")):
        assert words in refused(*what, *more)
    assert not (tmp_path / "p.html").exists()


def test_this_machine_is_called_so():
    text = run("--params", 1e6, "--tokens", 1e6).stdout
    assert text.startswith("plan: 1 M parameters, 1 M tokens, this machine, no place given")
    assert " here free" not in text
    assert "embodied carbon of this machine" in text
    assert "8 × this machine" in run("--params", 1e6, "--tokens", 1e6, "--count", 8).stdout


def test_amounts_may_have_a_letter_behind_them():
    short = figures("--params", "7B", "--tokens", "2T", "--device", "h100")
    assert short == figures("--params", "7e9", "--tokens", "2e12", "--device", "h100")
    asked = ("llama", "--work", "inference", "--device", "h100", "--requests")
    assert figures(*asked, "1M") == figures(*asked, 1e6)
    mixture = ("--params", "47B", "--tokens", "1T", "--device", "h100", "--active")
    assert figures(*mixture, "13B") == figures(*mixture, 13e9)
    result = run("--params", "7q", "--tokens", "2T")
    assert result.exit_code == 2
    assert "--params" in result.stderr
    assert "k, M, B, G or T" in result.stderr
