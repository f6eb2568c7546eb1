"""What one training step of a torch model costs in FLOPs, layer by layer.

    with StepCounter(model) as counter:
        loss = task.loss(model, batch)
        loss.backward()
    counter.cost.work(pruner.layer_densities())     # a Work for `Meter.add_work`

Every matrix product and convolution that torch runs inside the block is counted by torch's own
formulas, on its way through the dispatcher, save where those are wrong: attention on a CPU, left at
zero (pytorch issue 195460), and the backward pass of grouped convolutions, counted too high.

Hooks count the layers that can be pruned, under the names that a pruner gives them, so that the
work of each can be scaled by its density. What uses a layer's weight without calling the layer,
such as the output projection of `nn.MultiheadAttention`, is counted in the whole, taken as dense.

Counting slows a step: count one step of a kind, and add its work for each step of that kind.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

from tenth.receipt.step import LayerCost, StepCost
from tenth.sparsity.sparse import SparseLayer, sparse_layers
from tenth.sparsity.weights import plain, prunable

aten = torch.ops.aten
Shape = torch.Size


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


def _convolution_backward(
    gradient: Shape, given: Shape, weight: Shape, *rest: Any, **__: Any
) -> int:
    """One product as large as the forward one for each gradient that is asked for.

    torch's own formula counts the weight gradient of a grouped convolution once a group too often.
    """
    *_, transposed, _, _, wanted = rest
    met = given if transposed else gradient
    product = 2 * math.prod(met) // weight[0] * math.prod(weight)
    return product * sum(wanted[:2])


_ADDED_FORMULAS: dict[Any, Callable[..., int]] = {
    aten._scaled_dot_product_flash_attention_for_cpu: _attention_forward,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    aten._native_multi_head_attention: _native_attention,
    aten.convolution_backward: _convolution_backward,
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
        names = {id(weight): name for name, weight in prunable(self._model).items()}
        for path, layer in sparse_layers(self._model).items():
            name = f"{path}.weight"
            tally = self._tallies.setdefault(name, _Tally())
            self._weights[name] = layer.shape.numel()
            hook = _counting_sparse(tally, layer, self._dispatch)
            self._hooks.append(layer.register_forward_hook(hook, with_kwargs=True))
        for module in plain(self._model).modules():
            if isinstance(module, SparseLayer):
                continue
            name = names.get(id(getattr(module, "weight", None)))
            if name is not None and isinstance(module.weight, Tensor):
                tally = self._tallies.setdefault(name, _Tally())
                self._weights[name] = module.weight.numel()
                hook = _counting(tally, module.weight)
                self._hooks.append(module.register_forward_hook(hook, with_kwargs=True))
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


def _counting_sparse(tally: _Tally, layer: SparseLayer, dispatch: _Dispatch) -> Callable[..., None]:
    """As `_counting`, for a layer whose own kernels the dispatcher does not see.

    It counts as its dense form would: a cost is that of a dense step.
    """
    weight = torch.empty(layer.shape, device="meta", requires_grad=layer.values.requires_grad)
    count = _counting(tally, weight)

    def both(
        module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor
    ) -> None:
        before = dataclasses.replace(tally)
        count(module, inputs, named, output)
        dispatch.forward += tally.forward - before.forward
        gradients = (
            tally.weight_gradient
            + tally.input_gradient
            - before.weight_gradient
            - before.input_gradient
        )
        if output.requires_grad:

            def ran(_: Tensor) -> None:
                dispatch.backward += gradients

            output.register_hook(ran)

    return both


def _counting(tally: _Tally, weight: Tensor) -> Callable[..., None]:
    """A forward hook that adds up the work of the module's weight."""

    def count(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor) -> None:
        if _in_backward():
            return  # recomputation: part of the backward pass, and not of the layer's forward
        given: Tensor = (*inputs, *named.values())[0]
        # each weight meets each position of the output once
        flops = 2.0 * (output.numel() // weight.shape[0]) * weight.numel()
        tally.forward += flops
        if torch.is_grad_enabled():
            tally.weight_gradient += flops if weight.requires_grad else 0.0
            # the first layer of a model seldom owes a gradient to its input
            tally.input_gradient += flops if given.requires_grad else 0.0

    return count
