import pytest

from tenth.figures import Figure
from tenth.receipt import Stage
from tenth.receipt.export import export

from .samples import ALL_FACTS, nothing_known, plain

RECIPIENTS = {"AI Office", "national authorities"}


def items(receipt, facts=None):
    return {item["item"]: item for item in export(receipt, "eu", facts).content["items"]}


def test_units_by_hand():
    found = {name: item["value"] for name, item in items(plain(), ALL_FACTS).items()}
    assert found["Amount of energy used for training, MWh"] == "2.00×10^-3"  # 2 kWh
    assert found["Training time, range"] == "less than 1 month"
    assert found["Training time, wall-clock days"] == "1.50×10^0"  # 36 hours
    assert found["Training time, hardware-days"] == "3.00×10^0"  # on two devices
    assert found["Amount of computation used for training, order of magnitude"] == "10^15"
    assert found["Amount of computation used for training, FLOP"] == "3.00×10^15"
    assert found["Benchmarked amount of computation used for inference, FLOP"] == "5.10×10^17"


@pytest.mark.parametrize(
    ("days", "text"),
    [(30, "less than 1 month"), (31, "1 to 3 months"), (92, "3 to 6 months"),
     (182, "3 to 6 months"), (183, "more than 6 months")],
)  # fmt: skip
def test_ranges_of_training_time(days, text):
    assert items(plain(hours=days * 24))["Training time, range"]["value"] == text


def test_exact_time_and_computing_go_to_the_office_alone_and_nothing_downstream():
    for name, item in items(plain(), ALL_FACTS).items():
        assert item["to"]
        assert set(item["to"]) <= RECIPIENTS
        if "days" in name or name.endswith("training, FLOP"):
            assert item["to"] == ["AI Office"]
        if "range" in name or "magnitude" in name:
            assert item["to"] == ["national authorities"]


def test_energy_says_whether_it_was_measured():
    receipt = plain()
    line = items(receipt)["Amount of energy used for training, MWh"]
    assert line["kind"] == "estimated"
    receipt.stages[0].figures["energy_joules"] = Figure(3.6e6, "J", source="a meter")
    line = items(receipt)["Amount of energy used for training, MWh"]
    assert (line["kind"], line["value"]) == ("measured", "1.00×10^-3")


def test_the_method_draws_the_boundary_the_form_leaves_out():
    method = items(plain())["Measurement methodology, energy"]["value"]
    assert "Boundary" in method
    assert "cooling" in method
    assert len(method.split()) < 150  # the form recommends 100


def test_unknown_items_are_null_and_required():
    filled = export(nothing_known(), "eu")
    values = [item["value"] for item in filled.content["items"]]
    names = {item["item"] for item in filled.content["items"] if item["value"] is None}
    assert names == {gap.field for gap in filled.open}
    assert values.count(None) == 8


def test_no_energy_at_all_is_no_answer():
    receipt = plain(stages=[Stage("train", {"energy_joules": Figure(0.0, "J")})])
    assert items(receipt)["Amount of energy used for training, MWh"]["value"] is None
