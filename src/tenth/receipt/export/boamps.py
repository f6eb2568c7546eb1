"""A BoAmps report: energy of an AI task, in JSON.

Source: github.com/Boavizta/BoAmps, model/*.json, format 1.1.0 of March 2025. Its powerConsumption
is energy in kWh, despite the name.
"""

from typing import Any

from tenth.figures import Figure
from tenth.receipt.export import tally, telling
from tenth.receipt.export.facts import Facts
from tenth.receipt.export.filled import Filled, Sheet, listed
from tenth.receipt.record import Receipt

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"
_TIME = "%Y-%m-%d %H:%M:%S"
_STAGES = {"pre-training": "training", "fine-tuning": "finetuning", "inference": "inference"}
# what BoAmps calls the instruments that a figure's source begins with
_TRACKING = {"RAPL": "rapl", "NVML": "nvml", "AMD SMI": "amdsmi"}
_QUALITY = (("high", 0.10), ("medium", 0.25), ("low", 0.50))


def fill(receipt: Receipt, facts: Facts) -> Filled:
    """The report; intervals, labels and open fields stand in task.taskDescription."""
    sheet = Sheet()
    content: dict[str, Any] = {
        "header": _header(sheet, receipt, facts),
        "task": _task(sheet, receipt, facts),
        "measures": [_measure(sheet, receipt)],
        "system": {"os": receipt.software.get("system", "unknown")},
        "software": {"language": "python"},
        "infrastructure": _infrastructure(sheet, receipt, facts),
    }
    _environment(sheet, content, receipt, facts)
    sheet.put(
        content["software"],
        "software.version",
        receipt.software.get("python"),
        "the receipt does not say",
    )
    sheet.put(content, "quality", *_quality(tally.energy_kwh(receipt)))
    content["task"]["taskDescription"] = _description(sheet, receipt)
    return sheet.filled("boamps", content)


def _header(sheet: Sheet, receipt: Receipt, facts: Facts) -> dict[str, Any]:
    created = tally.moment(receipt.created)
    header: dict[str, Any] = {
        "formatVersion": VERSION,
        "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": tally.identity(receipt),
        "reportStatus": "draft",
    }
    when = created and created.strftime(_TIME)
    why = f"the receipt's time is {receipt.created!r}"
    sheet.put(header, "header.reportDatetime", when, why, required=True)
    if facts["confidentiality"] is None:
        sheet.leave("header.publisher", "nobody said who files it, and how confidential it is")
    else:
        header["publisher"] = {"confidentialityLevel": facts["confidentiality"]}
        why = "nobody said who files it"
        sheet.put(header["publisher"], "header.publisher.name", facts["publisher"], why)
    return header


def _task(sheet: Sheet, receipt: Receipt, facts: Facts) -> dict[str, Any]:
    task: dict[str, Any] = {}
    stage = facts["training_type"]
    why = "nobody said whether it was pre-training, fine-tuning or inference"
    sheet.put(task, "task.taskStage", stage and _STAGES[stage], why, required=True)
    why = f"nobody gave it; the task is called {receipt.task.name!r}"
    sheet.put(task, "task.taskFamily", facts["task_family"], why, required=True)
    task["algorithms"] = [_algorithm(sheet, receipt)]
    data: dict[str, Any] = {"dataUsage": "input"}
    sheet.put(
        data, "task.dataset.dataType", facts["data_type"], "nobody said what data", required=True
    )
    task["dataset"] = [data]
    sheet.put(task, "task.measuredAccuracy", *_accuracy(receipt))
    return task


def _accuracy(receipt: Receipt) -> tuple[float | None, str]:
    """The one score between 0 and 1 that the task calls an accuracy."""
    scores = [figure.value for figure in receipt.scores.values() if figure.value is not None]
    if len(scores) != 1:
        return None, f"the receipt holds {len(scores)} scores; they stand in taskDescription"
    if "accuracy" not in receipt.task.metric.lower() or not 0 <= scores[0] <= 1:
        return None, f"the task calls its score {receipt.task.metric!r}; see taskDescription"
    return scores[0], ""


def _algorithm(sheet: Sheet, receipt: Receipt) -> dict[str, Any]:
    algorithm: dict[str, Any] = {"algorithmType": "neural network"}
    number = tally.scaled(tally.parameters(receipt), "billions", over=1e9)
    sheet.figure(algorithm, "task.algorithms.parametersNumber", number)
    if "torch" in receipt.software:
        algorithm |= {"framework": "torch", "frameworkVersion": receipt.software["torch"]}
    bases = [origin for origin in receipt.provenance if origin.kind == "base model"]
    if bases:
        algorithm["foundationModelName"] = bases[0].name
        why = f"nobody said where {bases[0].name} is from"
        sheet.put(algorithm, "task.algorithms.foundationModelUri", bases[0].source, why)
    for name in ("algorithmName", "trainingType", "quantization"):
        sheet.leave(f"task.algorithms.{name}", "a receipt does not hold it")
    return algorithm


def _measure(sheet: Sheet, receipt: Receipt) -> dict[str, Any]:
    energy = tally.energy_kwh(receipt)
    measure: dict[str, Any] = {"measurementMethod": f"tenth: {energy.source or energy.reason}"}
    for field, part in (("cpuTrackingMode", "processor"), ("gpuTrackingMode", "accelerators")):
        figure = tally.metered(receipt, f"energy_joules_{part}", "J")
        sheet.put(measure, f"measures.{field}", _tracking(figure), figure.reason)
    sheet.put(
        measure, "measures.version", receipt.software.get("tenth"), "the receipt does not say"
    )
    sheet.figure(measure, "measures.powerConsumption", energy, required=True)
    sheet.figure(measure, "measures.measurementDuration", tally.wall_seconds(receipt))
    began = tally.started(receipt)
    why = "no stage says when it began"
    sheet.put(measure, "measures.measurementDateTime", began and began.strftime(_TIME), why)
    return measure


def _tracking(figure: Figure) -> str | None:
    if not figure.known:
        return None
    word = next((word for name, word in _TRACKING.items() if figure.source.startswith(name)), None)
    return word if word and figure.label == "measured" else figure.label


def _infrastructure(sheet: Sheet, receipt: Receipt, facts: Facts) -> dict[str, Any]:
    infrastructure: dict[str, Any] = {}
    sheet.put(
        infrastructure,
        "infrastructure.infraType",
        facts["infrastructure"],
        "nobody said whose data centre it is",
        required=True,
    )
    hardware = receipt.hardware
    threads = hardware.get("threads")
    name = str(hardware.get("cpu") or "unknown") + (f", {threads} threads" if threads else "")
    components = [{"componentType": "cpu", "nbComponent": 1, "componentName": name}]
    names = [str(one) for one in hardware.get("accelerators") or []]
    for one in dict.fromkeys(names):
        count = names.count(one)
        components.append({"componentType": "gpu", "nbComponent": count, "componentName": one})
    memory = hardware.get("memory_bytes")
    if memory:
        size = round(memory / 1e9)
        components.append({"componentType": "ram", "nbComponent": 1, "memorySize": size})
    else:
        sheet.leave("infrastructure.components.memorySize", "this system does not tell it")
    infrastructure["components"] = components
    sheet.leave("infrastructure.components.share", "a process does not see the whole machine")
    return infrastructure


def _environment(sheet: Sheet, content: dict[str, Any], receipt: Receipt, facts: Facts) -> None:
    if receipt.place.code is None:
        sheet.leave("environment", telling.place_open(receipt))
        return
    environment: dict[str, Any] = {"country": receipt.place.name}
    where = "environment.powerSourceCarbonIntensity"
    sheet.figure(environment, where, receipt.place.carbon)
    sheet.put(environment, "environment.location", facts["location"], "nobody said it")
    content["environment"] = environment


def _quality(energy: Figure) -> tuple[str | None, str]:
    """The word for the interval's wider side; none if it is wider than ±50 %, or unknown."""
    if not energy.value or energy.value < 0:
        return None, energy.reason or "there is no energy to have an error"
    value, low, high = energy.bounds()
    error = max(high - value, value - low) / value
    for word, most in _QUALITY:
        if error <= most * (1 + 1e-9):
            return word, ""
    return None, f"the interval is ±{error:.0%}, wider than any word of the form"


def _description(sheet: Sheet, receipt: Receipt) -> str:
    scores = [f"score {name}: {telling.said(figure)}" for name, figure in receipt.scores.items()]
    said = [
        receipt.title,
        f"energy: {telling.said(tally.energy_kwh(receipt))}",
        f"carbon, location-based: {telling.said(tally.carbon_gco2e(receipt))}",
        *scores,
        telling.boundary(receipt),
        *filter(None, [telling.origins(receipt), telling.credit(receipt), listed(sheet.open)]),
    ]
    return "\n".join(said)
