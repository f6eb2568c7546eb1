"""What variants take and save, in bytes and money, and the receipt of it."""

import json

import pytest

from tenth.keep import Store
from tenth.keep.account import account
from tenth.keep.usage import PRICE_USD
from tenth.receipt import Receipt

from .models import files, folder, tuned, weights


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store", make=True)
    made.put("base", folder(tmp_path / "base", weights()))
    made.put("task", folder(tmp_path / "task", tuned(weights(), size=1e-6)))
    made.put("twin", tmp_path / "task")
    return made


def on_disk(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def test_full_and_stored_bytes_of_each_name(store, tmp_path):
    used = store.du()
    base, task, twin = used.shares
    assert base.full_bytes == sum(map(len, files(tmp_path / "base").values()))
    assert task.full_bytes == twin.full_bytes
    assert base.stored_bytes > 0.7 * base.full_bytes
    assert 0 < task.stored_bytes < 0.4 * task.full_bytes
    assert twin.stored_bytes == 0
    assert (base.base, task.base) == (None, "base")


def test_the_sum_is_what_lies_on_the_disk(store, tmp_path):
    used = store.du()
    assert used.place_bytes == on_disk(tmp_path / "store")
    # headers and indices of packs, the names, and the mark of the store
    assert 0 < used.rest_bytes < 3000
    assert used.stored_bytes + used.rest_bytes == used.place_bytes
    assert sum(used.by_codec.values()) < used.stored_bytes
    assert set(used.by_codec) == {codec for share in used.shares for codec in share.by_codec}


def test_money_is_the_bytes_saved_at_the_price(store):
    used = store.du()
    gigabytes = (used.full_bytes - used.place_bytes) / 1e9
    assert used.saved_usd_per_year.value == pytest.approx(gigabytes * PRICE_USD * 12)
    assert (used.price.label, used.saved_usd_per_year.label) == ("given", "modelled")
    assert "2025" in used.price.source
    assert store.du(0.1).saved_usd_per_year.value == pytest.approx(gigabytes * 0.1 * 12)
    assert store.du(0.1).price.source == "--price"


def test_the_form_is_json(store):
    form = json.loads(json.dumps(store.du().to_json()))
    assert [one["name"] for one in form["names"]] == ["base", "task", "twin"]
    assert form["saved_usd_per_year"]["unit"] == "USD/year"


def test_the_receipt_says_full_and_stored(store, tmp_path):
    used = store.du()
    receipt = account(used)
    receipt.save(tmp_path / "receipt.json")
    sizes = {size.name: size for size in Receipt.load(tmp_path / "receipt.json").sizes}
    assert sizes["bytes of task"].before.value == used.shares[1].full_bytes
    assert sizes["bytes of task"].after.value == used.shares[1].stored_bytes
    assert sizes["bytes of the store"].after.value == used.place_bytes
    assert "USD/GB-month (given: Amazon S3" in receipt.notes[0]


def test_an_empty_store_saves_an_unknown_amount(tmp_path):
    used = Store(tmp_path / "new", make=True).du()
    assert (used.full_bytes, used.shares) == (0, ())
    assert "the store is empty" in str(used.saved_usd_per_year)
    assert account(used).sizes == []
