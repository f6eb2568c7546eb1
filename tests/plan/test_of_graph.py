import json
import math

import pytest

from tenth.catalogue import devices
from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.plan import of_graph

RUN = {"examples_per_step": 10, "steps": 3600, "sizes": {"h": 8, "w": 8}}
STEP_FLOPS = 10 * 64 * (2 * 2 * 4 * 9 + 3 * 2 * 4)
SECOND = Figure(0.5, "s", 0.4, 0.6, "measured", "20 steps here")


def test_every_figure_by_hand(small_net):
    here = devices.here(threads=2)
    plan = of_graph(small_net(), **RUN, step_seconds=SECOND, device=here, place="FRA")
    figures = plan.figures
    assert figures["parameters"].bounds() == (45, 45, 45)
    assert figures["training_flops"].value == 3600 * STEP_FLOPS
    assert figures["training_flops"].label == "counted"
    assert figures["memory_bytes"].value == 16 * 45 + 10 * 64 * 4 * (9 + 2 * 4)
    assert figures["device_hours"].value == pytest.approx(0.5)
    assert figures["days"].value == pytest.approx(0.5 / 24)
    watts = here.node_watts.value
    assert figures["energy_kwh"].value == pytest.approx(0.5 * watts / 1000)
    assert figures["carbon_kgco2e"].value == pytest.approx(0.5 * watts * 56.039e-6, rel=1e-3)
    assert figures["price_usd"].value == pytest.approx(0.5 * 0.05)
    json.dumps(plan.to_json(), allow_nan=False)


def test_a_measured_step_is_named_and_its_run_estimated(small_net):
    hours = of_graph(small_net(), **RUN, step_seconds=SECOND).figures["device_hours"]
    assert hours.label == "estimated"
    assert hours.source.startswith("steps × 500 ms a step (20 steps here)")
    up = math.exp(math.hypot(math.log(0.6 / 0.5), math.log(1.5)))
    assert hours.high == pytest.approx(0.5 * up)


def test_without_a_measured_step_this_machine_is_timed(small_net):
    hours = of_graph(small_net(), **RUN).figures["device_hours"]
    assert "roofline of this machine" in hours.source
    assert hours.high / hours.low > 9
    assert hours.label == "estimated"


def test_another_device_takes_the_default_mfu_of_a_small_model(small_net):
    hours = of_graph(small_net(), **RUN, device="a100").figures["device_hours"]
    assert hours.value == pytest.approx(STEP_FLOPS / (312e12 * 0.15))
    assert "under 100M parameters" in hours.source


def test_density_is_counted_and_earns_no_time(small_net):
    dense = of_graph(small_net(), **RUN, step_seconds=SECOND).figures
    figures = of_graph(small_net(), **RUN, step_seconds=SECOND, density=0.25).figures
    assert "parameters_kept" not in dense
    assert figures["parameters_kept"].value == 15
    assert figures["training_flops"] == dense["training_flops"]
    assert figures["training_flops_dense_equivalent"] == dense["training_flops"]
    assert figures["training_flops_useful"].value == 3600 * STEP_FLOPS / 4
    assert figures["device_hours"] == dense["device_hours"]


def test_the_table_shows_useful_work_where_it_differs(small_net):
    text = str(of_graph(small_net(), **RUN, step_seconds=SECOND, density=0.25))
    assert "training_flops_useful" in text
    assert "kept weights only" in text
    assert "training_flops_dense_equivalent" not in text


def test_without_a_place_there_is_no_carbon(small_net):
    plan = of_graph(small_net(), **RUN, step_seconds=SECOND)
    assert plan.figures["carbon_kgco2e"].value is None
    assert "no place was given" in plan.figures["carbon_kgco2e"].reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"examples_per_step": 0}, "examples_per_step must be a whole number"),
        ({"steps": -1}, "steps must be a whole number"),
        ({"steps": 1.5}, "steps must be"),
        ({"density": 10}, "Did you mean 0.1"),
        ({"density": math.nan}, "density must be"),
        ({"device": "abacus"}, "device must be in the catalogue"),
        ({"place": "Nowhere"}, "place must be in the catalogue"),
        ({"sizes": None}, "given for h, w"),
        ({"sizes": {"h": 0, "w": 8}}, "size 'h' must be a whole number"),
        ({"sizes": {"h": 2.5, "w": 8}}, "size 'h' must be"),
        ({"step_seconds": 0.5}, "step_seconds must be a known figure"),
        ({"step_seconds": unknown("s", "no clock")}, "step_seconds must be"),
        ({"step_seconds": Figure(0.0, "s")}, "step_seconds must be"),
        ({"step_seconds": Figure(1.0, "h")}, "step_seconds must be"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(small_net, change, words):
    with pytest.raises(InputError, match=words):
        of_graph(small_net(), **{**RUN, **change})
