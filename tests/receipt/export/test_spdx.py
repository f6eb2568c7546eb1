import pytest
from jsonschema import Draft202012Validator

from tenth.receipt.export import export
from tenth.receipt.export.spdx import plain as decimal

from . import published
from .samples import ALL_FACTS, nothing_known, plain
from .schemas import AI_REQUIRED, spdx


def graph(filled):
    return {element["type"]: element for element in filled.content["@graph"]}


def test_a_full_document_is_valid_and_claims_the_ai_profile():
    filled = export(plain(), "spdx", ALL_FACTS)
    Draft202012Validator(spdx()).validate(filled.content)
    assert graph(filled)["SpdxDocument"]["profileConformance"] == ["core", "software", "ai"]


@pytest.mark.parametrize("facts", [ALL_FACTS, {}])
@pytest.mark.parametrize("receipt", [plain(), nothing_known(), plain(stages=[])])
def test_a_document_is_valid_by_the_published_schema(receipt, facts):
    published.spdx().validate(export(receipt, "spdx", facts).content)


@pytest.mark.parametrize("receipt", [plain(), nothing_known()])
def test_what_the_profile_requires_and_nobody_gave_is_listed_and_not_claimed(receipt):
    filled = export(receipt, "spdx")
    Draft202012Validator(spdx(package_required="")).validate(filled.content)
    package = graph(filled)["ai_AIPackage"]
    absent = {field for field in AI_REQUIRED.split() if field not in package}
    assert absent
    assert absent == {gap.field for gap in filled.open if gap.required}
    assert "ai" not in graph(filled)["SpdxDocument"]["profileConformance"]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("pre-training", "ai_trainingEnergyConsumption"),
        ("fine-tuning", "ai_finetuningEnergyConsumption"),
        ("inference", "ai_inferenceEnergyConsumption"),
    ],
)
def test_energy_stands_where_it_was_used(kind, field):
    energy = graph(export(plain(), "spdx", {"training_type": kind}))["ai_AIPackage"]
    assert energy["ai_energyConsumption"] == {
        "type": "ai_EnergyConsumption",
        field: [
            {
                "type": "ai_EnergyConsumptionDescription",
                "ai_energyQuantity": "2",
                "ai_energyUnit": "kilowattHour",
            }
        ],
    }


def test_energy_of_nobody_knows_what_is_open():
    filled = export(plain(name="work"), "spdx")
    assert "ai_energyConsumption" not in graph(filled)["ai_AIPackage"]
    assert "ai_energyConsumption" in {gap.field for gap in filled.open}


def test_references_stand_for_elements_that_are_there():
    content = export(plain(), "spdx", ALL_FACTS).content
    names = {element.get("spdxId") or element["@id"] for element in content["@graph"]}
    assert len(names) == len(content["@graph"])
    for element in content["@graph"]:
        for field in ("creationInfo", "suppliedBy", "createdBy", "createdUsing", "rootElement",
                      "element"):  # fmt: skip
            held = element.get(field, [])
            assert set([held] if isinstance(held, str) else held) <= names


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0002879225, "0.0002879225"), (1e-12, "0.000000000001"), (36.5, "36.5"), (3, "3"),
     (1e22, "10000000000000000000000"), (-0.5, "-0.5"), (0.0, "0")],
)  # fmt: skip
def test_decimals_have_no_exponent(number, text):
    assert decimal(number) == text
    assert float(text) == number
