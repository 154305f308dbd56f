"""Writes ``docs/gateway-faults.md`` from the data of the gateway versions; ``make docs`` calls it."""

from pathlib import Path

from loadtest import versions
from loadtest.judge.drifts import contradictions, section
from loadtest.judge.faults import document, faults

TARGET = Path(__file__).resolve().parent.parent / "docs" / "gateway-faults.md"


def page() -> str:
    """Return the whole page."""
    known = [versions.load(name) for name in reversed(versions.available())]
    return f"{document(faults(known), command='make docs')}\n{section(contradictions(known))}"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
