"""A run as one HTML page: its curves, its layers, and where the seconds went."""

from tenth.train.report.page import html, save

__all__ = ["html", "save"]
