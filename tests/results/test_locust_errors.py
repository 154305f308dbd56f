"""What Locust reports as an error is understood: ours, its own, and those of HTTP libraries."""

import time
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.results.failures import ProblemKind
from loadtest.results.locust_errors import ParsedError, parse_error

PHRASES = (
    "CatchResponseError('Expected [200], got {}')",
    "Expected status code 200 but received {}",
    "BadStatusCode('http://h/200', code={})",
    "Unexpected status code: {}",
    "HTTP {}: 404 things of 500",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[status 500] boom", ParsedError(ProblemKind.STATUS, "boom", 500)),
        (
            "[jsonrpc 200 -32000] Internal error",
            ParsedError(ProblemKind.JSONRPC, "Internal error", 200, "-32000"),
        ),
        ("[timeout] no answer", ParsedError(ProblemKind.TIMEOUT, "no answer")),
        ("[stream-stalled] silent", ParsedError(ProblemKind.STREAM_STALLED, "silent")),
        ("[unknown 500] boom", ParsedError(ProblemKind.OTHER, "[unknown 500] boom")),
        ("Problem('[status 500] it\\'s')", ParsedError(ProblemKind.STATUS, "it's", 500)),
        (
            "HTTPError('500 Server Error: Internal Server Error for url: /x')",
            ParsedError(ProblemKind.STATUS, "500 Server Error: Internal Server Error for url: /x", 500),
        ),
        (
            "LocustBadStatusCode(code=404)",
            ParsedError(ProblemKind.STATUS, "LocustBadStatusCode(code=404)", 404),
        ),
        (
            "BadStatusCode('http://h/x', code=404)",
            ParsedError(ProblemKind.STATUS, "BadStatusCode('http://h/x', code=404)", 404),
        ),
        ("CatchResponseError('no \"id\"')", ParsedError(ProblemKind.OTHER, 'no "id"')),
        ("CatchResponseError('[schema 200] no id')", ParsedError(ProblemKind.SCHEMA, "no id", 200)),
        (
            "CatchResponseError('Unexpected status code 503')",
            ParsedError(ProblemKind.STATUS, "Unexpected status code 503", 503),
        ),
        (
            "ConnectionRefusedError(111, 'Connection refused')",
            ParsedError(ProblemKind.CONNECTION, "ConnectionRefusedError(111, 'Connection refused')"),
        ),
        (
            "RemoteDisconnected('Remote end closed connection without response')",
            ParsedError(
                ProblemKind.CONNECTION, "RemoteDisconnected: Remote end closed connection without response"
            ),
        ),
        ("ReadTimeout('read')", ParsedError(ProblemKind.TIMEOUT, "ReadTimeout: read")),
        (
            "JSONDecodeError('Expecting value: line 1 column 1 (char 0)')",
            ParsedError(ProblemKind.JSON, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ),
        ("ValueError('odd')", ParsedError(ProblemKind.OTHER, "ValueError: odd")),
        ("", ParsedError(ProblemKind.OTHER, "no message")),
    ],
)
def test_parsing(text: str, expected: ParsedError) -> None:
    assert parse_error(text) == expected


@pytest.mark.parametrize(
    ("text", "problem", "status"),
    [
        ("CatchResponseError('Expected status code 200, got 404')", "status", 404),
        ("CatchResponseError('expected 200, got 500')", "status", 500),
        ("Expected [200, 403], got 404", "status", 404),
        ("Expected [200], got 0", "connection", None),
        ("Expected 200 got 503", "status", 503),
        ("expected 300 items, got 200", "other", None),
        ("expected 404 rows, got 500 rows", "other", None),
        ("got 404, expected 200", "status", 404),
        ("404 != 200", "status", 404),
        ("200 != 404", "status", 404),
        ("AssertionError('assert 503 == 200')", "status", 503),
        ("AssertionError('404 not in [200, 201]')", "status", 404),
        ("took 350 ms", "other", None),
        ("took 404 ms", "other", None),
        ("Response took 500ms", "other", None),
        ("too slow: 502 ms > 500 ms", "other", None),
        ("RetriesExceeded('http://192.168.10.20:3000/a', 1, original=timed out)", "timeout", None),
        (
            "ConnectionError(MaxRetryError('NewConnectionError: http://127.0.0.1:3000/b refused'))",
            "connection",
            None,
        ),
        (
            "ConnectionError(MaxRetryError(\"HTTPSConnectionPool(host='192.168.1.1', port=443): Max retries exceeded with url: /a/404 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))\"))",  # noqa: E501
            "connection",
            None,
        ),
        (
            "ReadTimeout(ReadTimeoutError(\"HTTPConnectionPool(host='localhost', port=500): Read timed out. (read timeout=500)\"))",  # noqa: E501
            "timeout",
            None,
        ),
        ("HTTPError('404 Client Error: Not Found for url: http://h:8080/items/500')", "status", 404),
        ("HTTPError('500 Server Error: Internal Server Error for url: /x')", "status", 500),
        ("BadStatusCode('http://h/200', code=404)", "status", 404),
        ("BadStatusCode('http://h/200', code=0)", "connection", None),
        ("LocustBadStatusCode(code=404)", "status", 404),
        ("status code: 503", "status", 503),
        ("Status 404", "status", 404),
        ("HTTP 404", "status", 404),
        ("HTTP/1.1 502 Bad Gateway", "status", 502),
        ("HTTP Error 404: Not Found", "status", 404),
        ("Unexpected status code: 500", "status", 500),
        ("Unexpected status 418", "status", 418),
        ("Unexpected response: 500", "status", 500),
        ("Response code was 504", "status", 504),
        ("status_code=429", "status", 429),
        ('{"status": 404, "error": "x"}', "status", 404),
        ("curl: (22) The requested URL returned error: 404", "status", 404),
        ("curl: (22) The requested URL returned error: 404 Not Found", "status", 404),
        ("curl: (7) Failed to connect to localhost port 500", "connection", None),
        ("curl: (28) Operation timed out after 500 milliseconds with 0 bytes received", "timeout", None),
        ("Client error '404 Not Found' for url 'http://x/500'", "status", 404),
        ("404, message='Not Found', url=URL('http://x/')", "status", 404),
        ("Failed to list gateways: 403", "status", 403),
        ("Health check failed: 500", "status", 500),
        ("Infrastructure error: 502", "status", 502),
        ('Owner tools/list failed: 401 {"detail":"x"}', "status", 401),
        ("Peer hijack unexpectedly succeeded: 200 {}", "other", None),
        ("Response is HTML not JSON (Content-Type: 'text/html', status: 502)", "status", 502),
        ("Response is HTML not JSON (Content-Type: 'text/html', status: 200)", "json", 200),
        ("Invalid JSON: Expecting value: line 1 column 1 (char 0)", "json", None),
        ("Error 503", "status", 503),
        ("503 Service Unavailable", "status", 503),
        ("server answered 500 instead of 200", "status", 500),
        ("Expected 2xx but got 500", "status", 500),
        ("wrong status: wanted 201, was 409", "status", 409),
        ("status was 409 but should be 201", "status", 409),
        ("item 404 is gone", "other", None),
        ("order 500 not found", "other", None),
        ("user 403", "other", None),
        ("too many 503 error responses", "status", 503),
        ("Got status 404 instead of 200", "status", 404),
        ("Got wrong response: 404", "status", 404),
        ("Unexpected status code 200", "status", 200),
        ("expected status 404, got 200", "status", 200),
        ("JSON-RPC error [-32000]: Internal error - Tool invocation failed: x", "jsonrpc", None),
        ("JSON-RPC error -32601: Method not found", "jsonrpc", None),
        ("{'code': -32602, 'message': 'Invalid params'}", "jsonrpc", None),
        (
            '<_InactiveRpcError of RPC that terminated with: status = StatusCode.UNAVAILABLE details = "x">',
            "connection",
            None,
        ),
        ('HTTP 429: {"retry_after": 500}', "status", 429),
        ("Expected status code 200 but received 404", "status", 404),
        ("Response status code does not match! Expected 200, actual 500", "status", 500),
        ("expected=200 actual=503", "status", 503),
        ("expected: 200, actual: 503", "status", 503),
        ("Bad response 500", "status", 500),
        ("Request failed with status code 422", "status", 422),
        ("Login failed (401)", "status", 401),
        ("Login failed with 401", "status", 401),
        ("Request returned 400: bad request", "status", 400),
        ("500", "other", None),
        ("Status code: 404, time: 500", "status", 404),
        ("Expected status code to be one of [200, 201], got 404", "status", 404),
        ("Got unexpected response code: 500 Error: Internal", "status", 500),
        ("validation failed: 500 characters at most", "other", None),
        ("len(items) was 404, expected 500", "other", None),
        ("price 404 is higher than 200", "other", None),
        ("[Errno 104] Connection reset by peer", "connection", None),
        ("ConnectionResetError(104, 'Connection reset by peer')", "connection", None),
        ("p95 of 500 exceeded", "other", None),
        ("response time 503 above limit 500", "other", None),
        ("Response time exceeded: 404", "other", None),
        ("response length 404, expected 200", "other", None),
    ],
)
def test_only_a_number_labelled_as_status_is_one(text: str, problem: str, status: int | None) -> None:
    understood = parse_error(text)
    assert (understood.problem.value, understood.status) == (problem, status)


@given(st.sampled_from(sorted(HTTPStatus)), st.sampled_from(sorted(HTTPStatus)), st.sampled_from(PHRASES))
def test_two_statuses_have_different_fingerprints(one: int, other: int, phrase: str) -> None:
    first, second = (parse_error(phrase.format(int(status))) for status in (one, other))
    assert first.status == one
    assert second.status == other


@pytest.mark.parametrize(
    "phrase", ["got {0} ", "status is {0} ", "HTTP {0} a", "expected {0}, ", "failed: {0} "]
)
def test_a_long_message_is_understood_in_no_time(phrase: str) -> None:
    text = phrase.format("9" * 3) * 20_000
    start = time.process_time()
    parse_error(text)
    parse_error(f"CatchResponseError({text!r})")
    assert time.process_time() - start < 1


@given(st.text())
def test_any_text_has_a_problem_kind(text: str) -> None:
    assert parse_error(text).problem in ProblemKind
