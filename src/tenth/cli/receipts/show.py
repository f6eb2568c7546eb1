"""`tenth receipt show`: a receipt in the terminal."""

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File
from tenth.cli.show import print_result


def show(receipt: File, as_json: Json = False) -> None:
    """Print a receipt as a table."""
    from tenth.receipt import Receipt

    loaded = Receipt.load(receipt)
    print_result(loaded, loaded.to_json, as_json)
