"""Pictures of the pages of a receipt and of a plan, for docs/pictures.

    python bench/pictures.py

Needs Chromium, and a font with Arabic letters (apt: chromium, fonts-noto-core).
"""

import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the browser that the tests drive

from ship import browser  # noqa: E402

from tenth import plan  # noqa: E402
from tenth.plan import page as plan_page  # noqa: E402
from tenth.receipt import Receipt  # noqa: E402
from tenth.receipt import page as receipt_page  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
COLOURS = 48  # of a picture: text and flat areas need no more
# name: width and height in pixels, phone or not, dark or not
VIEWS = {
    "light": (1040, 1280, False, False),
    "dark": (1040, 1280, False, True),
    "phone": (360, 760, True, False),
    "phone-dark": (360, 760, True, True),
}


def pages() -> Iterator[tuple[str, str]]:
    """Name and HTML of each page that has its picture taken."""
    receipt = Receipt.load(ROOT / "docs" / "results" / "life.json")
    expected = plan.estimate(params=7e9, tokens=2e12, device="h100", count=64, place="FRA")
    for lang in ("en", "ar"):
        yield f"receipt-{lang}", receipt_page.html(receipt, lang)
        yield f"plan-{lang}", plan_page.html(expected, lang)


def main() -> None:
    """Take every picture anew."""
    PICTURES.mkdir(exist_ok=True)
    with browser.opened() as tab, tempfile.TemporaryDirectory() as folder:
        for name, text in pages():
            for view, (width, height, phone, dark) in VIEWS.items():
                path = Path(folder, "page.html")
                path.write_text(text, encoding="utf-8")
                tab.size(width, height, phone=phone, dark=dark)
                tab.call("Page.navigate", url=path.as_uri())
                tab.wait("document.readyState === 'complete'")
                tab.frame()
                tab.picture(Path(folder, "page.png"))
                _save(Path(folder, "page.png"), PICTURES / f"{name}-{view}.png", height * (1 + phone))
                print(f"{name}-{view}.png")


def _save(taken: Path, kept: Path, height: int) -> None:
    """The top of the page in few colours."""
    image = Image.open(BytesIO(taken.read_bytes())).convert("RGB")
    image = image.crop((0, 0, image.width, min(height, image.height)))
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(kept, optimize=True)


if __name__ == "__main__":
    main()
