import pytest

from tenth.receipt.export import export
from tenth.receipt.place import Place

from .samples import ALL_FACTS, nothing_known, plain

repocard = pytest.importorskip("huggingface_hub.repocard")
FIELDS = {"emissions", "source", "training_type", "geographical_location", "hardware_used"}


def metadata(filled):
    """As the library of the Hub reads it."""
    return repocard.ModelCard(str(filled)).data.to_dict()["co2_eq_emissions"]


def test_the_hub_reads_every_field():
    found = metadata(export(plain(), "card", ALL_FACTS))
    assert set(found) == FIELDS
    assert found["emissions"] == pytest.approx(200.0)  # grams: 2 kWh × 100 g/kWh
    assert found["training_type"] == "fine-tuning"
    assert found["geographical_location"] == "Paris, France"
    assert found["hardware_used"] == "AMD EPYC 9R14"
    assert "90 % interval 120 gCO2e to 280 gCO2e; modelled" in found["source"]


@pytest.mark.parametrize("kwh", [1e-9, 2.0, 3e12])
def test_emissions_are_a_number_for_yaml_however_small(kwh):
    found = metadata(export(plain(kwh=kwh), "card"))["emissions"]
    assert isinstance(found, int | float)
    assert found == pytest.approx(kwh * 100)


@pytest.mark.parametrize("text", ['a "b": c', "- x", "# no", "yes", "1: 2\n---\n", "\\n é ☃ \x85"])
def test_any_text_stays_one_value(text):
    receipt = plain()
    receipt.hardware["cpu"] = text
    found = metadata(export(receipt, "card", {"location": text}))
    assert found["hardware_used"] == text
    assert found["geographical_location"] == text


def test_what_is_unknown_is_not_in_the_metadata_and_is_told_below():
    filled = export(nothing_known(), "card")
    text = str(filled)
    assert "emissions:" not in text.split("---")[1].replace("co2_eq_emissions:", "")
    assert "Open: emissions (required): no sensor for carbon_gco2e." in text
    assert not filled.complete


def test_nowhere_is_no_location():
    assert "geographical_location" not in metadata(export(plain(place=Place.find()), "card"))


def test_accelerators_are_counted():
    receipt = plain()
    receipt.hardware["accelerators"] = ["H200", "H200"]
    assert metadata(export(receipt, "card"))["hardware_used"] == "AMD EPYC 9R14, 2 × H200"


def test_cells_of_the_table_hold_any_text():
    receipt = plain(title="a | <b>\nc")
    receipt.scores["x | y\n"] = receipt.scores["test"]
    table = [line for line in str(export(receipt, "card")).splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") == 6 for line in table)
    assert "<b>" not in str(export(receipt, "card"))
