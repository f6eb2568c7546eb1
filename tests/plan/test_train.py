"""Plans of training from sizes: figures by hand, and what grows with what."""

import json
import re

import pytest

from tenth.catalogue import devices
from tenth.errors import InputError
from tenth.plan import Assumptions, Sizes, Train, of_model, preset, thin
from tenth.plan.fits import holds, least_count, smallest_device

LLAMA = preset("llama")
H100 = {"device": "h100", "count": 8}


def figures(work, model=LLAMA, **more):
    return of_model(model, work, **{**H100, **more}).figures


def test_hours_are_those_of_six_n_d():
    found = figures(Train(1e12))
    hours = 6 * LLAMA.parameters * 1e12 / (989.4e12 * 0.40 * 3600)
    assert found["device_hours"].value == pytest.approx(hours)


def test_flops_are_three_forward_passes():
    found = figures(Train(1e12))
    assert found["training_flops"].value == pytest.approx(3e12 * LLAMA.forward_flops(4096))
    assert found["training_flops"].label == "counted"
    assert found["attention_flops"].value == pytest.approx(3e12 * LLAMA.attention_flops(4096))


def test_attention_by_hand_is_half_a_square_for_a_causal_kernel():
    # a token sees (s + 1) ÷ 2 others on average, s ÷ 2 for long sequences
    each = 2 * 32 * (128 + 128) * 32
    assert LLAMA.attention_flops(4096) == pytest.approx(each * 2048)
    assert LLAMA.attention_flops(4096, skip=False) == pytest.approx(each * 4096)


def test_published_flops_of_a_step_with_the_whole_square():
    # 72·B·s·L·h²·(1 + s/6h + V/12Lh), arXiv:2205.05198
    model = preset("gpt3")
    s, layers, h, v = 2048, 96, 12288, 50257
    published = 72 * s * layers * h**2 * (1 + s / (6 * h) + v / (12 * layers * h))
    assert 3 * s * model.forward_flops(s, skip=False) == pytest.approx(published, rel=1e-9)


def test_long_sequences_cost_hours_that_six_n_d_does_not_see():
    short, long = (figures(Train(1e12, sequence=s))["device_hours"].value for s in (4096, 131072))
    assert long > 1.5 * short
    assert figures(Train(1e12, sequence=2048))["device_hours"].value == short


def test_recomputation_executes_a_forward_pass_more_and_keeps_less():
    plain, again = figures(Train(1e12)), figures(Train(1e12), assume=Assumptions(recompute=True))
    ratio = again["training_flops"].value / plain["training_flops"].value
    assert ratio == pytest.approx(4 / 3)
    assert again["training_flops_useful"].value == plain["training_flops_useful"].value
    assert again["memory_bytes"].value < plain["memory_bytes"].value
    hours = again["device_hours"].value / plain["device_hours"].value
    assert hours == pytest.approx(4 / 3)


@pytest.mark.parametrize("kind", ["pretrain", "lora"])
@pytest.mark.parametrize("assume", [Assumptions(), Assumptions(recompute=True)])
def test_the_source_of_flops_says_what_multiplies_to_them(kind, assume):
    flops = figures(Train(1e8, kind=kind), assume=assume)["training_flops"]
    each = float(re.search(r", ([\d.e+]+) FLOP a token", flops.source)[1])
    assert flops.value == pytest.approx(1e8 * each, rel=1e-3)


def test_a_net_without_attention_does_not_claim_any():
    plan = of_model(preset("resnet50"), Train(1e6), device="h100")
    assert "attention" not in plan.figures["training_flops"].source


def test_adapters_cost_two_thirds_of_the_flops_and_a_tenth_of_the_state():
    full, lora = (figures(Train(1e9, kind=kind), count=1) for kind in ("full", "lora"))
    assert 0.6 < lora["training_flops"].value / full["training_flops"].value < 0.72
    assert lora["parameters_trained"].value == 32 * 16 * 8 * 4096
    assert lora["memory_bytes"].value < 0.6 * full["memory_bytes"].value
    assert "frozen" in lora["memory_bytes"].source


def test_four_bits_keep_a_quarter_of_the_frozen_weights():
    lora, qlora = (
        figures(Train(1e9, kind=kind, sequence=1), count=1)["memory_bytes"].value
        for kind in ("lora", "qlora")
    )
    inside = LLAMA.parameters - 2 * 32000 * 4096
    saved = inside * (2 - 4.127 / 8) - 2 * LLAMA.largest
    assert lora - qlora == pytest.approx(saved, rel=0.01)


def test_qlora_of_65_billion_fits_48_gb_as_its_paper_says():
    big = preset("llama", Sizes(layers=80, width=8192, heads=64, ff_width=22016))
    work = Train(1e8, kind="qlora", rank=64, targets=("all",), sequence=512)
    assume = Assumptions(recompute=True, strategy="offload")  # its optimizer is paged to the host
    found = of_model(big, work, device="l40s", assume=assume).figures["memory_bytes"]
    assert 33e9 < found.value < 48e9


@pytest.mark.parametrize("strategy", ["zero-1", "zero-2", "zero-3", "fsdp", "offload"])
def test_more_devices_keep_less_each(strategy):
    assume = Assumptions(strategy=strategy)
    few, many = (
        figures(Train(1e12), count=n, assume=assume)["memory_bytes"].value for n in (4, 64)
    )
    assert many < few


def test_offload_names_what_the_host_keeps():
    found = figures(Train(1e12), assume=Assumptions(strategy="offload"))
    assert found["host_memory_bytes"].value == 2 * LLAMA.parameters
    assert "host_memory_bytes" not in figures(Train(1e12))


def test_the_strategy_is_the_first_that_fits_with_its_activations():
    assert (
        "mixed-adam"
        in figures(Train(1e12, sequence=128), model=preset("gpt2"))["memory_bytes"].source
    )
    assert "zero-" in figures(Train(1e12))["memory_bytes"].source


def test_a_processor_trains_in_fp32():
    assert "fp32-adam" in figures(Train(1e9), device="epyc-7763")["memory_bytes"].source


def test_the_least_count_and_the_smallest_device_hold_it():
    plan = of_model(LLAMA, Train(1e12, sequence=512), device="h100", count=1)
    assert any("Memory: does not fit" in note for note in plan.notes)
    assert any("It would fit" in note for note in plan.notes)
    least = plan.figures["devices_needed"].value
    roomy = figures(Train(1e12, sequence=512), count=int(least))["memory_bytes"]
    tight = figures(Train(1e12, sequence=512), count=int(least) // 2)["memory_bytes"]
    capacity = devices.find("h100").memory_bytes
    assert holds(roomy, capacity)
    assert not holds(tight, capacity)


def test_a_count_of_devices_is_safe_and_its_low_end_is_hopeful():
    from tenth.figures import Figure

    def need(count):
        return Figure(100e9 / count, "bytes", 60e9 / count, 200e9 / count)

    found = least_count(need, devices.find("h100"))  # a tenth of 80 GB stays free
    assert found.bounds() == (4, 1, 4)


def test_what_more_devices_do_not_help_says_so():
    found = figures(Train(1e12, batch=64), count=1)["devices_needed"]
    assert found.value is None
    assert "not even 65,536" in found.reason


def test_an_unknown_capacity_gives_its_reason():
    from tenth.figures import Figure

    board = next(d for d in devices.all() if not d.memory_bytes.known)
    assert least_count(lambda n: Figure(1.0, "bytes"), board).reason == board.memory_bytes.reason
    assert smallest_device(Figure(1e15, "bytes")) is None


def test_zeros_earn_hours_only_where_rows_are_gone():
    dense = figures(Train(1e12))
    for zeros, ratio in (("unstructured", 1), ("channel", 0.25)):
        found = figures(Train(1e12), assume=Assumptions(density=0.25, zeros=zeros))
        hours = found["device_hours"].value / dense["device_hours"].value
        assert hours == pytest.approx(ratio)
        executed = found["training_flops"].value / dense["training_flops"].value
        assert executed == pytest.approx(ratio)
        dense_twin = found["training_flops_dense_equivalent"].value
        assert dense_twin == dense["training_flops"].value
        assert found["parameters_kept"].value < 0.3 * LLAMA.parameters


def test_low_rank_is_a_smaller_dense_model():
    small = thin(LLAMA, 64)
    assert small.parameters < 0.1 * LLAMA.parameters
    q = next(layer for layer in small.layers if layer.name == "q_proj_a")
    assert (q.inputs, q.outputs) == (4096, 64)
    ratio = small.product_flops() / LLAMA.product_flops()
    assert (
        figures(Train(1e12), model=small)["device_hours"].value
        < 0.1 * figures(Train(1e12))["device_hours"].value
    )
    assert ratio < 0.1
    assert thin(LLAMA, 4096).parameters == LLAMA.parameters  # no rank that saves nothing
    with pytest.raises(InputError, match="rank must be"):
        thin(LLAMA, 0)


def test_a_mixture_pays_for_its_experts_at_work():
    mixtral = preset("mixtral")
    found = figures(Train(1e12, sequence=4096), model=mixtral)
    assert found["parameters_active"].value == mixtral.active_parameters
    hours = 6 * mixtral.active_parameters * 1e12 / (989.4e12 * 0.40 * 0.8 * 3600)
    assert found["device_hours"].value == pytest.approx(hours)


def test_images_are_timed_by_their_flops():
    model = preset("resnet50")
    found = figures(Train(1e8, batch=32), model=model, device="v100")
    flops = 3 * model.forward_flops(1) * 1e8
    assert found["training_flops"].value == pytest.approx(flops)
    assert found["device_hours"].value == pytest.approx(flops / (125e12 * 0.15 * 3600))
    with pytest.raises(InputError, match="sequence must be left out"):
        figures(Train(1e8, sequence=224), model=model)


@pytest.mark.parametrize("device", devices.all(), ids=lambda d: d.name)
@pytest.mark.parametrize("kind", ["pretrain", "qlora"])
def test_every_device_makes_a_whole_plan(device, kind):
    plan = of_model(preset("gpt2"), Train(1e9, kind=kind), device=device, place="DEU")
    for name, figure in plan.figures.items():
        assert figure.reason if figure.value is None else figure.source, name
    json.dumps(plan.to_json(), allow_nan=False)
    assert str(plan)
    assert plan.explain()


def test_every_preset_makes_a_whole_plan():
    from tenth.plan.models import PRESETS

    for name in PRESETS:
        plan = of_model(preset(name), Train(1e9), device="h100", count=None)
        assert plan.figures["days"].value is None
        json.dumps(plan.to_json(), allow_nan=False)


def test_work_that_is_none_is_refused():
    with pytest.raises(InputError, match="work must be a Train or a Serve"):
        of_model(LLAMA, "pretrain")


def test_the_length_of_sequences_is_named_and_blamed_where_it_forbids():
    model = preset("llama3-8b")
    plan = of_model(model, Train(1e8, kind="lora"), device="h100")
    assert "100 M tokens in sequences of 8192" in plan.title
    reason = plan.figures["devices_needed"].reason
    assert "each keeps the activations of 1 × 8192 tokens" in reason
    assert "(--recompute) or with sequences of 2048 (--sequence 2048)" in str(plan)
    for work, assume in (
        (Train(1e8, kind="lora"), Assumptions(recompute=True)),
        (Train(1e8, kind="lora", sequence=2048), Assumptions()),
    ):
        helped = of_model(model, work, device="h100", assume=assume)
        assert "Memory: fits" in helped.notes[0]


def test_a_rank_that_is_not_thin_is_noted():
    def notes(rank):
        return str(of_model(LLAMA, Train(1e9, kind="lora", rank=rank), device="h100"))

    assert "A rank of 100000 is not below" in notes(100_000)
    assert "(4096 at most)" in notes(4096)
    assert "is not below" not in notes(4095)
