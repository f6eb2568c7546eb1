import itertools
import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from tenth.catalogue import devices
from tenth.errors import ComparisonError, InputError
from tenth.figures import Figure
from tenth.plan import Assumptions, Sizes, estimate
from tenth.plan.advice import Side, advise, both, times_cheaper
from tenth.plan.advice.advise import candidates
from tenth.plan.advice.choices import VERDICTS
from tenth.plan.advice.routes import FROM_NOTHING
from tenth.plan.ask import Ask, plan_of

H100 = ["h100"]
TINY = Ask("llama", sizes=Sizes(layers=4, width=512, heads=8), sequence=512)


def first(advice, route=0):
    return advice.groups[route].choices[0]


def bounds_of(plan, name):
    return plan.figures[name].bounds()


@pytest.mark.parametrize("budget", ["500usd", "200kWh", "3days"])
def test_the_size_is_the_one_whose_planned_cost_is_the_budget(budget):
    """The oracle: a plan of what is advised, made by the planner alone."""
    advice = advise([budget], devices=H100, count=8)
    name, most = advice.limits[0].figure, advice.limits[0].most
    for group, route in zip(advice.groups[:2], FROM_NOTHING[:2], strict=True):
        amount = group.choices[0].amount
        for size, bound in zip(amount.bounds(), (0, 2, 1), strict=True):
            plan = estimate(params=size, tokens=size * route.tokens_each, device="h100", count=8)
            assert bounds_of(plan, name)[bound] == pytest.approx(most, rel=1e-6)


def test_all_limits_hold_and_the_tightest_is_named():
    loose = first(advise(["500usd"], devices=H100, count=1))
    tight = first(advise(["500usd", "1days", "9GWh"], devices=H100, count=1))
    assert (loose.bound, tight.bound) == ("money", "time")
    assert tight.amount.value < loose.amount.value
    assert bounds_of(tight.plan, "days")[0] == pytest.approx(1)
    assert bounds_of(tight.plan, "price_usd")[0] <= 500


def test_a_larger_budget_never_affords_less():
    for device in ("h100", "rtx4090", "raspberry-pi-5"):
        sizes = []
        for kwh in (0.05, 0.5, 5, 50, 500, 5e4):
            choices = advise([f"{kwh:g}kWh"], devices=[device]).groups[0].choices
            sizes.append(choices[0].amount.bounds() if choices else (0, 0, 0))
        for smaller, larger in itertools.pairwise(sizes):
            assert all(a <= b * (1 + 1e-9) for a, b in zip(smaller, larger, strict=True))


def test_around_a_hundred_million_parameters_the_lower_rate_is_heeded():
    """Small models are rated lower, so there are budgets at which nothing just below is gained."""
    found = [
        first(advise([f"{usd:g}usd"], devices=["a100"], count=1)).amount.value
        for usd in (1, 2, 2.5, 3, 4, 5, 6, 8)
    ]
    assert found == sorted(found)
    assert any(n < 1e8 for n in found)
    assert any(n >= 1e8 for n in found)


def test_memory_bounds_the_size():
    one = first(advise(["1e6usd", "9e9hours"], devices=["rtx4090"], count=1))
    assert one.bound == "memory"
    assert bounds_of(one.plan, "memory_bytes")[2] <= 0.8001 * 24e9
    assert one.verdict == "surely"


def test_without_a_count_the_least_that_does_most_is_taken():
    small = first(advise(["50usd"], devices=H100))
    large = first(advise(["1e7usd"], devices=H100))
    assert small.count == 1
    assert large.count > 64
    fixed = advise(["1e7usd"], devices=H100, count=64)
    assert first(fixed).amount.value < large.amount.value


def test_a_budget_of_time_alone_is_answered_for_one_and_for_eight():
    advice = advise(["3days"], devices=H100)
    assert {one.count for one in advice.groups[0].choices} == {1, 8}
    assert advice.patience is None
    assert "30 days at most" in str(advise(["500usd"], devices=H100))


def test_sparse_training_has_rows_only_where_a_kernel_skips_zeros():
    advice = advise(["3days"])
    sparse = next(group for group in advice.groups if group.goal.name == "sparse")
    assert sparse.choices
    assert all(one.device.threads is not None for one in sparse.choices)
    assert sparse.no_credit == sum(device.threads is None for device in candidates())
    assert not any(device.kind == "mcu" for device in candidates())
    assert "masked work runs dense" in str(advice)
    only = advise(["500usd"], devices=H100).groups[-1]
    assert only.choices == ()
    assert "nothing fits" in str(only)


def test_sparse_training_may_gain_nothing_and_its_interval_says_so():
    advice = advise(["10days"], devices=["generic-2vcpu-vm"])
    dense, _, sparse = (group.choices[0] for group in advice.groups)
    dense_hours = estimate(
        params=sparse.amount.value, tokens=sparse.samples, device="generic-2vcpu-vm"
    ).figures["device_hours"]
    hours = sparse.plan.figures["device_hours"]
    assert hours.value == pytest.approx(dense_hours.value / 2.43)
    assert hours.high > dense_hours.value
    assert sparse.amount.value > dense.amount.value
    assert "quality is not known" in sparse.goal.words


def test_fine_tuning_of_a_named_model_finds_tokens():
    advice = advise(["20usd"], TINY, devices=["rtx4090"])
    assert [group.goal.name for group in advice.groups] == ["full", "lora", "qlora"]
    full, lora, _ = (group.choices[0] for group in advice.groups)
    assert lora.samples > full.samples
    for work, one in (("full", full), ("lora", lora)):
        ask = Ask("llama", tokens=one.samples, work=work, sizes=TINY.sizes, sequence=512)
        plan = plan_of(ask, device="rtx4090", count=one.count)
        assert bounds_of(plan, "price_usd")[0] == pytest.approx(20, rel=1e-6)


def test_what_is_settled_gets_a_verdict():
    ask = Ask(params=1e9, tokens=2e10)
    cost = estimate(params=1e9, tokens=2e10, device="h100").figures["price_usd"]
    words = []
    for usd in (cost.high * 1.01, cost.value * 1.01, cost.low * 1.01, cost.low * 0.99):
        row = first(advise([f"{usd:f}usd"], ask, devices=H100, count=1))
        assert row.amount is None
        words.append(row.verdict)
        assert row.verdict in str(advise([f"{usd:f}usd"], ask, devices=H100, count=1))
    assert tuple(words) == VERDICTS


def test_the_surest_come_first_and_doubtful_prices_last():
    rows = advise(["300usd"], Ask(params=1e9, tokens=2e10)).groups[0].choices
    doubts = [bool(one.doubtful) for one in rows]
    assert doubts == sorted(doubts)
    sound = [VERDICTS.index(one.verdict) for one in rows if not one.doubtful]
    assert sound == sorted(sound)
    assert any(doubts)


def test_a_model_that_does_not_fit_has_no_row():
    ask = Ask("llama3-70b", tokens=1e8, work="full")
    group = advise(["1e5usd"], ask, devices=["rtx4090"], count=1).groups[0]
    assert group.choices == ()
    assert "too little memory" in str(group)


def test_images_are_found_for_a_model_of_images():
    one = first(advise(["1kWh"], Ask("resnet18"), devices=["rtx3090"]))
    assert one.amount.unit == "images"


def test_a_price_that_is_unknown_leaves_the_device_out():
    group = advise(["500usd"], devices=["tpu-v7"]).groups[0]
    assert group.left_out == {"no price": 1}
    mine = Assumptions(price_usd_per_hour=5)
    assert advise(["500usd"], devices=["tpu-v7"], assume=mine).groups[0].choices


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Ask("llama3-8b", work="inference"), "training"),
        (Ask(work="lora"), "named"),
        (Ask(tokens=1e9), "named"),
        (Ask("lamma"), "preset"),
        (Ask(params=-1), "above 0"),
        (Ask("llama3-8b", work="nonsense"), "one of"),
    ],
)
def test_questions_that_make_no_sense_are_refused(ask, words):
    with pytest.raises(InputError, match=words):
        advise(["5usd"], ask, devices=H100)


def test_a_precision_leaves_out_what_has_no_rates_at_it():
    group = advise(["500usd"], assume=Assumptions(precision="fp8")).groups[0]
    assert group.choices
    assert all(one.device.name.startswith(("h100", "h800", "h200")) for one in group.choices)
    with pytest.raises(InputError, match="precision"):
        advise(["500usd"], assume=Assumptions(precision="fp7"))


@pytest.mark.parametrize("kind", [None, "pretrain", "full"])
def test_a_size_without_tokens_finds_them_and_says_which_work(kind):
    group = advise(["100usd"], Ask(params=1e9, work=kind), devices=H100).groups[0]
    assert group.goal.name == (kind or "pretrain")
    assert "of 1 G" in group.goal.words
    one = group.choices[0]
    plan = estimate(params=1e9, tokens=one.samples, device="h100", count=one.count)
    assert bounds_of(plan, "price_usd")[0] == pytest.approx(100, rel=1e-6)


def test_adapters_want_a_shape():
    with pytest.raises(InputError, match="the preset that is nearest"):
        advise(["100usd"], Ask(params=1e9, work="lora"), devices=H100)


def test_weights_without_a_shape_are_tuned_in_full(tmp_path):
    save_file({"a": np.zeros((500, 500), np.float32)}, tmp_path / "w.safetensors")
    for what in (tmp_path / "w.safetensors", tmp_path):
        advice = advise(["5usd"], Ask(str(what)), devices=H100)
        assert [group.goal.name for group in advice.groups] == ["full"]


def test_a_size_that_is_looked_for_is_dense():
    with pytest.raises(InputError, match="sparse route"):
        advise(["500usd"], assume=Assumptions(density=0.1))
    with pytest.raises(InputError, match="active"):
        advise(["500usd"], assume=Assumptions(active_parameters=1e9))
    mixture = Assumptions(active_parameters=1e8)
    asked = Ask(params=1e9, tokens=1e9)
    assert first(advise(["500usd"], asked, devices=H100, assume=mixture)).plan


def test_memory_that_nobody_publishes_is_not_checked_and_that_is_said():
    advice = advise(["10usd"], devices=["epyc-9654"])
    assert not devices.find("epyc-9654").memory_bytes.known
    assert all(group.choices[0].unchecked for group in advice.groups)
    assert "epyc-9654°~" in str(advice)
    assert "not checked" in str(advice)


def test_a_rate_that_is_judgement_is_marked():
    guessed, fitted = (str(advise(["500usd"], devices=[name])) for name in ("rtx4090", "h100"))
    assert "rtx4090°" in guessed
    assert "judgement" in guessed
    assert "°" not in fitted


def test_counts_and_devices_are_checked():
    with pytest.raises(InputError, match="whole number"):
        advise(["5usd"], count=0)
    with pytest.raises(InputError, match="catalogue"):
        advise(["5usd"], devices=["h1000"])


def test_a_budget_too_small_for_anything_says_so():
    advice = advise(["0.0001usd"])
    assert all(group.choices == () for group in advice.groups)
    assert "too little for 1 M parameters" in str(advice)


def test_json_has_every_row_and_is_plain():
    advice = advise(["500usd"])
    form = json.loads(json.dumps(advice.to_json()))
    assert form["format"] == "tenth-advice/1"
    rows = form["routes"][0]["choices"]
    assert len(rows) == len(advice.groups[0].choices) > 8
    assert rows[0]["amount"]["low"] <= rows[0]["amount"]["value"] <= rows[0]["amount"]["high"]
    assert rows[0]["figures"]["price_usd"]["value"] == pytest.approx(500)


def test_the_text_names_no_ratio_between_different_things():
    text = str(advise(["500usd"]))
    assert "times cheaper" not in text
    assert "they differ in hardware" in text


def side(**changes):
    cost = Figure(100.0, "USD", label="measured")
    fields = {"hardware": "1 × a", "price": "1 USD/h", "quality": "0.9", "measured": True}
    return Side(**{"name": "one", "cost": cost, **fields, **changes})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hardware": "2 × a"}, "hardware"),
        ({"price": "2 USD/h"}, "price"),
        ({"quality": "0.8"}, "quality"),
        ({"measured": False}, "measured seconds"),
    ],
)
def test_a_ratio_is_refused_with_both_figures_and_what_differs(change, word):
    other = side(name="other", cost=Figure(10.0, "USD", 5.0, 20.0, "measured"), **change)
    with pytest.raises(ComparisonError) as refused:
        times_cheaper(other, side())
    message = str(refused.value)
    assert word in message
    assert "10 USD (5 USD to 20 USD)" in message
    assert "100 USD" in message


def test_a_ratio_of_equals_is_given():
    cheap = side(name="other", cost=Figure(25.0, "USD", label="measured"))
    assert times_cheaper(cheap, side()) == 4
    assert "4 times cheaper" in both(cheap, side())


def test_the_first_row_of_two_of_the_same_device_still_gives_no_ratio():
    rows = advise(["3days"], devices=H100).groups[0].choices
    with pytest.raises(ComparisonError, match="neither ran"):
        times_cheaper(rows[0].side(), rows[1].side())


def test_where_memory_forbids_it_the_sequence_is_named_and_a_way_that_fits():
    ask = Ask("llama3-8b", tokens=1e8, work="lora")
    (group,) = advise(["10usd"], ask, devices=H100).groups
    assert not group.choices
    assert "100 M tokens in sequences of 8192" in str(group)
    assert group.hints == ("--recompute", "--sequence 2048")
    assert "with --recompute or with --sequence 2048 something does" in str(group)
    again = Assumptions(recompute=True)
    assert advise(["10usd"], ask, devices=H100, assume=again).groups[0].choices
    shorter = Ask("llama3-8b", tokens=1e8, work="lora", sequence=2048)
    assert advise(["10usd"], shorter, devices=H100).groups[0].choices


def test_no_hint_is_given_that_does_not_hold():
    ask = Ask("llama3-70b", tokens=1e6, work="full")
    (group,) = advise(["10usd"], ask, devices=["rtx4090"], count=1).groups
    assert "too little memory" in group.left_out
    assert group.hints == ()
    sized = advise(["1usd"], Ask(params=1e12, tokens=1e6), devices=["rtx4090"]).groups[0]
    assert sized.hints == ()


def test_carbon_has_a_column_where_a_place_is_known_and_may_be_the_limit():
    assert "kgCO2e" not in str(advise(["500usd"], devices=H100))
    text = str(advise(["500usd"], devices=H100, place="FRA"))
    head = next(line for line in text.splitlines() if "surely to with luck" in line)
    assert head.split()[-3:] == ["carbon", "bound", "by"]
    assert "Our World in Data, Ember, CC BY 4.0" in text
    one = first(advise(["50kgco2e"], devices=H100, place="FRA"))
    assert one.bound == "carbon"
    assert bounds_of(one.plan, "carbon_kgco2e")[0] == pytest.approx(50)
    with pytest.raises(InputError, match="given with a place"):
        advise(["50kgco2e"], devices=H100)


def test_a_size_that_was_found_is_not_said_to_be_the_users():
    one = first(advise(["500usd"], devices=H100))
    figure = one.to_json()["figures"]["parameters"]
    assert (figure["label"], figure["value"]) == ("estimated", one.amount.value)
    assert figure["source"].startswith("largest within the budget")
    asked = first(advise(["500usd"], Ask(params=1e9), devices=H100))
    assert asked.plan.figures["parameters"].label == "given"


def test_a_row_without_a_price_is_explained():
    advice = advise(["3days"], devices=["tpu-v7", "h100"], count=8)
    assert not first(advice).plan.figures["price_usd"].known
    assert "no price is known of this device" in str(advice)
    assert "no price is known" not in str(advise(["3days"], devices=H100))
