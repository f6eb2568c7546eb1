"""`tenth receipt compare`: two receipts side by side."""

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def compare(receipt: File, baseline: File, as_json: Json = False) -> None:
    """Say what RECEIPT saved against a baseline, figure by figure.

    Refuses, saying why, when task, hardware or accuracy target differ: such a ratio means nothing.
    """
    from tenth.receipt import Receipt

    comparison = Receipt.load(receipt).compare(Receipt.load(baseline))
    print_result(comparison, comparison.to_json, as_json)
