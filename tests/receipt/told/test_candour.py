from dataclasses import replace

import pytest

from tenth.figures import Figure, unknown
from tenth.receipt import Aim, Receipt, Stage
from tenth.receipt.look.language import language
from tenth.receipt.place import Place
from tenth.receipt.told import candour

from ..samples import costs, life

PLAIN = language("en")


def claimed(receipt, *, compared=False):
    section = candour.claims(receipt, PLAIN, compared=compared)
    return "\n".join(section.blocks[0].items)


def unknowns(*named):
    return [str(item) for item in candour.unknown(PLAIN, named, "unknown.none").blocks[0].items]


def test_figures_of_one_reason_stand_together_and_each_name_once():
    lost, broken = unknown("J", "lost"), unknown("s", "broken")
    named = (("energy", lost), ("time", broken), ("carbon", lost), ("energy", lost))
    assert unknowns(*named) == ["lost: energy and carbon", "broken: time"]


def test_many_names_are_counted():
    named = [(f"n{n}", unknown("J", "lost")) for n in range(9)]
    assert unknowns(*named) == ["lost: n0, n1, n2, n3 and 5 more"]
    assert unknowns(*named[:5]) == ["lost: n0, n1, n2, n3 and n4"]


def test_nothing_unknown_is_said_too():
    assert unknowns() == ["Every figure of this receipt is known."]


@pytest.mark.parametrize(
    ("place", "said"), [(None, True), ("FRA", False)], ids=["nowhere", "somewhere"]
)
def test_nowhere_is_no_claim_about_a_place(place, said):
    assert ("no carbon is told" in claimed(life(place))) == said


def test_carbon_that_is_unknown_claims_nothing():
    stage = Stage("a", costs(1.0) | {"carbon_gco2e": unknown("gCO2e", "no place")})
    text = claimed(Receipt("t", Aim("a"), stages=[stage]))
    assert "no carbon is told" in text
    assert "all its carbon" not in text


def test_a_metered_energy_is_no_formula():
    stage = Stage("a", costs(1.0) | {"energy_joules": Figure(3.0, "J", label="measured")})
    assert "by a formula" not in claimed(Receipt("t", Aim("a"), stages=[stage]))
    assert "by a formula" in claimed(life())


def test_a_baseline_takes_one_claim_away():
    assert "no baseline was held" in claimed(life())
    assert "no baseline was held" not in claimed(life(), compared=True)


def test_money_that_is_known_is_not_all_the_money():
    stage = Stage("a", costs(1.0) | {"price_usd": Figure(3.0, "USD", label="modelled")})
    assert "without people" in claimed(Receipt("t", Aim("a"), stages=[stage]))


def test_work_that_was_cut_short_says_so():
    stage = replace(life().stages[0], notes={"interrupted": "KeyboardInterrupt"})
    assert "interrupted" in claimed(Receipt("t", Aim("a"), Place.find(), stages=[stage]))


def test_a_receipt_of_nothing_claims_only_that_nothing_was_compared():
    assert claimed(Receipt("t", Aim("a"))).count("\n") == 0
