import pytest
from jsonschema import Draft202012Validator

from tenth.figures import Figure
from tenth.receipt import Aim, Origin
from tenth.receipt.export import export
from tenth.receipt.place import Place

from . import published
from .samples import ALL_FACTS, around, nothing_known, plain
from .schemas import BOAMPS

VALIDATOR = Draft202012Validator(BOAMPS)


def missing(validator, content):
    """Fields that a schema misses; any other fault fails the test."""
    found = set()
    for error in validator.iter_errors(content):
        assert error.validator == "required", error.message
        path = [str(step) for step in error.absolute_path if not isinstance(step, int)]
        absent = [name for name in error.validator_value if name not in error.instance]
        found |= {".".join([*path, name]) for name in absent}
    return found


def required(filled):
    return {gap.field for gap in filled.open if gap.required}


def test_a_full_report_is_valid():
    VALIDATOR.validate(export(plain(), "boamps", ALL_FACTS).content)


def test_a_full_report_is_valid_by_the_published_schema():
    published.boamps().validate(export(plain(), "boamps", ALL_FACTS).content)


@pytest.mark.parametrize("receipt", [plain(), nothing_known(), plain(stages=[])])
def test_what_the_schema_misses_is_what_is_listed_as_required(receipt):
    filled = export(receipt, "boamps")
    assert required(filled) == missing(VALIDATOR, filled.content)
    assert required(filled) >= {"task.taskFamily", "infrastructure.infraType"}


@pytest.mark.parametrize("receipt", [plain(), nothing_known(), plain(stages=[])])
def test_the_published_schema_misses_the_same(receipt):
    filled = export(receipt, "boamps")
    assert required(filled) == missing(published.boamps(), filled.content)


def test_units_by_hand():
    content = export(plain(), "boamps", ALL_FACTS).content
    measure = content["measures"][0]
    assert measure["powerConsumption"] == pytest.approx(2.0)  # kWh, despite its name
    assert measure["measurementDuration"] == 36 * 3600
    assert measure["measurementDateTime"] == "2026-09-15 22:00:01"
    assert content["header"]["reportDatetime"] == "2026-09-17 10:12:44"  # from +02:00 to UTC
    assert content["task"]["algorithms"][0]["parametersNumber"] == pytest.approx(0.0015)
    assert content["task"]["measuredAccuracy"] == 0.98
    assert content["environment"]["powerSourceCarbonIntensity"] == 100.0
    ram = content["infrastructure"]["components"][-1]
    assert (ram["componentType"], ram["memorySize"]) == ("ram", 8)


@pytest.mark.parametrize(
    ("error", "word"),
    [(0.0, "high"), (0.10, "high"), (0.2, "medium"), (0.25, "medium"), (0.45, "low"), (0.6, None)],
)
def test_quality_is_the_width_of_the_interval(error, word):
    filled = export(plain(error=error), "boamps")
    assert filled.content.get("quality") == word
    assert (word is None) == ("quality" in {gap.field for gap in filled.open})


@pytest.mark.parametrize(
    ("source", "label", "word"),
    [
        ("CPU-seconds × watts", "modelled", "modelled"),
        ("RAPL counters of whole sockets, other programs included", "measured", "rapl"),
        ("RAPL counters × the share of processor time", "modelled", "modelled"),
        ("a wall meter", "measured", "measured"),
    ],
)
def test_how_the_processor_was_tracked(source, label, word):
    receipt = plain()
    receipt.stages[0].figures["energy_joules_processor"] = around(1.0, "J", 0.1, label, source)
    assert export(receipt, "boamps").content["measures"][0]["cpuTrackingMode"] == word


def test_boards_are_tracked_by_their_own_counters():
    receipt = plain()
    boards = around(1.0, "J", 0.1, "measured", "NVML: energy counters of 2 board(s)")
    receipt.stages[0].figures["energy_joules_accelerators"] = boards
    assert export(receipt, "boamps").content["measures"][0]["gpuTrackingMode"] == "nvml"


def test_a_base_model_is_the_foundation_and_licences_are_told():
    base = Origin("base model", "llama", "https://example.org/llama", "Apache-2.0")
    receipt = plain(provenance=[base, Origin("data", "digits")])
    content = export(receipt, "boamps", ALL_FACTS).content
    VALIDATOR.validate(content)
    algorithm = content["task"]["algorithms"][0]
    assert algorithm["foundationModelName"] == "llama"
    assert algorithm["foundationModelUri"] == "https://example.org/llama"
    said = content["task"]["taskDescription"]
    assert "base model llama (licence Apache-2.0, from https://example.org/llama)" in said
    assert "data digits (licence unknown)" in said


def test_each_kind_of_accelerator_is_a_component():
    receipt = plain()
    receipt.hardware["accelerators"] = ["H200", "H200", "L4"]
    components = export(receipt, "boamps", ALL_FACTS).content["infrastructure"]["components"]
    gpus = [
        (c["componentName"], c["nbComponent"]) for c in components if c["componentType"] == "gpu"
    ]
    assert gpus == [("H200", 2), ("L4", 1)]


def test_energy_below_zero_has_no_quality():
    receipt = plain()
    broken = Figure(-1.0, "J", -1.0, 5.0, source="a counter that ran backwards")
    receipt.stages[0].figures["energy_joules"] = broken
    assert "quality" not in export(receipt, "boamps").content


def test_no_place_no_country():
    filled = export(plain(place=Place.find()), "boamps", ALL_FACTS)
    assert "environment" not in filled.content
    assert "environment" in {gap.field for gap in filled.open}


def test_several_scores_are_not_one_accuracy():
    scores = {"val": Figure(0.9, ""), "test": Figure(0.8, "")}
    filled = export(plain(scores=scores), "boamps")
    assert "measuredAccuracy" not in filled.content["task"]
    assert "score val: 0.9" in filled.content["task"]["taskDescription"]
    loss = export(plain(scores={"negative loss": Figure(-3.0, "")}), "boamps")
    other = export(plain(task=Aim("digits", "F1")), "boamps")
    assert "measuredAccuracy" not in other.content["task"]
    assert "measuredAccuracy" not in loss.content["task"]
