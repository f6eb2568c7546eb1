"""Pictures of the pages of a receipt and of a plan, for docs/pictures.

    python bench/pictures.py

Needs Chromium, poppler and a font with Arabic letters (apt: chromium, poppler-utils,
fonts-noto-core). The receipt is
docs/results/life.json, the plan the first one of docs/plan.md.
"""

import base64
import subprocess
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
COLOURS = 160  # of a picture: text and flat areas need no more
GAP = 24  # pixels between the views of a picture
# width and height in pixels, phone or not, dark or not
Shot = tuple[int, int, bool, bool]
VIEWS: dict[str, list[Shot]] = {
    "desktop": [(1000, 1180, False, False), (1000, 1180, False, True)],
    "phone": [(360, 740, True, False), (360, 740, True, True)],
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
        tab.call("Emulation.setScrollbarsHidden", hidden=True)
        for name, text in pages():
            page = Path(folder, "page.html")
            page.write_text(text, encoding="utf-8")
            for view, shots in VIEWS.items():
                taken = [_shot(tab, page, shot) for shot in shots]
                _save(taken, PICTURES / f"{name}-{view}.png")
            _save([_sheet(tab, page)], PICTURES / f"{name}-paper.png")


def _shot(tab: browser.Page, page: Path, shot: Shot) -> Image.Image:
    """The top of the page in a window of this size."""
    width, height, phone, dark = shot
    tab.size(width, height, phone=phone, dark=dark)
    _open(tab, page)
    return _image(tab.call("Page.captureScreenshot")["data"])


def _sheet(tab: browser.Page, page: Path) -> Image.Image:
    """The page as it prints."""
    tab.size(1000, 1180)
    _open(tab, page)
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder, "page.pdf")
        pdf.write_bytes(base64.b64decode(printed))
        # poppler-utils
        subprocess.run(["pdftoppm", "-r", "90", "-png", pdf, pdf.with_suffix("")], check=True)
        (sheet,) = Path(folder).glob("*.png")
        return Image.open(BytesIO(sheet.read_bytes())).convert("RGB")


def _open(tab: browser.Page, page: Path) -> None:
    tab.call("Page.navigate", url=page.as_uri())
    tab.wait("document.readyState === 'complete'")
    tab.frame()


def _image(data: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(data))).convert("RGB")


def _save(taken: list[Image.Image], path: Path) -> None:
    """The views side by side, in few colours."""
    width = sum(image.width for image in taken) + GAP * (len(taken) - 1)
    whole = Image.new("RGB", (width, max(image.height for image in taken)), "white")
    left = 0
    for image in taken:
        whole.paste(image, (left, 0))
        left += image.width + GAP
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
