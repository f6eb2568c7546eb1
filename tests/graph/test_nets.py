"""Every network of the benches, narrow: captured, and run in numpy against torch in float64."""

from functools import cache

import numpy as np
import pytest
import torch

from nets import NETS, SMALL
from tenth.graph import Dim, Graph, run
from tenth.graph.capture import capture

n, h, w, length = (Dim.symbol(name) for name in ("n", "h", "w", "l"))
PICTURE, SOUND = (n, 3, h, w), (n, 1, length)
INPUTS = {
    **dict.fromkeys(SMALL, (PICTURE,)),
    **dict.fromkeys(("minilm", "gpt2", "lstm_tagger", "gru_tagger"), ((n, length),)),
    **dict.fromkeys(("minilm_masked", "gpt2_masked"), ((n, length), (n, length))),
    **dict.fromkeys(("m5", "m5_group", "strided_audio"), (SOUND,)),
    **dict.fromkeys(("lstm", "gru"), ((n, length, 5),)),
    "vit_s16": ((n, 3, 32, 32),),
}
OTHER_SIZES = {"n": 3, "h": 48, "w": 40, "l": 11}
LONGER = {"m5": 3001, "m5_group": 3001, "strided_audio": 323}


@cache
def captured(name: str) -> tuple[torch.nn.Module, Graph]:
    net = SMALL[name]
    model = net.build()
    return model, capture(model, net.example())


def test_the_tables_hold_the_same_networks():
    assert set(NETS) == set(SMALL) == set(INPUTS)


@pytest.mark.parametrize("name", SMALL)
def test_a_network_computes_in_numpy_what_it_computes_in_torch(name):
    model, graph = captured(name)
    assert tuple(value.shape for value in graph.inputs) == INPUTS[name]
    sizes = {**OTHER_SIZES, "l": LONGER.get(name, OTHER_SIZES["l"])}
    generator = torch.Generator().manual_seed(3)
    others = [
        torch.randint(0, 2 if value.name == "mask" else 20, shape, generator=generator)
        if value.dtype == "int64"
        else torch.randn(shape, generator=generator)
        for value in graph.inputs
        for shape in [tuple(s if isinstance(s, int) else s.at(sizes) for s in value.shape)]
    ]
    # weights with a norm folded into them are rounded anew, to float32
    for inputs in (SMALL[name].example(), others):
        expected = outputs(model, inputs)
        for dtype, limit in ((np.float64, 1e-6), (np.float32, 1e-5)):
            got = run(graph, *(x.numpy() for x in inputs), dtype=dtype)
            for have, want in zip(got, expected, strict=True):
                assert have.shape == want.shape
                assert np.linalg.norm(have - want) <= limit * np.linalg.norm(want)


def outputs(model, inputs) -> list[np.ndarray]:
    """What the model gives in float64; it stays in float32."""
    model.double()
    with torch.no_grad():
        result = model(*(x.double() if x.is_floating_point() else x for x in inputs))
    model.float()
    return [y.numpy() for y in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("name", ["minilm", "gpt2_masked", "vit_s16", "gru", "strided_audio"])
def test_what_needs_no_folding_is_exact_to_the_last_digits(name):
    model, graph = captured(name)
    inputs = SMALL[name].example()
    got = run(graph, *(x.numpy() for x in inputs), dtype=np.float64)
    # two biases of a GRU are added, and numbers such as 0.044715 rounded, in float32
    limit = {"gru": 1e-7, "gpt2_masked": 1e-8}.get(name, 1e-13)
    for have, want in zip(got, outputs(model, inputs), strict=True):
        assert np.linalg.norm(have - want) <= limit * np.linalg.norm(want)


def ops(name: str) -> set[str]:
    return {node.op for node in captured(name)[1].nodes}


@pytest.mark.parametrize("name", SMALL)
def test_norms_are_folded_wherever_a_layer_stands_before_them(name):
    # those of a DenseNet stand behind a sum of many layers
    assert ("channel_affine" in ops(name)) == (name == "densenet121")


def test_attention_is_one_node_and_masks_that_say_nothing_are_gone():
    for name in ("vit_s16", "minilm", "gpt2"):
        assert "attention" in ops(name)
        assert not ops(name) & {"matmul", "softmax", "equal", "cast"}
    for name, causal in (("minilm_masked", False), ("gpt2_masked", True), ("gpt2", True)):
        nodes = [node for node in captured(name)[1].nodes if node.op == "attention"]
        assert [node.attributes["causal"] for node in nodes] == [causal] * 2
        assert [len(node.inputs) for node in nodes] == [3 + name.endswith("masked")] * 2


def test_states_and_cells_that_nobody_reads_are_not_computed():
    for node in captured("lstm_tagger")[1].nodes:
        assert not node.attributes.get("states", False)
    assert "slice" not in ops("gru_tagger")


def test_a_transposed_convolution_is_a_convolution_and_blocks():
    graph = captured("unet")[1]
    assert "depth_to_space" in ops("unet")
    assert "slice" not in ops("unet")
    last = [node for node in graph.nodes if node.op == "depth_to_space"][-1]
    before = next(node for node in graph.nodes if node.name == last.inputs[0])
    assert before.op == "conv"
