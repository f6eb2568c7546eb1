import json
from dataclasses import replace

import pytest

from tenth.errors import ComparisonError, FormatError, InputError
from tenth.figures import Figure, counted, product, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage, plan_against_actual
from tenth.receipt.actual import planned
from tenth.receipt.place import Place

from .samples import costs, life

PLAN = {
    "parameters": counted(866, "parameters", "graph"),
    "training_flops": counted(3e9, "FLOP", "graph"),
    "memory_bytes": counted(1e6, "bytes", "formula"),
    "device_hours": Figure(1.0, "h", 0.5, 2.0, "estimated", "steps"),
    "days": Figure(1 / 24, "days", label="estimated"),
    "energy_kwh": Figure(0.005, "kWh", label="estimated"),
    "carbon_kgco2e": Figure(0.1, "kgCO2e", label="estimated"),
    "price_usd": unknown("USD", "no price given"),
}


@pytest.fixture
def receipt():
    stages = [Stage("plan", costs(100.0)), Stage("train", costs(7200.0, 6e9, 1e9))]
    return Receipt("t", Aim("a"), stages=stages)


def rows(receipt, **more):
    return {row.name: row for row in plan_against_actual(PLAN, receipt, **more)}


def test_units_of_the_plan_are_the_units_of_the_actual(receipt):
    found = rows(receipt, stages=["train"])
    assert found["device_hours"].reference.value == 2.0
    assert found["days"].reference.value == pytest.approx(2 / 24)
    assert found["energy_kwh"].reference.value == pytest.approx(7200 * 4.1 / 3.6e6)
    assert all(row.value.unit == row.reference.unit for row in found.values())


def test_the_ratio_is_plan_over_actual(receipt):
    found = rows(receipt, stages=["train"])
    assert found["device_hours"].ratio.value == 0.5
    assert found["device_hours"].ratio.label == "estimated"
    assert found["training_flops"].ratio.value == 0.5
    assert found["price_usd"].ratio.reason.startswith("no price given")


def test_a_plan_of_everything_is_held_against_everything(receipt):
    assert rows(receipt)["device_hours"].reference.value == pytest.approx(7300 / 3600)


def test_figures_without_a_counterpart_are_left_out(receipt):
    assert "memory_bytes" not in rows(receipt)


def test_parameters_are_those_of_the_model_before(receipt):
    assert "no size called" in rows(receipt)["parameters"].reference.reason
    weights = BeforeAfter("weights", counted(816, "weights", ""), counted(81, "weights", ""))
    receipt.sizes = [weights]
    assert "not all parameters are weights" in rows(receipt)["parameters"].reference.reason
    whole = counted(866, "parameters", "")
    receipt.sizes = [weights, BeforeAfter("parameters", whole, whole)]
    assert rows(receipt)["parameters"].reference == whole


def test_stages_that_metered_nothing_leave_the_actual_unknown(receipt):
    found = rows(receipt, stages=["nowhere"])
    assert found["energy_kwh"].reference.reason == "no stage metered it"
    assert found["energy_kwh"].reference.unit == "kWh"


def test_a_receipt_is_held_against_its_own_plan():
    found = planned(life())
    assert found.baseline == "its plan"
    rows = {row.name: row for row in found.rows}
    hours = rows["device_hours"]
    assert hours.value.value == pytest.approx(6.3 / 3600)
    assert hours.ratio.value == pytest.approx(6.3 / 3600 / 0.0019)
    assert found.baseline_kind == "estimated_by_flops"


def test_a_receipt_is_held_against_a_plan_in_a_file(receipt, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"figures": {k: f.to_json() for k, f in PLAN.items()}}))
    rows = {row.name: row for row in planned(receipt, path).rows}
    assert rows["training_flops"].ratio.value == pytest.approx(2.0)


def plan_file(tmp_path, parameters=None, **inputs):
    figures = {name: figure.to_json() for name, figure in PLAN.items()}
    if parameters is not None:
        figures["parameters"] = counted(parameters, "parameters", "").to_json()
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"figures": figures, "inputs": inputs}))
    return path


@pytest.mark.parametrize(
    ("parameters", "inputs", "told"),
    [
        (1e9, {}, "parameters 1,000,000,000 against a model of 816 weights"),
        (500, {}, "against a model of 816 weights"),
        (866, {"device": "h100-sxm", "count": 8}, "device h100-sxm against AMD EPYC"),
    ],
)
def test_a_plan_of_something_else_is_refused(tmp_path, parameters, inputs, told):
    receipt, path = life(), plan_file(tmp_path, parameters, **inputs)
    with pytest.raises(ComparisonError, match=told):
        planned(receipt, path)
    found = planned(receipt, path, anyway=True)
    assert found.baseline_kind == "other"
    assert any(told in note for note in found.notes)
    assert not any(row.ratio.known for row in found.rows)
    assert any(row.value.known for row in found.rows)


def test_a_plan_of_the_same_has_ratios(tmp_path):
    receipt = life()
    for inputs in ({}, {"device": "here"}, {"device": "my-own-box"}, {"device": None}):
        found = planned(receipt, plan_file(tmp_path, 866, **inputs))
        assert {row.name: row for row in found.rows}["device_hours"].ratio.known
    whole = counted(2_000, "parameters", "")
    receipt.sizes.append(BeforeAfter("parameters", whole, whole))
    with pytest.raises(ComparisonError, match="parameters 866 against 2,000"):
        planned(receipt, plan_file(tmp_path, 866))
    receipt.hardware["accelerators"] = ["NVIDIA H100"]
    receipt.sizes.pop()
    with pytest.raises(ComparisonError, match="against NVIDIA H100"):
        planned(receipt, plan_file(tmp_path, 866, device="generic-2vcpu-vm"))
    assert planned(receipt, plan_file(tmp_path, 866, device="h100")).rows


def test_carbon_of_a_plan_for_another_place_has_no_ratio(tmp_path):
    for place, known in (("FRA", True), ("POL", False), (None, False)):
        rows = {row.name: row for row in planned(life(), plan_file(tmp_path, place=place)).rows}
        assert rows["carbon_kgco2e"].ratio.known == known


def test_the_column_of_the_plan_is_headed_plan():
    head = str(planned(life())).splitlines()[2].split()
    assert head[:3] == ["this", "plan", "ratio"]


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"figures": [1]}', '{"figures": {"a": {"value": 1}}}']
)
def test_a_file_without_a_plan_is_told(receipt, tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(FormatError, match="plan"):
        planned(receipt, tmp_path / "plan.json")


def test_without_a_plan_there_is_nothing_to_compare(receipt):
    with pytest.raises(InputError, match="--plan"):
        planned(receipt)


def carbon_and_energy(place):
    """The rows of a plan for this place, of work that was done in France."""
    grid = Place.find(place).carbon
    energy = Figure(0.01, "kWh", 0.004, 0.025, "estimated", "hours × power")
    thousand = Figure(1e-3, "", label="counted")
    carbon = product([energy, grid, thousand], "kgCO2e", "energy × carbon of electricity")
    plan = {"energy_kwh": energy, "carbon_kgco2e": carbon}
    found = {row.name: row for row in plan_against_actual(plan, life("FRA"))}
    return found["carbon_kgco2e"], found["energy_kwh"]


def test_a_grid_that_plan_and_receipt_share_is_not_in_the_ratio():
    carbon, energy = carbon_and_energy("FRA")
    assert carbon.ratio.bounds() == pytest.approx(energy.ratio.bounds())
    told = planned(replace(life("FRA"), plan={row.name: row.value for row in (carbon, energy)}))
    assert [row.name for row in told.rows] == ["carbon_kgco2e", "energy_kwh"]
    first, second = (row.ratio.bounds() for row in told.rows)
    assert first == pytest.approx(second)


def test_grids_that_differ_are_both_in_the_ratio():
    carbon, energy = carbon_and_energy("POL")
    wide, narrow = carbon.ratio, energy.ratio
    assert wide.high / wide.value > 1.2 * narrow.high / narrow.value
