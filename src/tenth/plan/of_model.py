"""A plan of a model whose sizes are known."""

from tenth.catalogue import Device
from tenth.errors import InputError, must
from tenth.plan.assumptions import Assumptions, of_device, of_place
from tenth.plan.bill import Bill
from tenth.plan.checks import whole
from tenth.plan.models import Model
from tenth.plan.result import Plan
from tenth.plan.serve import serve
from tenth.plan.train import train
from tenth.plan.work import Serve, Train, Work


def of_model(
    model: Model,
    work: Work,
    *,
    device: str | Device | None = None,
    count: int | None = 1,
    place: str | None = None,
    assume: Assumptions | None = None,
) -> Plan:
    """What it costs to train, adapt or run a model whose sizes are known; nothing is run.

    Args:
        model: from `preset`, `read_config`, or put together by hand.
        work: `Train` (pre-training, fine-tuning, LoRA, QLoRA) or `Serve` (inference).
        device: a device of the catalogue or of the user; this machine if not said.
        count: how many devices; None if unknown.
        place: country of the electricity, such as FRA; no carbon figure if not said.
        assume: what is known better than the defaults.

    Raises:
        InputError: a number that makes no sense, an unknown device or place.
    """
    count = None if count is None else whole("count", count, "It is how many devices.")
    bill = Bill(of_device(device), count, of_place(place), assume or Assumptions())
    if isinstance(work, Train):
        return train(model, work, bill)
    if isinstance(work, Serve):
        return serve(model, work, bill)
    raise InputError(must("work", "a Train or a Serve", type(work).__name__))
