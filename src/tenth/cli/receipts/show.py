"""`tenth receipt show`: a receipt in the terminal."""

from tenth.cli.options import Json
from tenth.cli.receipts.arguments import File, Lang
from tenth.cli.show import print_result


def show(receipt: File, lang: Lang = "en", as_json: Json = False) -> None:
    """Print a receipt as a table."""
    from tenth.receipt import Receipt, render

    loaded = Receipt.load(receipt)
    shown = None if as_json else render.text(render.receipt(loaded, lang))
    print_result(shown, loaded.to_json, as_json)
