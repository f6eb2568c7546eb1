"""SPDX 3.0.1 in JSON-LD: an AI package with the energy of its making.

Source: spdx.github.io/spdx-spec/v3.0.1, AI profile: AIPackage, EnergyConsumption,
EnergyConsumptionDescription; decimals are texts without an exponent.
"""

from decimal import Decimal
from typing import Any

import tenth
from tenth.figures import Figure
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet, listed
from tenth.receipt.record import Receipt

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_CREATION = "_:creation"
_KINDS = {
    "pre-training": "ai_trainingEnergyConsumption",
    "fine-tuning": "ai_finetuningEnergyConsumption",
    "inference": "ai_inferenceEnergyConsumption",
}
# what the AI profile wants of a package beyond its energy: fact, field, and why it may be open
_PACKAGE = (
    ("version", "software_packageVersion", "nobody gave the version of the model"),
    ("download_location", "software_downloadLocation", "nobody said where the model can be had"),
    ("release_time", "releaseTime", "nobody said when the model was released"),
)


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """A document with one AI package; intervals and labels stand in the package's comment.

    It claims to conform to the AI profile only if all that the profile requires is known.
    """
    sheet = Sheet()
    base = f"urn:uuid:{tally.identity(receipt)}"
    agent, ours = _agent(base, facts)
    package = _package(sheet, receipt, facts, base)
    if facts["publisher"] is None:
        sheet.leave("suppliedBy", "nobody said who supplies the model", required=True)
    else:
        package["suppliedBy"] = agent["spdxId"]
    package["comment"] = _comment(sheet, receipt)
    created = tally.moment(receipt.created)
    creation: dict[str, Any] = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "createdBy": [agent["spdxId"]],
        "createdUsing": [ours["spdxId"]],
    }
    why = f"the receipt's time is {receipt.created!r}"
    when = created and created.strftime(_TIME)
    sheet.put(creation, "CreationInfo.created", when, why, required=True)
    complete = not any(gap.required for gap in sheet.open)
    document = {
        "type": "SpdxDocument",
        "spdxId": f"{base}#document",
        "creationInfo": _CREATION,
        "name": f"Energy of {receipt.title}",
        "profileConformance": ["core", "software", "ai"] if complete else ["core", "software"],
        "rootElement": [package["spdxId"]],
        "element": [package["spdxId"], agent["spdxId"], ours["spdxId"]],
    }
    content = {"@context": CONTEXT, "@graph": [creation, agent, ours, package, document]}
    return sheet.filled("spdx", content, ".spdx.json")


def _agent(base: str, facts: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whoever files the form, else this program; and this program as the tool."""
    common = {"creationInfo": _CREATION}
    name = f"tenth {tenth.__version__}"
    tool = {"type": "Tool", "spdxId": f"{base}#tool", "name": name, **common}
    agent = {"type": "SoftwareAgent", "spdxId": f"{base}#agent", "name": name, **common}
    if facts["publisher"] is not None:
        agent |= {"type": "Organization", "name": facts["publisher"]}
    return agent, tool


def _package(sheet: Sheet, receipt: Receipt, facts: Facts, base: str) -> dict[str, Any]:
    package: dict[str, Any] = {
        "type": "ai_AIPackage",
        "spdxId": f"{base}#model",
        "creationInfo": _CREATION,
        "name": receipt.title,
        "software_primaryPurpose": "model",
    }
    for fact, field, why in _PACKAGE:
        sheet.put(package, field, facts[fact], why, required=True)
    stage, energy = facts["training_type"], tally.energy_kwh(receipt)
    if energy.value is None:
        sheet.leave("ai_energyConsumption", energy.reason)
    elif stage is None:
        why = "nobody said whether it was pre-training, fine-tuning or inference"
        sheet.leave("ai_energyConsumption", why)
    else:
        package["ai_energyConsumption"] = _energy(_KINDS[stage], energy.value)
    metrics = [_entry(name, figure) for name, figure in receipt.scores.items() if figure.known]
    if metrics:
        package["ai_metric"] = metrics
    package["ai_informationAboutTraining"] = _training(receipt)
    return package


def _energy(kind: str, kwh: float) -> dict[str, Any]:
    quantity = {
        "type": "ai_EnergyConsumptionDescription",
        "ai_energyQuantity": plain(kwh),
        "ai_energyUnit": "kilowattHour",
    }
    return {"type": "ai_EnergyConsumption", kind: [quantity]}


def plain(number: float) -> str:
    """A number without an exponent, as xsd:decimal wants it.

    >>> plain(1.5e-7), plain(2e21)
    ('0.00000015', '2000000000000000000000')
    """
    return format(Decimal(repr(float(number))), "f").removesuffix(".0")


def _entry(name: str, figure: Figure) -> dict[str, Any]:
    assert figure.value is not None
    return {"type": "DictionaryEntry", "key": name, "value": plain(figure.value)}


def _training(receipt: Receipt) -> str:
    stages = ", ".join(stage.name for stage in receipt.stages) or "none"
    machine = receipt.hardware.get("cpu", "unknown")
    more = receipt.hardware.get("accelerators") or []
    hardware = ", ".join([str(machine), *map(str, more)])
    time = telling.said(tally.wall_seconds(receipt))
    flops = telling.said(tally.metered(receipt, "flops_executed", "FLOP"))
    return f"Stages: {stages}. Hardware: {hardware}. Time: {time}. FLOPs executed: {flops}."


def _comment(sheet: Sheet, receipt: Receipt) -> str:
    scores = [f"Score {name}: {telling.said(figure)}." for name, figure in receipt.scores.items()]
    said = [
        f"Energy: {telling.said(tally.energy_kwh(receipt))}.",
        f"Carbon, location-based: {telling.said(tally.carbon_gco2e(receipt))}.",
        *scores,
        telling.boundary(receipt),
        *filter(None, [telling.origins(receipt), telling.credit(receipt), listed(sheet.open)]),
    ]
    return " ".join(said)
