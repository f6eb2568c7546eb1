import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import Dim, Graph, Node, Value, run


def words() -> Graph:
    return Graph(
        (Value("ids", (Dim.symbol("n"),), "int64"), Value("x", (2,))),
        (Node("rows", "embedding", ("ids", "w")), Node("y", "add", ("rows", "x"))),
        ("y", "rows"),
        {"w": np.arange(6, dtype=np.float32).reshape(3, 2)},
    )


def test_by_hand():
    y, rows = run(words(), np.array([2, 0]), np.array([10.0, 20.0]))
    np.testing.assert_array_equal(rows, [[4, 5], [0, 1]])
    np.testing.assert_array_equal(y, [[14, 25], [10, 21]])
    assert y.dtype == np.float32


def test_it_computes_in_the_type_that_is_asked_for():
    tiny = 1 + 2**-40
    y, _ = run(words(), np.array([0]), np.array([tiny, 0]), dtype=np.float64)
    assert y.dtype == np.float64
    assert y[0, 0] == tiny


def test_nan_and_infinity_pass_silently():
    x = Value("x", (4,))
    graph = Graph(
        (x,), (Node("a", "softmax", ("x",), {"axis": 0}), Node("b", "relu", ("x",))), ("a", "b")
    )
    soft, positive = run(graph, np.array([np.inf, -np.inf, np.nan, 1e38]))
    assert np.isnan(soft).all()
    np.testing.assert_array_equal(positive, np.float32([np.inf, 0, np.nan, 1e38]))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (([3], [0, 0]), r"node 'rows' \(embedding\): ids must be from 0 to 2\. Got 3 to 3"),
        (([-1], [0, 0]), r"ids must be from 0 to 2\. Got -1 to -1"),
        (([0.5], [0, 0]), r"input 'ids' must be int64\. Got float64"),
        (([0], ["a", "b"]), r"input 'x' must be float32\. Got <U1"),
        (([0], [1j, 0]), r"input 'x' must be float32\. Got complex128"),
        (([0], [0, 0, 0]), r"input 'x' must be of shape \[2\]"),
        (([0],), r"number of inputs must be 2\. Got 1"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, message):
    with pytest.raises(InputError, match=message):
        run(words(), *(np.array(x) for x in inputs))


def test_inputs_and_constants_stay_as_they_were():
    graph = Graph(
        (Value("x", (2, 2)),),
        (
            Node("a", "reshape", ("x",), {"shape": (4,)}),
            Node("b", "relu", ("a",)),
            Node("c", "transpose", ("x",), {"order": (1, 0)}),
        ),
        ("a", "b", "c"),
    )
    x = np.float32([[1, -2], [3, -4]])
    a, _, c = run(graph, x)
    a[:] = 9
    c[:] = 9
    np.testing.assert_array_equal(x, [[1, -2], [3, -4]])
