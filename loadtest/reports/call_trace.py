"""The calls of one scenario as text: one line each, and the exchange of the failing one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from loadtest.reports.evidence import example_parts
from loadtest.reports.text import no_commands, one_line
from loadtest.results.trace import TracedCall


def trace_lines(calls: Sequence[TracedCall], fingerprint: str, log: Sequence[str]) -> Iterator[str]:
    """Yield a line for each call; for the last one, if it has ``fingerprint``, request, response and ``log``."""
    width = len(str(len(calls)))
    for number, call in enumerate(calls, 1):
        problem = f"  {call.problem}" if call.problem else ""
        yield _plain(
            f"{number:>{width}}. {call.operation}  {call.status or 'no response'}, {call.duration:.0f} ms{problem}"
        )
    last = calls[-1] if calls else None
    if last is None or last.example is None or last.fingerprint != fingerprint:
        return
    for title, text in example_parts(replace(last.example, log=tuple(log))):
        yield ""
        yield f"--- {title}"
        yield from (no_commands(line) for line in text.splitlines())


def exchange_lines(calls: Sequence[TracedCall]) -> Iterator[str]:
    """Yield a line for each call in the order of their requests, followed by its request and its response."""
    for number, call in enumerate(sorted(calls, key=lambda one: one.began), 1):
        if number > 1:
            yield ""
        problem = f"  {call.problem}" if call.problem else ""
        yield _plain(
            f"{number}. {call.operation}  {call.status or 'no response'}, {call.duration:.0f} ms{problem}"
        )
        for title, text in example_parts(call.example) if call.example else ():
            yield f"--- {title}"
            yield from (no_commands(line) for line in text.splitlines())


def _plain(text: str) -> str:
    return no_commands(one_line(text, 500))
