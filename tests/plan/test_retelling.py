import json

import pytest

from tenth.catalogue import Price, devices, prices
from tenth.plan import Assumptions, estimate
from tenth.plan.twelve_million import retell


@pytest.fixture
def story():
    return retell()


def test_the_parts_follow_from_one_another(story):
    parts = {name: figure.value for name, figure in story.parts.items()}
    assert parts["training_flops"] == 3.15e23
    assert parts["device_hours"] == pytest.approx(3_552_000)
    assert parts["mfu"] == pytest.approx(0.197, abs=5e-4)
    assert parts["price_per_hour"] * parts["device_hours"] == pytest.approx(12e6)
    assert parts["price_per_hour"] == pytest.approx(3.38, abs=5e-3)
    assert parts["energy_kwh"] == pytest.approx(parts["energy_published_kwh"], rel=0.01)


def test_values_that_sources_disagree_on_are_both_shown(story):
    text = str(story)
    for word in ("0.197", "0.213", "12,000,000 USD", "4,600,000 USD", "3.14e23", "assumption"):
        assert word in text


def test_todays_prices_are_the_planners_and_the_catalogues(story):
    for row in story.rows[1:]:
        fp8 = "fp8" if "FP8" in row.name else "16-bit"
        plan = estimate(
            params=175e9,
            tokens=3e11,
            device=row.device,
            count=None,
            assume=Assumptions(precision=fp8, pue=1.1),
        )
        assert row.hours == plan.figures["device_hours"]
        assert row.energy == plan.figures["energy_kwh"]
        for sold in prices.of(row.device):
            asked = row.prices[sold.tier].value
            assert asked == pytest.approx(row.hours.value * sold.usd_per_hour)


def test_the_old_hours_are_priced_anew(story):
    then = story.rows[0]
    assert devices.find(then.device).name == "v100-sxm2"
    typical = next(row for row in prices.of(then.device) if row.tier == "typical")
    assert then.prices["typical"].value == pytest.approx(3_552_000 * typical.usd_per_hour)


def test_a_tenth_falls_out_without_tenth_and_the_count_is_right(story):
    asked = [price for row in story.rows for price in row.prices.values()]
    under = [price for price in asked if price.value <= 1.2e6]
    assert under
    assert f"{len(under)} of these {len(asked)} prices" in story.notes[0]
    assert "without tenth" in story.notes[0]
    # what was published has no interval, so it cannot be under a tenth with the whole of it
    surely = [price for price in under if price.low < price.high <= 1.2e6]
    assert f"{len(surely)} of them with the whole interval" in story.notes[0]
    assert "that of V100 of then has none" in story.notes[0]


def test_no_ratio_is_printed(story):
    text = str(story)
    assert "times cheaper" not in text
    assert "they differ in hardware" in text
    for word in ("over a year old", "2026-09-17", "RunPod"):
        assert word in text


def test_prices_of_the_users_own_come_first():
    mine = [Price("h100-sxm", "typical", 100.0, "accelerator", "us", "2026-11", "our contract")]
    row = next(row for row in retell(mine).rows if row.name == "H100")
    assert set(row.prices) == {"typical"}
    assert row.prices["typical"].value == pytest.approx(row.hours.value * 100)
    dear = [
        Price(device, "typical", 1e4, "accelerator", "us", "2026-11", "dear")
        for device in ("v100-sxm2", "a100-sxm-80", "h100-sxm", "b200-sxm")
    ]
    assert retell(dear).notes[0] == "None of these 5 prices is a tenth of 12 million."


def test_the_story_is_plain_json(story):
    form = json.loads(json.dumps(story.to_json()))
    assert form["parts"]["price_usd"]["value"] == 12e6
    assert len(form["rows"]) == 5
