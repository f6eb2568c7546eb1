import math

import pytest

from tenth.figures import Figure
from tenth.plan import formulas
from tenth.plan.formulas import Decoder


def given(value, unit="", spread=1.0):
    return Figure(value, unit, value / spread, value * spread, "given", "user")


def test_parameters_of_llama_2_7b_to_the_last_one():
    llama = Decoder(layers=32, width=4096, vocabulary=32000, ff_width=11008)
    assert llama.parameters() == 6_738_415_616


def test_parameters_of_gpt_3_within_its_position_table_and_biases():
    gpt3 = Decoder(layers=96, width=12288, vocabulary=50257, ff_width=49152, gated=False, tied=True)
    assert gpt3.parameters() == pytest.approx(175e9, rel=0.003)


def test_parameters_by_hand_with_grouped_heads():
    tiny = Decoder(layers=1, width=4, vocabulary=10, ff_width=8, kv_share=0.5, tied=True)
    assert tiny.parameters() == 10 * 4 + (2 * 16 + 16 + 3 * 4 * 8 + 8) + 4


def test_training_flops_are_six_a_parameter_and_token():
    flops = formulas.training_flops(given(1.75e11), given(3e11))
    assert flops.useful.value == pytest.approx(3.15e23)  # GPT-3, published as 3.14e23
    assert flops.executed == flops.useful == flops.dense_equivalent


def test_recomputation_executes_eight_and_is_useful_for_six():
    flops = formulas.training_flops(given(2), given(5), recompute=True)
    assert (flops.useful.value, flops.executed.value) == (60, 80)
    assert flops.dense_equivalent.value == 60


def test_the_shape_that_nobody_gave_widens_the_flops():
    flops = formulas.of_any_shape(given(100.0, "FLOP"))
    assert flops.bounds() == pytest.approx((100, 95, 125))
    assert flops.label == "estimated"


def test_device_hours_by_hand():
    mfu = Figure(0.25, "", 0.25 / 1.7, 0.25 * 1.7, "estimated", "MFU")
    hours = formulas.device_hours(given(3.6e18, "FLOP"), given(1e15, "FLOP/s"), mfu)
    assert hours.bounds() == pytest.approx((4.0, 4.0 / 1.7, 4.0 * 1.7))
    assert (hours.unit, hours.label) == ("h", "estimated")


def test_gpt_3_at_its_published_mfu_takes_its_published_hours():
    mfu = given(0.197)
    hours = formulas.device_hours(given(3.15e23, "FLOP"), given(125e12, "FLOP/s"), mfu)
    assert hours.value == pytest.approx(3_552_000, rel=0.005)


def test_days_by_hand():
    assert formulas.days(given(480.0, "h"), given(10)).value == pytest.approx(2.0)


def test_energy_by_hand_and_as_palm_published_it():
    one = formulas.energy(given(0.01, "h"), given(100.0, "W"), given(1.0))
    assert one.value == pytest.approx(1e-3)  # 100 W for 36 s is 1 Wh
    palm = formulas.energy(given(8_404_992, "h"), given(378.5, "W"), given(1.08))
    assert palm.value == pytest.approx(3_436_000, rel=0.001)
    assert palm.unit == "kWh"


def test_carbon_by_hand_in_kilograms():
    carbon = formulas.carbon(given(200.0, "kWh"), given(500.0, "gCO2e/kWh"))
    assert (carbon.value, carbon.unit) == (pytest.approx(100.0), "kgCO2e")


def test_gpt_3_carbon_as_published():
    carbon = formulas.carbon(given(1_287_000, "kWh"), given(429.0, "gCO2e/kWh"))
    assert carbon.value == pytest.approx(552_100, rel=0.001)


def test_price_by_hand_and_as_deepseek_published_it():
    assert formulas.price(given(3, "h"), given(2.5, "USD/h")).value == pytest.approx(7.5)
    assert formulas.price(given(2.788e6, "h"), given(2.0, "USD/h")).value == pytest.approx(5.576e6)


def test_intervals_multiply_as_lognormals():
    hours, watts = given(10.0, "h", 1.7), given(1000.0, "W", 1.2)
    energy = formulas.energy(hours, watts, given(1.0, "", 1.1))
    spread = math.exp(math.sqrt(sum(math.log(x) ** 2 for x in (1.7, 1.2, 1.1))))
    assert energy.bounds() == pytest.approx((10, 10 / spread, 10 * spread))


def test_the_inverse_turns_the_interval_round():
    figure = formulas.inverse(Figure(4, "s", 2, 5))
    assert figure.bounds() == pytest.approx((0.25, 0.2, 0.5))
    assert figure.unit == "1/s"


def test_an_unknown_input_makes_an_unknown_result_with_its_reason():
    unknown = Figure(None, "W", reason="rated power is not published")
    for result in (
        formulas.energy(given(1, "h"), unknown, given(1)),
        formulas.inverse(unknown),
        formulas.carbon(unknown, given(1)),
    ):
        assert result.value is None
        assert result.reason == "rated power is not published"


@pytest.mark.parametrize("name", [n for n in dir(formulas) if n.islower() and n[0] != "_"])
def test_every_formula_says_its_source(name):
    function = getattr(formulas, name)
    if getattr(function, "__module__", "") == formulas.__name__ and name != "inverse":
        assert "Source:" in function.__doc__
