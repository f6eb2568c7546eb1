import pytest

from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage
from tenth.receipt.payback import payback

from .samples import costs, life

PRICE = Figure(3.6, "USD/h", label="given", source="a row")


def spent(kwh=3.1, hours=10.0):
    """A search of 3.1 kWh, and a net that takes 4 s an inference instead of 10."""
    figures = costs(hours * 3600)
    figures["energy_joules"] = Figure(kwh * 3.6e6, "J", label="measured", source="a meter")
    figures["price_usd"] = Figure(hours * 3.6, "USD", label="modelled", source="hours × 3.6")
    receipt = Receipt("t", Aim("a"), stages=[Stage("search", figures, price=PRICE)])
    receipt.sizes = [
        BeforeAfter("time a run", Figure(10.0, "s", 9.0, 11.0), Figure(4.0, "s", 3.5, 4.5)),
        BeforeAfter("energy a run", Figure(500.0, "J", 450, 550), Figure(190.0, "J", 180, 200)),
    ]
    return receipt


def by_name(found):
    return {one.name: one for one in found.returns}


def test_a_search_of_3_1_kwh_by_hand():
    energy = by_name(payback(spent(), use="energy a run"))["energy"]
    assert energy.spent.value == pytest.approx(3.1)
    assert energy.saved.value == pytest.approx(310 / 3.6e6)
    assert energy.uses.value == pytest.approx(3.1 * 3.6e6 / 310)
    assert energy.uses.low == pytest.approx(3.1 * 3.6e6 / 370)
    assert energy.uses.high == pytest.approx(3.1 * 3.6e6 / 250)
    told = str(payback(spent(), use="energy a run"))
    assert "search" in told
    assert "; repaid after 36,000 uses (30,100 – 44,700 uses)" in told


def test_seconds_pay_back_time_money_and_at_some_watts_energy():
    watts = Figure(100.0, "W", label="given", source="the user")
    found = by_name(payback(spent(), watts=watts))
    assert found["time"].uses.value == pytest.approx(36_000 / 6)
    assert found["money"].uses.value == pytest.approx(36.0 / (6 / 3600 * 3.6))
    assert found["energy"].uses.value == pytest.approx(3.1 * 3.6e6 / 600)
    assert found["energy"].uses.label == "modelled"


def test_the_watts_are_seen_though_nothing_is_repaid():
    receipt = spent()
    receipt.sizes = [BeforeAfter("time", Figure(4.0, "s", 3, 5), Figure(3.5, "s", 3, 4))]
    told = [
        str(payback(receipt, watts=Figure(watts, "W", label="given", source="the user")))
        for watts in (36.0, 72.0)
    ]
    assert "a use saves 5 mWh (" in told[0]
    assert "a use saves 10 mWh (" in told[1]


def test_a_price_without_a_row_is_what_the_stages_were_billed_at():
    receipt = spent()
    receipt.stages[0] = Stage("search", receipt.stages[0].figures)
    money = by_name(payback(receipt))["money"]
    assert money.saved.value == pytest.approx(6 / 3600 * 3.6)
    assert money.uses.value == pytest.approx(6000)
    assert "money ÷ hours of the stages" in money.saved.source
    receipt.stages[0].figures["price_usd"] = unknown("USD", "nobody said")
    assert "nobody said" in by_name(payback(receipt))["money"].uses.reason


def test_one_price_on_both_sides_cancels():
    receipt = spent()
    wide = Figure(3.6, "USD/h", 1.0, 9.0, "given", "a row")
    figures = receipt.stages[0].figures | {
        "price_usd": Figure(36.0, "USD", 10.0, 90.0, "modelled", "hours × price")
    }
    receipt.stages[0] = Stage("search", figures, price=wide)
    found = by_name(payback(receipt))
    assert found["money"].uses.bounds() == found["time"].uses.bounds()


def test_what_a_use_takes_can_be_given():
    receipt = spent()
    receipt.sizes = []
    given = BeforeAfter(
        "time a use", Figure(10.0, "s", label="given"), Figure(4.0, "s", label="given")
    )
    assert by_name(payback(receipt, use=given))["time"].uses.value == pytest.approx(6000)


def test_without_watts_the_mean_of_the_stages_stands_in():
    energy = by_name(payback(spent()))["energy"]
    assert energy.uses.value == pytest.approx(6000)  # energy and time go together
    assert "the mean of the stages" in energy.saved.source


def test_joules_say_nothing_of_time_and_money():
    found = by_name(payback(spent(), use="energy a run"))
    assert "given in joules" in found["time"].uses.reason
    assert "given in joules" in found["money"].uses.reason


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (Figure(4.0, "s"), Figure(4.0, "s"), "takes no less"),
        (Figure(4.0, "s"), Figure(5.0, "s"), "takes no less"),
        (Figure(4.0, "s", 3, 5), Figure(3.5, "s", 3, 4), "may never be repaid"),
        (Figure(4.0, "s"), unknown("s", "it did not run"), "not known before and after"),
    ],
)
def test_what_saves_nothing_is_never_repaid(before, after, reason):
    receipt = spent()
    receipt.sizes = [BeforeAfter("time a run", before, after)]
    found = payback(receipt)
    assert reason in by_name(found)["time"].uses.reason
    assert "not known to be repaid" in str(found)


def test_an_unknown_cost_is_never_a_payback():
    receipt = spent()
    receipt.stages[0].figures["energy_joules"] = unknown("J", "no meter")
    found = payback(receipt, use="energy a run")
    assert by_name(found)["energy"].uses.reason == "no meter"
    assert "energy: unknown (no meter)\n" in str(found)


def test_only_the_stages_named_are_repaid():
    whole, one = payback(life()), payback(life(), stages=["shrink"])
    assert by_name(one)["time"].spent.value == 11.8
    assert by_name(whole)["time"].uses.value > by_name(one)["time"].uses.value
    assert one.to_json()["stages"] == ["shrink"]


def test_a_stage_or_a_use_that_is_not_there_is_told():
    with pytest.raises(InputError, match="one of: plan, train"):
        payback(life(), stages=["love"])
    with pytest.raises(InputError, match="time a board"):
        payback(life(), use="weights")
    receipt = life()
    receipt.sizes = []
    with pytest.raises(InputError, match=r"nothing timed the model.*receipt judge.*--before"):
        payback(receipt)
