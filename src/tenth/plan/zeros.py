"""What zeros earn: work is saved only where a kernel skips them."""

from dataclasses import dataclass

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.layouts import check_density
from tenth.plan.assumptions import Assumptions

# accelerators whose tensor cores skip two zeros of four
_SPARSE_CORES = ("a100", "h100", "h800", "h200", "b200", "l4", "a10g", "rtx", "mi300")
_HALF = 0.5
LAYOUTS = ("unstructured", "2:4", "channel")


@dataclass(frozen=True)
class Credit:
    """What zeros are worth.

    `work` is the share of the products that is still executed, `kept` that of the weights;
    `words` say why.
    """

    kept: float
    work: float
    words: str


def credit(assume: Assumptions, device: Device, *, training: bool) -> Credit:
    """What the density of `assume` saves on a device.

    - channel: rows and columns are gone and what is left is a smaller dense model: all of it.
    - 2:4: half the work of inference on tensor cores that skip; nothing in training.
    - unstructured: inference on a processor by kernels that skip; nothing in training, where masked
      work runs dense, and nothing on accelerators.

    Raises:
        InputError: a density or a layout that is none, or 2:4 at another density than 0.5.
    Source: 2:4, arXiv:2104.08378.
    """
    density = check_density(assume.density)
    if assume.zeros not in LAYOUTS:
        raise InputError(must("zeros", "one of " + ", ".join(LAYOUTS), repr(assume.zeros)))
    if density == 1:
        return Credit(1.0, 1.0, "")
    said = f"Density {density:g} ({assume.zeros})"
    if assume.zeros == "channel":
        return Credit(density, density, f"{said}: a smaller dense model, all work saved counts.")
    if assume.zeros == "2:4":
        if density != _HALF:
            raise InputError(must("density of 2:4", "0.5", density))
        if not training and device.name.startswith(_SPARSE_CORES):
            return Credit(density, _HALF, f"{said}: tensor cores of {device.name} skip half.")
        return Credit(density, 1.0, f"{said} earns nothing here: no kernel skips it.")
    if not training and device.threads is not None:
        return Credit(density, density, f"{said}: kernels for processors skip the zeros.")
    where = "masked work runs dense" if training else f"no kernel of {device.name} skips them"
    return Credit(density, 1.0, f"{said} earns no time: {where}.")
