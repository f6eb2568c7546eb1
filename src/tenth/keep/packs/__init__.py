"""Packs: immutable files of payloads, named by their hash (see `form` for the bytes)."""

from tenth.keep.packs.form import (
    TARGET_BYTES,
    Slot,
    Span,
    check,
    checked_id,
    damaged_payloads,
    index,
    pack_key,
    short_digest,
)
from tenth.keep.packs.reading import Reader
from tenth.keep.packs.writing import Writer

__all__ = [
    "TARGET_BYTES",
    "Reader",
    "Slot",
    "Span",
    "Writer",
    "check",
    "checked_id",
    "damaged_payloads",
    "index",
    "pack_key",
    "short_digest",
]
