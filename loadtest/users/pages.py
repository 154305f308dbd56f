"""What a page in the browser must show."""

from collections.abc import Callable

from loadtest.client.answer import Answer


def shows(*texts: str) -> Callable[[Answer], str | None]:
    """Return a check that the answer is an HTML page, or a part of one, with each of ``texts`` on it."""

    def looked_at(answer: Answer) -> str | None:
        if answer.media_type != "text/html":
            return f"expected a page, got {answer.media_type or 'no content type'}"
        body = answer.text
        missing = next((text for text in texts if text not in body), None)
        return None if missing is None else f"the page does not show {missing!r}"

    return looked_at
