"""What a page in the browser must show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def shows(*texts: str) -> Check:
    """Return a check that the answer is an HTML page, or a part of one, with each of ``texts`` on it."""

    def looked_at(answer: Answer) -> Mismatch | None:
        if answer.media_type != "text/html":
            return expected("a page", answer.media_type or "no content type")
        body = answer.text
        missing = next((text for text in texts if text not in body), None)
        return None if missing is None else expected(f"a page that shows {missing!r}")

    return looked_at
