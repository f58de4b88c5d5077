"""What the tests of imports share."""

import pytest

from core.intake import taking


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Pages wait for the end of an import, however busy the machine is."""
    monkeypatch.setattr(taking, "PATIENCE_SECONDS", 120.0)
