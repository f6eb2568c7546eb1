"""Plans of inference: figures by hand, and what grows with what."""

import json

import pytest

from tenth.catalogue import devices
from tenth.plan import Assumptions, Serve, of_model, preset

LLAMA = preset("llama3-8b")


def figures(work, model=LLAMA, **more):
    return of_model(model, work, **{"device": "a100", **more}).figures


def test_one_token_alone_takes_the_time_of_reading_the_weights():
    found = figures(Serve(tokens_in=1, tokens_out=1))
    read = 2 * (LLAMA.parameters - 128256 * 4096)  # the table of embeddings is looked up
    cache = 2 * 2 * 8 * 128 * 32
    seconds = (read + cache * 2) / (2039e9 * 0.60)
    assert found["token_seconds"].value == pytest.approx(seconds, rel=1e-3)
    assert "bandwidth" in found["token_seconds"].source


def test_a_long_prompt_takes_the_time_of_its_products():
    found = figures(Serve(tokens_in=4096, tokens_out=1))
    head = 2 * 4096 * 128256
    flops = 4096 * (LLAMA.forward_flops(4096) - head) + head
    assert found["prefill_seconds"].value == pytest.approx(flops / (312e12 * 0.40))


def test_the_cache_by_hand():
    found = figures(Serve(tokens_in=1000, tokens_out=24, batch=4))
    cache = 4 * 1024 * 32 * 2 * 8 * 128 * 2
    assert found["memory_bytes"].value == pytest.approx(2 * LLAMA.parameters + cache)


def test_a_window_keeps_no_more_than_itself():
    from dataclasses import replace

    near = replace(LLAMA, attention=tuple(replace(a, window=256) for a in LLAMA.attention))
    long = Serve(tokens_in=4096, tokens_out=1)
    kept = figures(long)["memory_bytes"].value - figures(long, model=near)["memory_bytes"].value
    assert kept == pytest.approx((4097 - 256) * 32 * 2 * 8 * 128 * 2)


def test_latent_attention_keeps_a_compressed_row():
    from tenth.plan.models.transformer import Latent, Transformer

    sizes = {"layers": 2, "width": 64, "heads": 4, "kv_heads": 4, "head_width": 16}
    latent = Latent(query_rank=None, kv_rank=32, rotary=8, plain=16, value=16)
    model = Transformer(name="x", **sizes, ff_width=64, vocabulary=10, latent=latent).model()
    assert model.cached == 2 * (32 + 8)


def test_more_answers_at_a_time_are_more_tokens_a_second():
    speeds = [figures(Serve(batch=b))["tokens_per_second"].value for b in (1, 8, 64)]
    assert speeds[0] < speeds[1] < speeds[2]
    assert speeds[1] / speeds[0] > 6  # the weights are read once for all of them


def test_fewer_bits_are_faster_and_smaller():
    wide, narrow = (figures(Serve(bits=bits)) for bits in (16, 4))
    assert narrow["memory_bytes"].value < 0.35 * wide["memory_bytes"].value
    assert narrow["token_seconds"].value < 0.35 * wide["token_seconds"].value
    assert narrow["inference_flops"] == wide["inference_flops"]


def test_a_batch_touches_more_experts():
    mixtral = preset("mixtral")
    one, many = (
        figures(Serve(batch=b, tokens_in=8, tokens_out=8), mixtral)["token_seconds"].value
        for b in (1, 16)
    )
    # 2 of 8 experts, and nearly all of them
    assert 2.5 < many / one < 3.9


def test_money_grows_with_requests():
    one, many = (figures(Serve(requests=n))["price_usd"].value for n in (1.0, 1000.0))
    assert many == pytest.approx(1000 * one)


def test_devices_share_the_weights():
    one, two = (figures(Serve(), count=n) for n in (1, 2))
    assert two["memory_bytes"].value == pytest.approx(one["memory_bytes"].value / 2)
    assert two["token_seconds"].value == pytest.approx(one["token_seconds"].value / 2)


def test_zeros_earn_on_processors():
    dense = figures(Serve(), device="pi5")
    sparse = figures(Serve(), device="pi5", assume=Assumptions(density=0.1))
    assert sparse["token_seconds"].value < 0.2 * dense["token_seconds"].value
    assert sparse["memory_bytes"].value < 0.2 * dense["memory_bytes"].value
    same = figures(Serve(), assume=Assumptions(density=0.1))
    assert same["memory_bytes"] == figures(Serve())["memory_bytes"]


def test_an_image_is_one_forward_pass():
    model = preset("resnet50")
    found = figures(Serve(requests=10, batch=2), model=model)
    assert found["inference_flops"].value == pytest.approx(10 * model.forward_flops(1))
    assert "token_seconds" not in found
    assert found["request_seconds"] == found["prefill_seconds"]


def test_nothing_is_trained_and_says_so():
    plan = of_model(LLAMA, Serve(), device="a100")
    flops = plan.figures["training_flops"]
    assert (flops.value, flops.reason) == (None, "nothing is trained")
    assert "training_flops" not in str(plan)


def test_this_machine_is_timed():
    found = figures(Serve(tokens_in=2, tokens_out=2), model=preset("gpt2"), device=None)
    assert found["token_seconds"].value > 0


@pytest.mark.parametrize("device", devices.all(), ids=lambda d: d.name)
def test_every_device_makes_a_whole_plan(device):
    plan = of_model(preset("gpt2"), Serve(), device=device, place="DEU")
    for name, figure in plan.figures.items():
        assert figure.reason if figure.value is None else figure.source, name
    json.dumps(plan.to_json(), allow_nan=False)
    assert str(plan)
    assert plan.explain()
