"""What one training step of a torch model costs in FLOPs, layer by layer.

    with StepCounter(model) as counter:
        loss = task.loss(model, batch)
        loss.backward()
    counter.cost.work(pruner.layer_densities())     # a Work for `Meter.add_work`

Every matrix product and convolution that torch runs inside the block is counted by torch's own
formulas, on its way through the dispatcher; attention on a CPU is counted too, which
`FlopCounterMode` leaves at zero (pytorch issue 195460). Hooks count the layers that can be pruned,
so that the work of each can be scaled by its density. Counting slows a step: count one step of a
kind, and add its work for each step of that kind.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

from tenth.errors import InputError, must
from tenth.receipt.work import Flops, Work

aten = torch.ops.aten
Shape = torch.Size

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)


def _attention_forward(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Two products: scores, then values. Causal or not, as torch counts it elsewhere."""
    batch, heads, length, width = query
    return 2 * batch * heads * length * key[2] * (width + value[3])


def _attention_backward(
    _: Shape, query: Shape, key: Shape, value: Shape, *__: Any, **___: Any
) -> int:
    """Five products: the scores anew, then the gradients of scores, query, key and value."""
    batch, heads, length, width = query
    return 2 * batch * heads * length * key[2] * (3 * width + 2 * value[3])


def _native_attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Projections of query, key, value and output, and the two products between them."""
    batch, length, width = query
    projections = 2 * width * width * (2 * length + key[1] + value[1])
    return batch * (projections + 4 * length * key[1] * width)


def _vector_product(matrix: Shape, *_: Any, **__: Any) -> int:
    return 2 * math.prod(matrix)


_ADDED_FORMULAS: dict[Any, Callable[..., int]] = {
    aten._scaled_dot_product_flash_attention_for_cpu: _attention_forward,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    aten._native_multi_head_attention: _native_attention,
    aten.mv: _vector_product,
    aten.dot: _vector_product,
}
# products that neither torch nor this file has a formula for
_UNCOUNTED = (
    "aten.mkldnn_rnn_layer",
    "aten.lstm",
    "aten.gru",
    "aten._transformer_encoder_layer_fwd",
    "aten._sparse_mm",
    "aten._sparse_addmm",
    "quantized.linear_dynamic",
)


@dataclass(frozen=True)
class LayerCost:
    """FLOPs of one prunable weight in a step: all of them are proportional to its density."""

    weights: int
    forward: float = 0.0
    weight_gradient: float = 0.0
    input_gradient: float = 0.0

    @property
    def backward(self) -> float:
        """Both gradients."""
        return self.weight_gradient + self.input_gradient

    @property
    def per_weight(self) -> float:
        """FLOPs of the gradient of one weight."""
        return self.weight_gradient / self.weights


@dataclass(frozen=True)
class StepCost:
    """FLOPs of a dense step; `layers` are the prunable weights, by their name in `state_dict`.

    `uncounted` names operations that ran and that nothing has a formula for.
    """

    forward: float
    backward: float
    layers: dict[str, LayerCost]
    uncounted: tuple[str, ...] = ()

    def work(
        self,
        densities: Mapping[str, float] | None = None,
        growth_weights: Mapping[str, int] | int = 0,
    ) -> Work:
        """The work of one step at these densities.

        The step runs dense, mask or not, so executed equals dense-equivalent in total; the share
        of the backward pass that served only to choose weights to grow is shown as growth.

        Args:
            densities: fraction kept of each weight; a weight not named is dense.
            growth_weights: gradient entries looked at for growth, by weight or in all.

        Raises:
            InputError: a name that no layer has.
        """
        densities = dict(densities or {})
        self._check(densities)
        growth = self._growth(densities, growth_weights)
        gone = {name: 1.0 - densities.get(name, 1.0) for name in self.layers}
        idle_forward = math.fsum(gone[name] * self.layers[name].forward for name in gone)
        idle_backward = math.fsum(gone[name] * self.layers[name].backward for name in gone)
        return Work(
            useful=Flops(self.forward - idle_forward, self.backward - idle_backward, growth),
            executed=Flops(self.forward, self.backward - growth, growth),
            dense_equivalent=Flops(self.forward, self.backward),
        )

    def _check(self, names: Mapping[str, Any]) -> None:
        strange = sorted(set(names) - set(self.layers))
        if strange:
            known = ", ".join(self.layers) or "none"
            raise InputError(must("layer name", f"one of: {known}", ", ".join(strange)))

    def _growth(
        self, densities: Mapping[str, float], growth_weights: Mapping[str, int] | int
    ) -> float:
        """FLOPs of the gradients of absent weights; those of kept weights are backward anyway."""
        absent = {
            name: (1.0 - densities.get(name, 1.0)) * layer.weights
            for name, layer in self.layers.items()
        }
        if isinstance(growth_weights, int):
            # spread over the absent weights, since nobody said where they are
            whole = math.fsum(absent.values())
            share = min(1.0, growth_weights / whole) if whole else 0.0
            looked = {name: share * count for name, count in absent.items()}
        else:
            self._check(growth_weights)
            looked = {name: min(growth_weights.get(name, 0), absent[name]) for name in absent}
        return math.fsum(looked[name] * self.layers[name].per_weight for name in looked)


@dataclass
class _Tally:
    forward: float = 0.0
    weight_gradient: float = 0.0
    input_gradient: float = 0.0


class _Dispatch(TorchDispatchMode):
    """Adds up the FLOPs of every operation, those of a backward pass apart."""

    def __init__(self) -> None:
        super().__init__()
        self.formulas = FlopCounterMode(display=False, custom_mapping=_ADDED_FORMULAS).flop_registry
        self.forward = 0.0
        self.backward = 0.0
        self.uncounted: set[str] = set()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in self.formulas:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        out = func(*args, **kwargs)
        formula = self.formulas.get(packet)
        if formula is None:
            if str(packet) in _UNCOUNTED:
                self.uncounted.add(str(packet))
            return out
        flops = formula(*args, **kwargs, out_val=out)
        if _in_backward():
            self.backward += flops
        else:
            self.forward += flops
        return out


def _in_backward() -> bool:
    # the only way torch offers to tell; its own ModuleTracker asks in the same way
    return torch._C._current_graph_task_id() != -1


class StepCounter:
    """Counts what runs inside its `with` block; `cost` is there afterwards.

    Several steps, or several forward passes of one step, add up.
    """

    cost: StepCost

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._hooks: list[RemovableHandle] = []
        self._tallies: dict[str, _Tally] = {}
        self._weights: dict[str, int] = {}
        self._dispatch = _Dispatch()

    def __enter__(self) -> Self:
        names = {id(parameter): name for name, parameter in self._model.named_parameters()}
        for module in self._model.modules():
            name = names.get(id(getattr(module, "weight", None)))
            if isinstance(module, _LAYERS) and name is not None:
                tally = self._tallies.setdefault(name, _Tally())
                self._weights[name] = module.weight.numel()
                self._hooks.append(module.register_forward_hook(_counting(tally, module.weight)))
        self._dispatch.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._dispatch.__exit__(*failure)
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        # a part of the model that was cut off from the loss had no backward pass
        planned = math.fsum(t.weight_gradient + t.input_gradient for t in self._tallies.values())
        ran = min(1.0, self._dispatch.backward / planned) if planned else 0.0
        self.cost = StepCost(
            forward=self._dispatch.forward,
            backward=self._dispatch.backward,
            layers={
                name: LayerCost(
                    self._weights[name],
                    tally.forward,
                    tally.weight_gradient * ran,
                    tally.input_gradient * ran,
                )
                for name, tally in self._tallies.items()
            },
            uncounted=tuple(sorted(self._dispatch.uncounted)),
        )


def _counting(tally: _Tally, weight: Tensor) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
    """A forward hook that adds up the work of the module's weight."""

    def count(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        if _in_backward():
            return  # recomputation: part of the backward pass, and not of the layer's forward
        given: Tensor = inputs[0]
        # each weight meets each position of the output once; of the input, if transposed
        met = given if isinstance(module, _TRANSPOSED) else output
        flops = 2.0 * (met.numel() // weight.shape[0]) * weight.numel()
        tally.forward += flops
        if torch.is_grad_enabled():
            tally.weight_gradient += flops if weight.requires_grad else 0.0
            # the first layer of a model seldom owes a gradient to its input
            tally.input_gradient += flops if given.requires_grad else 0.0

    return count
