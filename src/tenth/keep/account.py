"""The receipt of a store: what its variants would take in full, what they take, and the money."""

from collections.abc import Iterable

from tenth.figures import Figure, counted
from tenth.keep.usage import Share, Usage
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage


def account(used: Usage, stages: Iterable[Stage] = (), title: str = "keep variants") -> Receipt:
    """Each name in full beside what it added, the store as a whole, and the metered stages."""
    receipt = Receipt(title, Aim("files come back byte by byte"), stages=list(stages))
    receipt.sizes = [*(_sizes(share) for share in used.shares if not share.problem)]
    if used.shares:
        receipt.sizes.append(
            BeforeAfter(
                "bytes of the store",
                counted(used.full_bytes, "bytes", "the files of all names in full"),
                counted(used.place_bytes, "bytes", "everything that lies in the store"),
            )
        )
    receipt.scores = {
        f"relative error of {share.name}": _error(*share.lossy)
        for share in used.shares
        if share.lossy is not None
    }
    receipt.notes = [used.saving, *used.problems]
    return receipt


def _error(method: str, error: float) -> Figure:
    source = f"of the weights that the lossy method {method} changed, when they were stored"
    return Figure(error, "of the weights", label="measured", source=source)


def _sizes(share: Share) -> BeforeAfter:
    source = f"as a difference from {share.base}" if share.base else "without a base"
    return BeforeAfter(
        f"bytes of {share.name}",
        counted(share.full_bytes, "bytes", "its files in full"),
        counted(share.stored_bytes, "bytes", f"what it alone needs of the store, {source}"),
    )
