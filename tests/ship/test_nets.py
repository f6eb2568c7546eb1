"""Networks of the benches, narrow, compiled to C: against the interpreter and torch in float64."""

from functools import cache

import numpy as np
import pytest
import torch

from nets import SMALL
from tenth.errors import InputError
from tenth.ship import Program, compile
from tenth.ship.check import relative_error

NAMES = ("unet", "unet_bilinear", "lstm", "gru_tagger", "minilm_masked", "gpt2", "strided_audio",
         "efficientnet_b0")  # fmt: skip


@cache
def compiled(name: str) -> tuple[torch.nn.Module, Program]:
    net = SMALL[name]
    model = net.build()
    return model, compile(model, net.example())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_in_c_computes_what_it_computes_in_torch(name):
    model, program = compiled(name)
    inputs = SMALL[name].example()
    longer = tuple(torch.cat([x, x.flip(0)]) for x in inputs)
    model.double()
    for given in (inputs, longer):
        with torch.no_grad():
            expected = model(*(x.double() if x.is_floating_point() else x for x in given))
        outputs = program(*(x.numpy() for x in given))
        pairs = zip(_many(outputs), _many(expected), strict=True)
        for y, want in pairs:
            assert relative_error(y, want.numpy()) <= 1e-5


def _many(outputs):
    return outputs if isinstance(outputs, tuple) else (outputs,)


@pytest.mark.slow
def test_pictures_that_a_network_cannot_halve_are_refused():
    _, program = compiled("unet")
    program(np.zeros((1, 3, 8, 20), np.float32))
    with pytest.raises(InputError, match="sizes of program 'model' must be those it can run with"):
        program(np.zeros((1, 3, 10, 20), np.float32))


@pytest.mark.slow
def test_a_sequence_longer_than_the_table_of_places_is_refused():
    _, program = compiled("gpt2")
    program(np.zeros((1, 16), np.int64))
    with pytest.raises(InputError, match="sizes of program 'model' must be those it can run with"):
        program(np.zeros((1, 17), np.int64))
