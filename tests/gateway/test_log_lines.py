"""The lines of one request in a log shaped as both versions write it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from loadtest.gateway.logs import MOST_LINES, SPAN, LogQuery, lines_of, readable

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/env/lib/python3.11/site-packages/mcpgateway/admin.py", line 569, in wrapper\n'
    "    return await func()\n"
    "TypeError: {}"
)


def entry(second: float, message: str, name: str = "mcpgateway", level: str = "INFO", **more: object) -> str:
    moment = dt.datetime.fromtimestamp(second, tz=dt.UTC).isoformat().replace("+00:00", "Z")
    fields = {"asctime": moment, "name": name, "levelname": level, "message": message, "@timestamp": moment}
    return json.dumps(fields | more)


def access(second: float, request: str, status: int) -> str:
    return entry(second, f'127.0.0.1:5000 - "{request} HTTP/1.1" {status}', "uvicorn.access")


def escaped(second: float, error: str) -> str:
    trace = TRACE.format(error)
    return entry(second, "Exception in ASGI application\n", "uvicorn.error", "ERROR", exc_info=trace)


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_lines_that_carry_the_id_under_either_name(tmp_path: Path) -> None:
    log = written(
        tmp_path / "log",
        entry(1, "one", request_id="lt-1"),
        entry(2, "two", request_id="lt-11"),
        entry(3, "three", correlation_id="lt-1"),
        entry(4, "lt-1 is only spoken of"),
        "not JSON, lt-1",
    )
    assert lines_of(log, [LogQuery("lt-1"), LogQuery("lt-2")]) == {
        "lt-1": ("00:00:01 INFO mcpgateway: one", "00:00:03 INFO mcpgateway: three"),
        "lt-2": (),
    }


def test_a_traceback_without_an_id_goes_to_the_call_with_its_path(tmp_path: Path) -> None:
    log = written(
        tmp_path / "log",
        entry(10, "before", request_id="lt-1"),
        access(11, "GET /admin/tags?x=1", 500),
        escaped(11, "first"),
        access(12, "GET /tools", 200),
        access(13, "GET /admin/stats", 500),
        escaped(13, "second"),
    )
    requests = [
        LogQuery("lt-1", "GET", "/admin/tags?x=1", 11.1),
        LogQuery("lt-2", "GET", "/tools", 12.1),
        LogQuery("lt-3", "POST", "/admin/stats", 13.1),
    ]
    assert lines_of(log, requests) == {
        "lt-1": (
            "00:00:10 INFO mcpgateway: before",
            "00:00:11 ERROR uvicorn.error: Exception in ASGI application",
            "Traceback (most recent call last):",
            '  File "mcpgateway/admin.py", line 569, in wrapper',
            "    return await func()",
            "TypeError: first",
        ),
        "lt-2": (),
        "lt-3": (),
    }


def test_the_log_of_the_gateway_takes_precedence_over_that_of_the_server(tmp_path: Path) -> None:
    own = entry(11, "Unhandled exception on GET /x", level="ERROR", exc_info=TRACE.format("raised once"))
    log = written(tmp_path / "log", own, access(11, "GET /x?y=z", 500), escaped(11, "raised twice"))
    lines = lines_of(log, [LogQuery("lt-1", "GET", "/x?y=z", 11.0)])["lt-1"]
    assert lines[0] == "00:00:11 ERROR mcpgateway: Unhandled exception on GET /x"
    assert lines[-1] == "TypeError: raised once"


def test_of_two_crashes_on_one_path_the_nearest_in_time(tmp_path: Path) -> None:
    lines = [
        line
        for second in (10, 20, 30)
        for line in (access(second, "GET /x", 500), escaped(second, str(second)))
    ]
    log = written(tmp_path / "log", *lines)
    requests = [
        LogQuery("a", "GET", "/x", 19.0),
        LogQuery("b", "GET", "/x", 31.0),
        LogQuery("c", "GET", "/x", 31 + SPAN),
    ]
    found = lines_of(log, requests)
    assert (found["a"][-1], found["b"][-1], found["c"]) == ("TypeError: 20", "TypeError: 30", ())


def test_a_distant_traceback_belongs_to_another_error(tmp_path: Path) -> None:
    noise = [entry(11, f"line {number}") for number in range(10)]
    log = written(
        tmp_path / "log", access(11, "GET /x", 500), *noise, escaped(11, "of a task in the background")
    )
    assert lines_of(log, [LogQuery("lt-1", "GET", "/x", 11.0)]) == {"lt-1": ()}
    log = written(tmp_path / "log", access(11, "GET /x", 500), access(11, "GET /y", 500), escaped(11, "of y"))
    assert lines_of(log, [LogQuery("lt-1", "GET", "/x", 11.0)]) == {"lt-1": ()}


def test_secrets_are_masked_and_length_is_bounded(tmp_path: Path) -> None:
    lines = [entry(1, f"line {number} of hunter2222", request_id="lt-1") for number in range(500)]
    found = lines_of(written(tmp_path / "log", *lines), [LogQuery("lt-1")], ["hunter2222"])["lt-1"]
    assert len(found) == MOST_LINES
    assert found[-1] == "00:00:01 INFO mcpgateway: line 499 of ***"


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "log", [LogQuery("lt-1", "GET", "/x")]) == {"lt-1": ()}


@given(st.binary(max_size=200))
def test_any_line_can_be_read(raw: bytes) -> None:
    assert all(isinstance(line, str) for line in readable(raw))
