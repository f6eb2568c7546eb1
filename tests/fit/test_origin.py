import pytest

from tenth.errors import InputError
from tenth.fit.origin import line_of, receipt_of, stage_of
from tenth.receipt import Aim, Meter, Receipt, Work
from tenth.receipt.work import Flops


def made():
    receipt = Receipt("train tiny by dense", Aim("tiny"))
    for flops in (100.0, 20.0):
        with Meter("part", into=receipt.stages) as meter:
            meter.add_work(Work(*[Flops(flops)] * 3))
    return receipt


def test_a_known_cost_is_a_stage_and_in_the_sums():
    receipt = made()
    stage = stage_of("teacher", receipt)
    assert stage.name == "made earlier: the teacher (train tiny by dense)"
    assert stage.parts == receipt.stages
    whole = Receipt("a run", Aim("tiny"), stages=[stage])
    for name in ("flops_executed", "wall_seconds", "energy_joules"):
        assert whole.total(name).value == receipt.total(name).value
    assert "in the sums, whole" in line_of("teacher", receipt)


@pytest.mark.parametrize("receipt", [None, Receipt("empty", Aim("tiny"))])
def test_an_unknown_cost_is_never_zero(receipt):
    stage = stage_of("parent", receipt)
    assert stage.notes == {"cost": "unknown, not zero"}
    assert all(not figure.known for figure in stage.figures.values())
    whole = made()
    seconds = whole.total("wall_seconds")
    whole.stages.insert(0, stage)
    assert whole.total("wall_seconds") == seconds
    assert whole.total("flops_executed").value == 120
    assert "not counted in made earlier: the parent" in whole.total("flops_executed").source
    assert "unknown, not zero" in line_of("parent", receipt)
    assert Receipt.from_json(whole.to_json()).stages[0] == stage
    assert "made earlier: the parent" in str(whole)
    assert "made earlier: the parent" in whole.html()


def test_a_source_of_another_kind_is_refused():
    assert receipt_of(None) is None
    with pytest.raises(InputError, match=r"source must be a receipt.* Got int"):
        receipt_of(3)
