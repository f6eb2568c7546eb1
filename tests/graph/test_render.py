import numpy as np

from tenth.graph import Dim, Graph, Node, Value, text


def test_a_graph_as_people_read_it():
    weight = np.zeros((4, 2, 3), np.float32)
    weight[0] = 1
    attributes = {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1}
    pool = {"kernel": (2,), "stride": (2,), "padding": (0,), "ceil": True, "count_padding": False}
    graph = Graph(
        (Value("x", (Dim.symbol("n"), 2, Dim.symbol("l"))),),
        (
            Node("conv", "conv", ("x", "w"), attributes),
            Node("pool", "avg_pool", ("conv",), pool),
        ),
        ("pool",),
        {"w": weight},
    )
    assert text(graph).splitlines() == [
        "input   x                                                            [n, 2, l] float32",
        "conv =  conv(x, w [4, 2, 3]) stride 2 padding 1 dilation 1 groups 1  "
        "[n, 4, ((l + 1) // 2)]               6 of 24 weights",
        "pool =  avg_pool(conv) kernel 2 stride 2 padding 0 ceil              "
        "[n, 4, ((((l + 1) // 2) + 1) // 2)]",
        "output  pool                                                         "
        "[n, 4, ((((l + 1) // 2) + 1) // 2)]",
    ]
