"""Receipts whose forms can be checked by hand."""

from tenth.figures import Figure, counted, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage
from tenth.receipt.place import Place

INTENSITY = "table: Somewhere 2023, annual mean, life-cycle; Our World in Data, Ember, CC BY 4.0"


def around(value, unit, error, label="modelled", source="a model"):
    return Figure(value, unit, value * (1 - error), value * (1 + error), label, source)


def plain(*, kwh=2.0, factor=100.0, hours=36.0, error=0.2, name="train", **changes):
    """2 kWh at 100 g/kWh: 200 g in 36 hours on one machine, with 3e15 FLOPs."""
    carbon = Figure(factor, "gCO2e/kWh", factor * 0.7, factor * 1.4, "given", INTENSITY)
    figures = {
        "wall_seconds": Figure(hours * 3600, "s", source="monotonic clock"),
        "flops_executed": counted(3e15, "FLOP", "the graph × steps"),
        "energy_joules": around(kwh * 3.6e6, "J", error, source="CPU-seconds × watts"),
        "carbon_gco2e": around(kwh * factor, "gCO2e", 0.4, source=f"energy × ({INTENSITY})"),
        "price_usd": unknown("USD", "no price given"),
    }
    made = {
        "title": "A small net",
        "task": Aim("digits", "accuracy"),
        "place": Place("FRA", "France", carbon),
        "hardware": {
            "cpu": "AMD EPYC 9R14",
            "machine": "x86_64",
            "threads": 2,
            "memory_bytes": 8_215_363_584,
            "accelerators": [],
        },
        "software": {"system": "Linux 6.8.0", "python": "3.11.7", "tenth": "0.1.0", "torch": "2.9"},
        "stages": [Stage(name, figures, notes={"started": "2026-09-15T22:00:01+00:00"})],
        "scores": {"test": Figure(0.98, "", 0.97, 0.99, source="1,000 digits")},
        "sizes": [
            BeforeAfter(
                "parameters",
                counted(2_000_000, "parameters", "the graph"),
                counted(1_500_000, "parameters", "the graph"),
            )
        ],
        "created": "2026-09-17T12:12:44+02:00",
    }
    return Receipt(**{**made, **changes})


def nothing_known(**changes):
    """Each figure unknown, each with a reason."""
    known = plain()
    figures = {
        name: unknown(figure.unit, f"no sensor for {name}")
        for name, figure in known.stages[0].figures.items()
    }
    nowhere = Place("TUV", "Tuvalu", unknown("gCO2e/kWh", "no value for 2023"))
    made = {
        "place": nowhere,
        "stages": [Stage("work", figures)],
        "scores": {},
        "sizes": [],
        "software": {},
        "hardware": {"cpu": "", "machine": "", "threads": None, "memory_bytes": None,
                     "accelerators": []},
    }  # fmt: skip
    return plain(**{**made, **changes})


ALL_FACTS = {
    "training_type": "fine-tuning",
    "rented": False,
    "market_gco2e_per_kwh": 0.0,
    "market_source": "hydro contract 2026",
    "functional_unit": "one training run",
    "functional_units": 1,
    "boundary": "the network switch is left out",
    "embodied": [
        {"name": "server", "total_gco2e": 1_216_620.0, "lifespan_hours": 35_040.0,
         "resources_reserved": 1, "resources_total": 8},
    ],
    "device": "h100",
    "time_reserved_hours": 40.0,
    "devices": 2,
    "location": "Paris, France",
    "task_family": "image classification",
    "data_type": "image",
    "infrastructure": "onPremise",
    "publisher": "Example Works",
    "confidentiality": "public",
    "version": "1.0",
    "download_location": "https://example.org/net",
    "release_time": "2026-09-18T00:00:00Z",
    "inference_flops": 5.1e17,
    "inference_benchmark": "generating 100,000 tokens on 64 A100",
}  # fmt: skip
