"""A program in the browser: one page that holds everything it needs."""

from tenth.ship.web.page import Drawing, write_module, write_page

__all__ = ["Drawing", "write_module", "write_page"]
