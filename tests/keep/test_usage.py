"""What variants take and save, in bytes and money, and the receipt of it."""

import json
from dataclasses import replace

import pytest

from tenth.figures import Figure
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


def needed(store):
    """Bytes of packs and manifests that the names need, without the code under test."""
    manifests = {store.show(one.name).ref.manifest for one in store.ls()}
    read = [store._shelf.manifests.read(one) for one in manifests]
    spans = {(piece.pack, piece.start): piece.size for one in read for piece in one.pieces()}
    return sum(spans.values()) + sum(
        store._shelf.place.size(f"manifests/{one}") for one in manifests
    )


def test_one_tensor_stored_in_two_ways_takes_both(store):
    store.rebase("twin", base=None)
    for _ in range(2):
        store.gc(grace_seconds=0, versions=1)
    used = store.du()
    _, task, twin = used.shares
    assert used.stored_bytes == needed(store)
    assert twin.stored_bytes > 0.7 * twin.full_bytes > task.stored_bytes
    # nothing is left for gc: the rest is the ends of packs, the names and the mark of the store
    assert used.rest_bytes - used.bound_bytes < 3000
    assert account(used).sizes[2].after.value == twin.stored_bytes


def test_show_marks_what_names_put_before_need_too(store, tmp_path):
    base, task, twin = (store.show(name).tensors for name in ("base", "task", "twin"))
    assert all(one.shared_bytes == 0 < one.stored_bytes for one in (*base, *task))
    assert all(one.stored_bytes == 0 < one.shared_bytes for one in twin)
    assert [one.shared_bytes for one in twin] == [one.stored_bytes for one in task]
    assert sum(one.stored_bytes for one in task) <= store.du().shares[1].stored_bytes
    store.put("task", tmp_path / "base")  # now twin was there before
    assert sum(one.stored_bytes for one in store.show("twin").tensors) > 0
    assert {one.stored_bytes for one in store.show("task").tensors} == {0}
    assert store.show("task@1").to_json()["tensors"][0]["shared_bytes"] == 0
    arrays = {"one": weights()["block.0.weight"], "two": weights()["block.0.weight"]}
    store.put("tied", folder(tmp_path / "tied", arrays))
    tied = store.show("tied").tensors
    assert tied[1].stored_bytes == 0


def test_what_lies_beside_what_is_needed_is_told_apart(store, tmp_path):
    arrays = weights(3)
    store.put("both", folder(tmp_path / "both", arrays))
    store.put("one", folder(tmp_path / "one", {"embed.weight": arrays["embed.weight"]}))
    store.rm("both")
    before = store.du()
    for _ in range(2):
        store.gc(grace_seconds=0)
    after = store.du()
    assert before.bound_bytes == after.bound_bytes > 0.7 * arrays["block.0.weight"].nbytes
    assert after.rest_bytes - after.bound_bytes < 3000


def test_a_name_that_cannot_be_read_hides_no_other(store):
    place = store._shelf.place
    place.delete(f"manifests/{store.show('task').ref.manifest}")  # of twin, too
    used = Store(place).du()
    base, task, _ = used.shares
    assert (base.problem, task.full_bytes, task.stored_bytes) == ("", 0, 0)
    assert base.stored_bytes > 0
    assert len(used.problems) == 2
    assert used.problems[0].startswith("task: ")
    assert used.to_json()["problems"] == list(used.problems)
    receipt = account(used)
    assert [size.name for size in receipt.sizes] == ["bytes of base", "bytes of the store"]
    assert set(used.problems) < set(receipt.notes)
    key = next(entry.key for entry in place.list("refs/base/"))
    place.delete(key)
    place.create(key, b"{}\n")
    used = Store(place).du()
    assert [share.name for share in used.shares if share.problem] == ["task", "twin", "base"]
    assert used.problems[2].startswith("base: ")
    assert "holds" in used.saving


def test_a_store_larger_than_its_files_says_that_it_costs_more(tmp_path):
    store = Store(tmp_path / "store", make=True)
    (tmp_path / "small.txt").write_text("x")
    store.put("small", tmp_path / "small.txt")
    used = store.du()
    assert used.saved_usd_per_year.value < 0
    assert " costs " in used.saving
    assert " more a year (modelled) at 0.023" in used.saving
    assert "-" not in used.saving.split("a year")[0]


@pytest.mark.parametrize(
    ("usd", "said"),
    [(2.03e-7, "saves less than 0.01 USD a"), (-2e-7, "costs less than 0.01 USD more a"),
     (0.0, "saves 0 USD a"), (0.01, "saves 0.01 USD a"), (-0.25, "costs 0.25 USD more a"),
     (12.34, "saves 12.3 USD a"), (1234.0, "saves 1234 USD a")],
)  # fmt: skip
def test_a_sum_of_less_than_a_cent_is_told_as_such(store, usd, said):
    used = replace(store.du(), saved_usd_per_year=Figure(usd, "USD/year", label="modelled"))
    assert f"the store {said} year (modelled)" in used.saving


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
    assert "no files are known" in str(used.saved_usd_per_year)
    assert used.saving == "Nothing is saved: no files are known that the store holds."
    assert account(used).sizes == []
