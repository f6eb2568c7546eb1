import pytest
import torch
from torch import nn

from tenth.fit.bill import Bill, shape_of
from tenth.receipt import Meter


def step(model, batch):
    model(batch).sum().backward()


def test_steps_are_charged_at_the_density_of_their_time():
    model = nn.Linear(8, 5)
    batch = torch.ones(10, 8)
    product = 2 * 10 * 8 * 5  # forward; the batch needs no gradient, so backward is one as well
    with Meter("run") as meter:
        bill = Bill(model, meter)
        for density, times in ((1.0, 3), (0.25, 2)):
            bill.set_densities({"weight": density})
            for _ in range(times):
                with bill.count("kind"):
                    step(model, batch)
                bill.charge("kind")
        bill.pay()
        bill.pay()
    figures = meter.stage.figures
    assert figures["flops_useful"].value == 2 * product * (3 + 0.25 * 2)
    assert figures["flops_dense_equivalent"].value == 2 * product * 5
    assert figures["flops_executed"].value == 2 * product * 5


def test_a_layer_that_lost_all_its_weights_does_nothing_useful():
    model = nn.Linear(8, 5)
    with Meter("run") as meter:
        bill = Bill(model, meter)
        bill.set_densities({"weight": 0.0})
        for growth in (0, 3):
            with bill.count("kind"):
                step(model, torch.ones(10, 8))
            bill.charge("kind", growth)
        bill.pay()
    figures = meter.stage.figures
    assert figures["flops_useful"].value == figures["flops_executed_growth"].value == 2 * 10 * 3
    assert figures["flops_executed"].value == 2 * 2 * 2 * 10 * 8 * 5


def test_shapes_decide_the_kind_of_a_step():
    x, y = torch.zeros(2, 3), torch.zeros(2)
    assert shape_of((x, y)) == shape_of([x + 1, y]) == shape_of({"x": x, "y": y})
    assert shape_of((x, y)) != shape_of((x[:1], y))
    assert shape_of("text") is None


def test_an_operation_without_a_formula_is_noted():
    model = nn.LSTM(3, 4)
    with Meter("run") as meter:
        bill = Bill(model, meter)
        with bill.count("kind"):
            model(torch.zeros(2, 1, 3))
        bill.charge("kind")
        bill.pay()
    assert meter.stage.notes["uncounted operations"] in ("aten.lstm", "aten.mkldnn_rnn_layer")


def test_a_step_that_fails_is_not_taken_for_counted():
    model = nn.Linear(8, 5)
    with Meter("run") as meter:
        bill = Bill(model, meter)
        with pytest.raises(RuntimeError), bill.count("kind"):
            model(torch.ones(1, 7))
        with bill.count("kind"):
            step(model, torch.ones(1, 8))
        bill.charge("kind")
        bill.pay()
    assert meter.stage.figures["flops_executed"].value == 2 * 2 * 8 * 5
