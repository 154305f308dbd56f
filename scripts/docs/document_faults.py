"""The content of ``docs/gateway-faults.md``, from the data of the gateway versions."""

from pathlib import Path

from contract_drift import contradictions, section
from gateway_faults import document, faults

from loadtest.versions import data as versions

TARGET = Path(__file__).resolve().parents[2] / "docs" / "gateway-faults.md"


def page() -> str:
    """Return the whole page."""
    known = [versions.load(name) for name in reversed(versions.available())]
    return f"{document(faults(known), command='make docs')}\n{section(contradictions(known))}"
