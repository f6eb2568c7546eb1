"""Live neurons, counted one by one."""

import torch

from tenth.fit.neurons import live_neurons


def test_a_neuron_lives_by_one_weight():
    linear = torch.tensor([[0, 1, 0], [0, 0, 0]], dtype=torch.bool)
    conv = torch.zeros(4, 2, 3, 3, dtype=torch.bool)
    conv[0, 1, 2, 2] = conv[1, 0, 0, 0] = conv[3] = True
    assert live_neurons({"a": linear, "b": conv}) == {"a": 0.5, "b": 0.75}
