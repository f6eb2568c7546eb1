import pytest

from tenth.receipt.export import export

from .samples import ALL_FACTS, nothing_known, plain


def test_the_score_by_hand():
    content = export(plain(), "sci", {**ALL_FACTS, "functional_units": 4}).content
    # 2 kWh × 100 g/kWh; 1,216,620 g × 40 h ÷ 35,040 h × 1 ÷ 8
    assert content["E_kwh"] == pytest.approx(2.0)
    assert content["O_gco2e"] == pytest.approx(200.0)
    assert content["M_gco2e"] == pytest.approx(173.6050, rel=1e-5)
    assert content["score_gco2e_per_R"] == pytest.approx((200 + 173.6050) / 4, rel=1e-5)
    assert content["R"] == "one training run"
    assert content["M_parts"] == [
        {"name": "server", "TE_gco2e": 1_216_620.0, "EL_hours": 35_040.0, "RR": 1, "ToR": 8,
         "TiR_hours": 40.0}
    ]  # fmt: skip


def test_a_published_score_comes_out():
    """An hour of an API: 0.0824 kWh at 554 g/kWh, M 5.46 g, in all 51.10 g.

    Source: a case study in the SCI guide of the Green Software Foundation (Dow, Microsoft 2022).
    It rounds M upwards: 1.12 + 4.34 g where its own formula gives 1.09 + 4.34 g.
    """
    server = {"name": "processor", "total_gco2e": 1_216_620.0, "lifespan_hours": 35_040.0}
    facts = {
        "functional_unit": "one hour",
        "functional_units": 1,
        "embodied": [
            {**server, "resources_reserved": 1, "resources_total": 8},
            {**server, "name": "memory", "resources_reserved": 2, "resources_total": 64},
        ],
    }
    content = export(plain(kwh=0.0824, factor=554.0, hours=1.0), "sci", facts).content
    assert content["M_gco2e"] == pytest.approx(5.46, abs=0.05)
    assert content["score_gco2e_per_R"] == pytest.approx(51.10, abs=0.05)


def test_without_embodied_carbon_there_is_no_score_but_its_operational_part():
    filled = export(plain(), "sci", {"functional_unit": "one run", "functional_units": 2})
    assert "score_gco2e_per_R" not in filled.content
    assert filled.content["O_gco2e_per_R"] == pytest.approx(100.0)
    assert {"M_gco2e", "score_gco2e_per_R"} <= {gap.field for gap in filled.open}
    assert not filled.complete


def test_a_contract_changes_nothing():
    facts = {key: ALL_FACTS[key] for key in ("functional_unit", "functional_units", "embodied")}
    bought = {**facts, "market_gco2e_per_kwh": 0.0}
    receipt = plain()
    assert export(receipt, "sci", facts).content == export(receipt, "sci", bought).content


def test_boundary_says_what_is_in_and_out():
    boundary = export(plain(), "sci", ALL_FACTS).content["boundary"]
    assert boundary["in"].endswith("train")
    assert "cooling" in boundary["out"]
    assert boundary["given"] == "the network switch is left out"


def test_nothing_known_gives_no_number():
    filled = export(nothing_known(), "sci")
    assert {"E_kwh", "I_gco2e_per_kwh", "O_gco2e"} <= {gap.field for gap in filled.open}
    assert not {"E_kwh", "O_gco2e", "M_gco2e"} & set(filled.content)
