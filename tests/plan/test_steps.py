import numpy as np
import pytest

from tenth.errors import InputError
from tenth.figures import Figure
from tenth.graph import Dim, Graph, Node, Value
from tenth.plan.calibrate import Calibration
from tenth.plan.steps import seconds, training_step

PIXELS = 8 * 8
FIRST, SECOND = 2 * 4 * 9 * PIXELS, 2 * 4 * PIXELS


def linear_net():
    constants = {"w1": np.ones((3, 5), np.float32), "w2": np.ones((2, 3), np.float32)}
    nodes = (
        Node("flat", "reshape", ("x",), {"shape": (0, -1)}),
        Node("a", "linear", ("flat", "w1")),
        Node("act", "relu", ("a",)),
        Node("b", "linear", ("act", "w2")),
    )
    return Graph((Value("x", (Dim.symbol("n"), 5)),), nodes, ("b",), constants)


def test_a_convolutional_net_by_hand(small_net):
    step = training_step(small_net(), 10, {"h": 8, "w": 8})
    # the first layer owes nothing to the program's input: 2 products, the second 3
    assert step.executed == 10 * (2 * FIRST + 3 * SECOND)
    assert step.useful == step.executed
    assert step.parameters == step.kept == 36 + 4 + 4 + 1
    assert step.activation_bytes == 10 * 4 * (4 + 4 + 1) * PIXELS
    assert step.largest_bytes == 10 * 4 * 4 * PIXELS
    assert step.operations == 3


def test_what_lies_before_the_first_weight_owes_no_gradient():
    step = training_step(linear_net(), 7)
    assert step.executed == 7 * (2 * 2 * 5 * 3 + 3 * 2 * 3 * 2)


def test_an_embedding_before_it_makes_a_layer_owe_its_input():
    constants = {"table": np.ones((9, 4), np.float32), "w": np.ones((2, 4), np.float32)}
    nodes = (Node("e", "embedding", ("ids", "table")), Node("l", "linear", ("e", "w")))
    graph = Graph((Value("ids", (Dim.symbol("n"), 3), "int64"),), nodes, ("l",), constants)
    assert training_step(graph, 1).executed == 3 * (2 * 3 * 4 * 2)


def test_a_product_of_two_inputs_costs_nothing_backward():
    n = Dim.symbol("n")
    values = (Value("a", (n, 2, 3)), Value("b", (n, 3, 4)))
    graph = Graph(values, (Node("m", "matmul", ("a", "b")),), ("m",))
    assert training_step(graph, 1).executed == 2 * 2 * 3 * 4


def test_a_fixed_batch_is_scaled(small_net):
    free = training_step(small_net(), 6, {"h": 8, "w": 8})
    fixed = training_step(small_net(batch=2, side=8), 6)
    assert fixed == free


def test_density_removes_weights_and_useful_work_alone(small_net):
    step = training_step(small_net(), 1, {"h": 8, "w": 8}, density=0.25)
    assert step.executed == 2 * FIRST + 3 * SECOND
    assert step.useful == (2 * FIRST + 3 * SECOND) / 4
    assert step.kept == 9 + 4 + 1 + 1


def test_weights_that_are_zero_already_are_not_useful(small_net):
    graph = small_net()
    graph.constants["first_weight"][:2] = 0
    step = training_step(graph, 1, {"h": 8, "w": 8})
    assert step.useful == FIRST + 3 * SECOND
    assert step.executed == 2 * FIRST + 3 * SECOND


def test_missing_sizes_are_named(small_net):
    with pytest.raises(InputError, match=r'given for h, w.*pass sizes=\{"h": 32, "w": 32\}'):
        training_step(small_net(), 1)
    with pytest.raises(InputError, match="given for w"):
        training_step(small_net(), 1, {"h": 8})


def test_seconds_by_hand(small_net):
    step = training_step(small_net(), 10, {"h": 8, "w": 8})
    rates = Calibration(Figure(1e9, "FLOP/s"), Figure(1e8, "bytes/s"))
    expected = step.executed / 0.8e9 + 16 * step.activation_bytes / 1e8 + 3 * 180e-6
    assert seconds(step, rates).bounds() == pytest.approx((expected, expected / 3, expected * 3))
    assert seconds(step, rates).label == "estimated"


def test_flops_equal_those_that_torch_counts(small_net):
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1)
    )
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(10, 1, 8, 8)).sum().backward()
    step = training_step(small_net(), 10, {"h": 8, "w": 8})
    assert step.executed == counter.get_total_flops()
