"""Find and format what the gateway logged about a request.

All versions log JSON lines with the value of the header ``X-Correlation-ID`` as ``request_id`` or ``correlation_id``.
The traceback of an unhandled exception has no such ID: uvicorn logs it outside of the middleware that has the ID
(``mcpgateway/middleware/correlation_id.py``), right after the access line of the request. It is assigned to the call
with the same method and path and a status of 500 or more that is closest in time. Two calls of one operation that
fail at the same time may therefore swap their tracebacks; the fault is the same.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.files import write_atomically
from loadtest.core.redact import Redactor, redact

SPAN = 60.0
"""Seconds around the end of a request in which a traceback is searched: longer than any request waits."""

NEAR = 4
"""Maximum distance in lines between an access line and its traceback."""

MOST_LINES = 60
"""Lines kept for one request: the last ones, as the end of a traceback is the most useful part."""

_ID = re.compile(rb'"(?:request_id|correlation_id)": ?"([^"]+)"')
_ACCESS = re.compile(r'"([A-Z]+) (\S+) HTTP/[\d.]+" (5\d\d)')
_UNHANDLED = "Unhandled exception on "
_ESCAPING = "Exception in ASGI application"
_PACKAGES = re.compile(r'(?<=")[^"\n]*/(?:site-packages|lib/python3\.\d+)/')


@dataclass(frozen=True)
class LogQuery:
    """A call to find in the log."""

    correlation_id: str
    method: str = ""
    path: str = ""
    """As sent, with its query. If empty, tracebacks without an ID are not searched."""
    at: float = 0.0
    """Time of the response, in seconds since the epoch."""


@dataclass
class _Crash:
    """A response of 500 or more that uvicorn logged, and the tracebacks next to it."""

    method: str
    path: str
    at: float
    lines: list[str] = field(default_factory=list)


def lines_of(
    log: Path, requests: Sequence[LogQuery], secrets: Iterable[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Return the lines of the log at ``log`` about ``requests`` by correlation ID, with secrets masked.

    The log is read once. Every ID is in the result, without lines if nothing was logged or the log does not exist.
    """
    found: dict[str, list[str]] = {request.correlation_id: [] for request in requests}

    ids = {request.correlation_id.encode() for request in requests}

    targets = {(request.method, request.path) for request in requests if request.path}
    crashes: list[_Crash] = []
    try:
        with log.open("rb") as file:
            _read(file, ids, targets, found, crashes)
    except OSError:
        return dict.fromkeys(found, ())
    for request in requests:
        if (crash := _nearest(request, crashes)) is not None:
            found[request.correlation_id] += crash.lines
    mask = Redactor(secrets).mask
    return {name: tuple(mask(line) for line in lines[-MOST_LINES:]) for name, lines in found.items()}


def _read(
    file: Iterable[bytes],
    wanted: set[bytes],
    targets: set[tuple[str, str]],
    found: dict[str, list[str]],
    crashes: list[_Crash],
) -> None:
    recent: list[tuple[int, str, list[str]]] = []
    open_crash: tuple[int, _Crash] | None = None
    for number, raw in enumerate(file):
        ids = wanted.intersection(_ID.findall(raw))
        for name in ids:
            found[name.decode()] += readable(raw)
        if ids or b'"levelname"' not in raw:
            continue
        if b"uvicorn.access" in raw and (access := _access(raw)) is not None:
            open_crash = None

            if (access.method, access.path) in targets:
                crashes.append(access)
                open_crash = number, access
                start = f"{_UNHANDLED}{access.method} {access.path.partition('?')[0]}"
                for line, message, lines in recent:
                    if number - line <= NEAR and message == start:
                        access.lines += lines
        elif _UNHANDLED.encode() in raw:
            message = str(_fields(raw).get("message", ""))
            recent = [*recent[-NEAR:], (number, message, readable(raw))]
        elif open_crash is not None and _ESCAPING.encode() in raw and number - open_crash[0] <= NEAR:
            crash = open_crash[1]
            # Releases from 1.0.7 on log the same traceback themselves, in a separate line before this one.
            crash.lines = crash.lines or readable(raw)
            open_crash = None


def _access(raw: bytes) -> _Crash | None:
    fields = _fields(raw)
    match = _ACCESS.search(str(fields.get("message", "")))
    return _Crash(match[1], match[2], _time(fields)) if match else None


def _nearest(request: LogQuery, crashes: Iterable[_Crash]) -> _Crash | None:
    near = [
        crash
        for crash in crashes
        if (crash.method, crash.path) == (request.method, request.path) and abs(crash.at - request.at) <= SPAN
    ]
    return min(near, key=lambda crash: abs(crash.at - request.at), default=None)


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _time(fields: Mapping[str, Any]) -> float:
    try:
        return dt.datetime.fromisoformat(str(fields.get("@timestamp"))).timestamp()
    except ValueError:
        return 0.0


def readable(raw: bytes) -> list[str]:
    """Return one log line as text: time, level, logger and message, then the traceback.

    Paths of installed files are relative to ``site-packages``.
    """
    fields = _fields(raw)
    if "message" not in fields:
        return [raw.decode("utf-8", "replace").rstrip("\n")]
    moment = str(fields.get("@timestamp", "")).partition("T")[2].rstrip("Z")[:12]
    head = f"{moment} {fields.get('levelname', '')} {fields.get('name', '')}: {fields['message']}".strip()
    trace = _PACKAGES.sub("", str(fields.get("exc_info") or "")).splitlines()
    return [line for line in (*head.splitlines(), *trace[-(MOST_LINES // 2) :]) if line.strip()]


HEAD = 1 << 20
"""Bytes that the copy of a long log keeps from its start, which shows the boot."""

END = 4 << 20
"""Bytes that the copy of a long log keeps from its end."""

TAIL_LINES = 40
TAIL_BYTES = 64 << 10


def tail(path: Path, secrets: Iterable[str] = (), lines: int = TAIL_LINES) -> tuple[str, ...]:
    """Return the last ``lines`` of the log at ``path`` with secrets masked; empty if there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(redact(text, secrets).splitlines()[-lines:])


def copy_log(path: Path, target: Path, secrets: Iterable[str] = ()) -> None:
    """Write the log at ``path`` to ``target`` with secrets masked; the middle of a very long log is left out.

    Raises:
        UsageError: ``target`` cannot be written.
    """
    write_atomically(target, redact(_bounded(path), secrets))


def _bounded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= HEAD + END:
                return file.read().decode("utf-8", "replace")
            head = file.read(HEAD).rpartition(b"\n")[0]
            file.seek(size - END)
            end = file.read().partition(b"\n")[2]
    except OSError:
        return ""
    left_out = size - len(head) - len(end)
    return (
        f"{head.decode('utf-8', 'replace')}\n… {left_out} bytes left out …\n{end.decode('utf-8', 'replace')}"
    )
