"""Fixtures of the receipt room."""

import pytest

from .samples import life


@pytest.fixture
def receipt():
    return life()


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch):
    """No test depends on where the machine says it is."""
    monkeypatch.delenv("TENTH_PLACE", raising=False)
