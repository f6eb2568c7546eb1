"""From a document to HTML: one file with its styles and charts inside, and without a script."""

from functools import cache
from typing import TYPE_CHECKING

from tenth.receipt.look import paper
from tenth.receipt.look.blocks import Document
from tenth.receipt.look.language import Language

if TYPE_CHECKING:
    from jinja2 import Template


def html(document: Document, speak: Language) -> str:
    """The page: no request to anywhere, light and dark, from phone to one sheet of paper.

    Cost: about a tenth of a second for a receipt of fifty parts.
    """
    return _template().render(page=paper.fit(document), speak=speak, percent=_percent)


def _percent(share: float) -> str:
    return f"{share:.2f}%"


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tenth.receipt"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("document.html.jinja")
