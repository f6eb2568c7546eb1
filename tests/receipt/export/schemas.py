"""What the published forms ask, in words of our own, as JSON Schemas; stricter than they are.

A field that a form does not have is an error here. Retold from the field lists of BoAmps 1.1.0
(github.com/Boavizta/BoAmps, CC BY 4.0) and of the SPDX 3.0.1 model (spdx.github.io/spdx-spec).
"""

TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "number"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def record(required, **fields):
    return {
        "type": "object",
        "properties": fields,
        "required": required.split(),
        "additionalProperties": False,
    }


def several(items):
    return {"type": "array", "minItems": 1, "items": items}


def word(*words):
    return {"enum": list(words)}


_DAY = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
BOAMPS = record(
    "task measures infrastructure",
    header=record(
        "reportDatetime",
        licensing=TEXT,
        formatVersion=TEXT,
        formatVersionSpecificationUri=TEXT,
        reportId=TEXT,
        reportDatetime=_DAY,
        reportStatus=word("draft", "final", "corrective", "other"),
        publisher=record(
            "confidentialityLevel",
            name=TEXT,
            confidentialityLevel=word("public", "internal", "confidential", "secret"),
        ),
    ),
    task=record(
        "taskStage taskFamily algorithms dataset",
        taskStage=TEXT,
        taskFamily=TEXT,
        nbRequest=NUMBER,
        taskDescription=TEXT,
        measuredAccuracy=SHARE,
        algorithms=several(
            record(
                "",
                trainingType=TEXT,
                algorithmType=TEXT,
                algorithmName=TEXT,
                parametersNumber=NUMBER,
                framework=TEXT,
                frameworkVersion=TEXT,
                quantization=TEXT,
                foundationModelName=TEXT,
                foundationModelUri=TEXT,
            )
        ),
        dataset=several(
            record(
                "dataUsage dataType",
                dataUsage=word("input", "output"),
                dataType=word(
                    "tabular", "audio", "boolean", "image", "video",
                    "object", "text", "token", "word", "other",
                ),
            )
        ),
    ),
    measures=several(
        record(
            "measurementMethod powerConsumption",
            measurementMethod=TEXT,
            version=TEXT,
            cpuTrackingMode=TEXT,
            gpuTrackingMode=TEXT,
            powerConsumption=NUMBER,
            measurementDuration=NUMBER,
            measurementDateTime=_DAY,
        )
    ),
    system=record("os", os=TEXT),
    software=record("language", language=TEXT, version=TEXT),
    infrastructure=record(
        "infraType components",
        infraType=word("publicCloud", "privateCloud", "onPremise", "other"),
        components=several(
            record(
                "componentType nbComponent",
                componentName=TEXT,
                componentType=TEXT,
                nbComponent={"type": "integer"},
                memorySize=NUMBER,
                share=SHARE,
            )
        ),
    ),
    environment=record(
        "country", country=TEXT, location=TEXT, powerSourceCarbonIntensity=NUMBER
    ),
    quality=word("high", "medium", "low"),
)  # fmt: skip

_IRI = {"type": "string", "pattern": r"^(?!_:).+:.+"}
_NODE = {"type": "string", "pattern": r"^.+:.+"}
_UTC = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]*)?$"}
_ENERGY = several(
    record(
        "type ai_energyQuantity ai_energyUnit",
        type={"const": "ai_EnergyConsumptionDescription"},
        ai_energyQuantity=_DECIMAL,
        ai_energyUnit=word("kilowattHour", "megajoule", "other"),
    )
)


def _element(kind, required="", **fields):
    return record(
        f"type spdxId creationInfo {required}",
        type={"const": kind},
        spdxId=_IRI,
        creationInfo=_NODE,
        name=TEXT,
        comment=TEXT,
        **fields,
    )


_PACKAGE = {
    "software_primaryPurpose": word("model"),
    "software_packageVersion": TEXT,
    "software_downloadLocation": _IRI,
    "releaseTime": _UTC,
    "suppliedBy": _IRI,
    "ai_informationAboutTraining": TEXT,
    "ai_metric": several(
        record("type key", type={"const": "DictionaryEntry"}, key=TEXT, value={"type": "string"})
    ),
    "ai_energyConsumption": record(
        "type",
        type={"const": "ai_EnergyConsumption"},
        ai_trainingEnergyConsumption=_ENERGY,
        ai_finetuningEnergyConsumption=_ENERGY,
        ai_inferenceEnergyConsumption=_ENERGY,
    ),
}
AI_REQUIRED = (
    "software_primaryPurpose software_packageVersion software_downloadLocation releaseTime "
    "suppliedBy"
)


def spdx(package_required=AI_REQUIRED):
    """The document; the AI profile's demands on a package can be left away."""
    return record(
        "@context @graph",
        **{
            "@context": {"const": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"},
            "@graph": several(
                {
                    "oneOf": [
                        record(
                            "type specVersion created createdBy",
                            type={"const": "CreationInfo"},
                            specVersion={"const": "3.0.1"},
                            created=_UTC,
                            createdBy=several(_IRI),
                            createdUsing=several(_IRI),
                            **{"@id": _NODE},
                        ),
                        _element("Organization"),
                        _element("SoftwareAgent"),
                        _element("Tool"),
                        _element("ai_AIPackage", package_required, **_PACKAGE),
                        _element(
                            "SpdxDocument",
                            "rootElement",
                            rootElement=several(_IRI),
                            element=several(_IRI),
                            profileConformance=several(word("core", "software", "ai")),
                        ),
                    ]
                }
            ),
        },
    )
