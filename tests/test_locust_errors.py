"""What Locust reports as an error is understood: ours, its own, and those of HTTP libraries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.failures import ProblemKind
from loadtest.locust_errors import Understood, understand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[status 500] boom", Understood(ProblemKind.STATUS, "boom", 500)),
        (
            "[jsonrpc 200 -32000] Internal error",
            Understood(ProblemKind.JSONRPC, "Internal error", 200, "-32000"),
        ),
        ("[timeout] no answer", Understood(ProblemKind.TIMEOUT, "no answer")),
        ("[stream-stalled] silent", Understood(ProblemKind.STREAM_STALLED, "silent")),
        ("[unknown 500] boom", Understood(ProblemKind.OTHER, "[unknown 500] boom")),
        ("Problem('[status 500] it\\'s')", Understood(ProblemKind.STATUS, "it's", 500)),
        (
            "HTTPError('500 Server Error: Internal Server Error for url: /x')",
            Understood(ProblemKind.STATUS, "500 Server Error: Internal Server Error for url: /x", 500),
        ),
        (
            "LocustBadStatusCode(code=404)",
            Understood(ProblemKind.STATUS, "LocustBadStatusCode(code=404)", 404),
        ),
        (
            "BadStatusCode('http://h/x', code=404)",
            Understood(ProblemKind.STATUS, "BadStatusCode('http://h/x', code=404)", 404),
        ),
        ("CatchResponseError('no \"id\"')", Understood(ProblemKind.OTHER, 'no "id"')),
        ("CatchResponseError('[schema 200] no id')", Understood(ProblemKind.SCHEMA, "no id", 200)),
        (
            "CatchResponseError('Unexpected status code 503')",
            Understood(ProblemKind.STATUS, "Unexpected status code 503", 503),
        ),
        (
            "ConnectionRefusedError(111, 'Connection refused')",
            Understood(ProblemKind.CONNECTION, "ConnectionRefusedError(111, 'Connection refused')"),
        ),
        (
            "RemoteDisconnected('Remote end closed connection without response')",
            Understood(
                ProblemKind.CONNECTION, "RemoteDisconnected: Remote end closed connection without response"
            ),
        ),
        ("ReadTimeout('read')", Understood(ProblemKind.TIMEOUT, "ReadTimeout: read")),
        (
            "JSONDecodeError('Expecting value: line 1 column 1 (char 0)')",
            Understood(ProblemKind.JSON, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ),
        ("ValueError('odd')", Understood(ProblemKind.OTHER, "ValueError: odd")),
        ("", Understood(ProblemKind.OTHER, "no message")),
    ],
)
def test_understanding(text: str, expected: Understood) -> None:
    assert understand(text) == expected


@given(st.text())
def test_any_text_is_understood_somehow(text: str) -> None:
    assert understand(text).problem in ProblemKind
