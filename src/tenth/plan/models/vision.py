"""Models that take images: vision transformers and residual networks."""

from dataclasses import replace

from tenth.errors import InputError, must
from tenth.plan.models.model import Layer, Model, Saved
from tenth.plan.models.transformer import Transformer

_PATCH = 16
# blocks of each of the four stages, and whether a block has three convolutions (a bottleneck)
DEPTHS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}


def vit(stack: Transformer, classes: int, side: int) -> Model:
    """A vision transformer on patches of 16 × 16, with a class token and one linear head.

    Raises:
        InputError: `side` is no multiple of 16.
    Source: arXiv:2010.11929.
    """
    if side % _PATCH:
        raise InputError(must("side of an image", f"a multiple of {_PATCH} pixels", side))
    patches = (side // _PATCH) ** 2
    width, places = stack.width, patches + 1
    tables = (places + 1) * width  # one row a place, and the class token
    plain = replace(stack, vocabulary=0, tied=None, causal=False, tables=tables).model()
    layers = [replace(layer, uses=places) for layer in plain.layers]
    layers.append(Layer("patches", 3 * _PATCH * _PATCH, width, True, uses=patches))
    layers.append(Layer("head", width, classes, True))
    saved = plain.saved
    return replace(
        plain,
        sample="image",
        layers=tuple(layers),
        attention=tuple(replace(a, queries=places) for a in plain.attention),
        saved=replace(
            saved,
            block=saved.block * places,
            inputs=saved.inputs * places,
            masks=saved.masks * places,
            heads=saved.heads * places,
            rest=saved.rest * places + 3 * side * side,
            logits=classes,
        ),
        length=places,
    )


def resnet(depth: int, width: int, classes: int, side: int) -> Model:
    """A residual network: a 7 × 7 convolution, a pool, four stages, one linear head.

    The stride of a bottleneck is in its 3 × 3 convolution, as most libraries have it.

    Raises:
        InputError: no such depth, or a `side` that is no multiple of 32.
    Source: arXiv:1512.03385.
    """
    if depth not in DEPTHS:
        raise InputError(must("layers of a resnet", "one of " + ", ".join(map(str, DEPTHS)), depth))
    if side % 32:
        raise InputError(must("side of an image", "a multiple of 32 pixels", side))
    stages, bottleneck = DEPTHS[depth]
    grow = 4 if bottleneck else 1
    net = _Net(width, side // 2)
    net.add("stem", 3, width, 7)
    net.pool()
    inputs = width
    for stage, blocks in enumerate(stages):
        inner = width << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            if inputs != inner * grow or stride == 2:
                net.add("shortcut", inputs, inner * grow, 1, net.side // stride, kept=1)
            if bottleneck:
                net.add("reduce", inputs, inner, 1)
                net.shrink(stride)
                net.add("conv", inner, inner, 3)
                net.add("expand", inner, inner * grow, 1)
            else:
                net.shrink(stride)
                net.add("conv", inputs, inner, 3)
                net.add("conv", inner, inner, 3)
            inputs = inner * grow
    layers = (*net.layers, Layer("head", inputs, classes, True))
    blocks = sum(stages)
    saved = Saved(blocks, net.kept / blocks, net.kept / (6 * blocks), rest=net.rest, logits=classes)
    return Model(f"resnet{depth}", "image", layers, 0, net.scales, (), saved)


class _Net:
    """A residual network while it is put together."""

    def __init__(self, width: int, side: int) -> None:
        self.layers: list[Layer] = []
        self.side, self.width = side, width
        self.scales = self.kept = 0
        self.rest = 3 * (2 * side) ** 2

    def add(
        self, name: str, inputs: int, outputs: int, kernel: int, side: int = 0, kept: int = 2
    ) -> None:
        """A convolution and its batch norm: its output is read again, and the norm's where used."""
        places = (side or self.side) ** 2
        self.layers.append(Layer(name, inputs, outputs, uses=places, kernel=kernel * kernel))
        self.scales += 2 * outputs
        self.kept += kept * outputs * places

    def shrink(self, stride: int) -> None:
        self.side //= stride

    def pool(self) -> None:
        """A pool keeps its output and, for each number of it, where it came from in 64 bits."""
        self.shrink(2)
        self.rest += 3 * self.width * self.side**2
