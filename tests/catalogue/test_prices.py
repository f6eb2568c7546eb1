import pytest

from tenth.catalogue import devices, machine, prices
from tenth.errors import InputError


def test_a_price_is_frozen_with_seller_and_date():
    price = next(p for p in prices.of("h100") if p.tier == "hyperscaler")
    assert (price.usd_per_hour, price.seller, price.date) == (6.88, "AWS p5", "2026-09-17")
    with pytest.raises(AttributeError):
        price.usd_per_hour = 1.0


def test_without_a_tier_the_interval_spans_the_sellers():
    figure = prices.per_hour("h100")
    assert figure.bounds() == (3.49, 2.69, 6.88)
    assert figure.source == "table: typical 3.49 USD/h, RunPod, 2026 (SkyPilot catalogue v8)"


def test_a_named_tier_is_one_row():
    assert prices.per_hour("h100", "hyperscaler").bounds() == (6.88, 6.88, 6.88)


def test_a_processor_is_priced_by_its_threads():
    assert prices.per_hour("epyc-7763").value == pytest.approx(0.04 * 128)


def test_this_machine_is_priced_as_a_generic_virtual_machine(monkeypatch):
    monkeypatch.setattr(machine, "cpu_name", lambda: "Some CPU")
    price = prices.per_hour(devices.here(threads=4))
    assert price.value == pytest.approx(2 * 0.05)
    assert "0.05 USD/h a vm" in price.source
    assert price.source.endswith("× 2 for 4 threads")
    assert "×" not in prices.per_hour("h100").source


def test_the_only_row_stands_in_when_there_is_no_typical_one():
    assert prices.per_hour("tpu-v4").bounds() == (3.22, 3.22, 3.22)


def test_what_nobody_rents_out_has_no_price():
    figure = prices.per_hour("apple-m1")
    assert figure.value is None
    assert "no price of apple-m1" in figure.reason
    assert "no low price of tpu-v4" in prices.per_hour("tpu-v4", "low").reason


def test_unknown_tiers_and_devices_are_refused():
    with pytest.raises(InputError, match="one of low, typical, hyperscaler"):
        prices.per_hour("h100", "cheap")
    with pytest.raises(InputError, match="device must be"):
        prices.per_hour("h1000000")


@pytest.mark.parametrize("device", devices.all(), ids=lambda d: d.name)
def test_every_row_is_positive_ordered_and_sourced(device):
    found = prices.of(device)
    assert [p.tier for p in found] == [t for t in prices.TIERS if t in {p.tier for p in found}]
    assert [p.usd_per_hour for p in found] == sorted(p.usd_per_hour for p in found)
    assert all(p.usd_per_hour > 0 and p.source for p in found)
    assert all(p.date or p.source == "unverified" for p in found)
    assert str(found)
