"""Server-sent events: time to the first event, gaps between events, and the end of the stream.

Source of the format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import gevent
import msgspec
from gevent.queue import Empty, Queue
from sseclient import SSEClient

from loadtest.client.answer import Problem
from loadtest.results.failures import ProblemKind
from loadtest.results.outcome import StreamResult

FIRST_EVENT_TIMEOUT = 10.0
"""Default seconds that a user waits for an event."""


EventFilter = Callable[["ServerSentEvent"], bool]


class LineReader(Protocol):
    """An open response of geventhttpclient."""

    message_complete: bool

    def readline(self, sep: bytes = ...) -> bytes:
        """Return the next line including its end; empty at the end of the body."""

    def release(self) -> None:
        """Return the connection to its pool, or close it if the body was not read completely."""


class ServerSentEvent(NamedTuple):
    """One event."""

    name: str
    data: str

    @property
    def json(self) -> Any:
        """The decoded data.

        Raises:
            Problem: it is not JSON.
        """
        try:
            return msgspec.json.decode(self.data)
        except msgspec.DecodeError as error:
            raise Problem(ProblemKind.JSON, f"event data is not JSON: {error}") from error


@dataclass(slots=True)
class EventStream:
    """An open stream, read event by event, with its measurements so far (milliseconds)."""

    lines: LineReader
    on_read: Callable[[], None] = lambda: None
    """Called for each event that is read."""
    opened: float = field(default_factory=time.perf_counter)
    first_event: float | None = None
    gaps: list[float] = field(default_factory=list)
    events: int = 0
    ended: bool = False
    _last: float = 0.0
    _source: Iterator[Any] | None = None

    def next(
        self, *, within: float = FIRST_EVENT_TIMEOUT, where: EventFilter | None = None
    ) -> ServerSentEvent:
        """Return the next event that matches ``where``, waiting ``within`` seconds.

        Raises:
            Problem: no such event came in time, or the stream ended.
        """
        deadline = gevent.Timeout(within)
        deadline.start()
        try:
            while True:
                event = self.read()
                self.on_read()
                if where is None or where(event):
                    return event
        except gevent.Timeout as timeout:
            if timeout is not deadline:
                raise
            raise Problem(ProblemKind.STREAM_STALLED, self._timeout_message(within), waited=within) from None
        finally:
            deadline.close()

    @property
    def silent(self) -> float:
        """Seconds since the last event or comment, or since it was opened."""
        return time.perf_counter() - (self._last or self.opened)

    def close(self) -> None:
        """Close the stream and its connection."""
        self.lines.release()

    def outcome(self, operation: str) -> StreamResult:
        """Return the measurements."""
        return StreamResult(
            operation=operation,
            events=self.events,
            ended=self.ended,
            first_event=self.first_event,
            gaps=tuple(self.gaps),
        )

    def read(self) -> ServerSentEvent:
        """Return the next event, without a time limit.

        Raises:
            Problem: the stream ended.
        """
        if self._source is None:
            self._source = SSEClient(iter(self._line, b"")).events()
        found = next(self._source, None)
        if found is None:
            self.ended = self.lines.message_complete
            raise Problem(
                ProblemKind.STREAM_TRUNCATED,
                f"the stream ended after {self.events} events" if self.events else "the stream ended empty",
            )
        now = self._record_activity()
        if self.first_event is None:
            self.first_event = (now - self.opened) * 1000
        self.events += 1
        return ServerSentEvent(found.event, found.data)

    def _line(self) -> bytes:
        line = self.lines.readline(b"\n")
        if line.startswith(b":"):
            # A comment, with which a server keeps an idle stream open.
            self._record_activity()
        return line

    def _record_activity(self) -> float:
        now = time.perf_counter()
        if self._last:
            self.gaps.append((now - self._last) * 1000)
        self._last = now
        return now

    def _timeout_message(self, seconds: float) -> str:
        return f"no {'further ' if self.events else ''}event that was waited for within {seconds:g} s"


class LongLivedStream:
    """Reads ``events`` in the background during its ``with`` block."""

    def __init__(self, events: EventStream) -> None:
        self.events = events
        self._received: Queue[ServerSentEvent | Problem] = Queue()

    def __enter__(self) -> LongLivedStream:
        self._listener = gevent.spawn(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Before the stream is closed: it cannot be read then.
        self._listener.kill()

    def next(
        self, *, within: float = FIRST_EVENT_TIMEOUT, where: EventFilter | None = None
    ) -> ServerSentEvent:
        """Return the next event that matches ``where``, waiting ``within`` seconds.

        Raises:
            Problem: it did not come in time, or the stream ended first.
        """
        deadline = time.perf_counter() + within
        while True:
            event = self._take(deadline - time.perf_counter())
            if event is None:
                words = f"no event that was waited for within {within:g} s"
                raise Problem(ProblemKind.STREAM_STALLED, words, waited=within)
            self.events.on_read()
            if where is None or where(event):
                return event

    def listen(self, seconds: float, silence: float | None) -> None:
        """Read and discard events for ``seconds``.

        Raises:
            Problem: the stream ended, or was silent for ``silence`` seconds, without even a keep-alive comment.
        """
        deadline = time.perf_counter() + seconds
        while self._take(deadline - time.perf_counter()) is not None:
            pass
        if silence is not None and self.events.silent > silence:
            raise Problem(
                ProblemKind.STREAM_STALLED, f"a held stream was silent for {silence:g} s", waited=silence
            )

    def _take(self, seconds: float) -> ServerSentEvent | None:
        try:
            event: ServerSentEvent | Problem = self._received.get(timeout=max(seconds, 0.0))
        except Empty:
            return None
        if isinstance(event, Problem):
            raise event
        return event

    def _listen(self) -> None:
        try:
            while True:
                self._received.put(self.events.read())
        except Problem as problem:
            self._received.put(problem)
