"""Random weights with which activations stay sane, as in a trained network."""

import torch
from torch import Tensor, nn

_LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)


def settled(model: nn.Module, example: tuple[Tensor, ...], seed: int = 0) -> nn.Module:
    """The model in eval mode with weights drawn anew, and norms that know their statistics.

    Convolutions are drawn as for ReLU, the scales and shifts of norms around 1 and 0; running
    statistics are those of one batch.

    Source: He et al. 2015, arXiv:1502.01852.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for module in model.modules():
            _draw(module, generator)
        if norms:
            _gather_statistics(model, norms, example, generator)
    return model.eval()


def _draw(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, _LAYERS):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        if module.bias is not None:
            nn.init.normal_(module.bias, std=0.1, generator=generator)
    elif isinstance(module, nn.modules.batchnorm._BatchNorm | nn.LayerNorm | nn.GroupNorm):
        nn.init.uniform_(module.weight, 0.8, 1.2, generator=generator)
        nn.init.uniform_(module.bias, -0.2, 0.2, generator=generator)


def _gather_statistics(
    model: nn.Module,
    norms: list[nn.modules.batchnorm._BatchNorm],
    example: tuple[Tensor, ...],
    generator: torch.Generator,
) -> None:
    momenta = [norm.momentum for norm in norms]
    model.train()
    for norm in norms:
        norm.momentum = 1.0
    # a norm of one value each has no variance
    batch = (max(4, len(x)) for x in example)
    model(
        *(
            torch.randn((n, *x.shape[1:]), generator=generator)
            for n, x in zip(batch, example, strict=True)
        )
    )
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
