"""An event stream that is held open for minutes: listened to beside whatever its user does."""

from __future__ import annotations

import time
from types import TracebackType

import gevent
from gevent.queue import Empty, Queue

from loadtest.client.problem import Problem
from loadtest.client.streams import FIRST_EVENT_WITHIN, Event, EventStream, Wanted
from loadtest.failures import ProblemKind


class HeldStream:
    """Reads ``events`` in the background for as long as its ``with`` block lasts."""

    def __init__(self, events: EventStream) -> None:
        self.events = events
        self._heard: Queue[Event | Problem] = Queue()

    def __enter__(self) -> HeldStream:
        self._listener = gevent.spawn(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Before the stream is closed: nobody may read from it then.
        self._listener.kill()

    def next(self, *, within: float = FIRST_EVENT_WITHIN, where: Wanted | None = None) -> Event:
        """Return the next event (the next one that ``where`` wants), waiting ``within`` seconds.

        Raises:
            Problem: it did not come in time, or the stream ended first.
        """
        deadline = time.perf_counter() + within
        while True:
            event = self._take(deadline - time.perf_counter())
            if event is None:
                words = f"no event that was waited for within {within:g} s"
                raise Problem(ProblemKind.STREAM_STALLED, words)
            self.events.on_read()
            if where is None or where(event):
                return event

    def listen(self, seconds: float, silence: float | None) -> None:
        """Let whatever comes pass for so many ``seconds``.

        Raises:
            Problem: the stream ended, or nothing at all has come for ``silence`` seconds, not even a keepalive.
        """
        deadline = time.perf_counter() + seconds
        while self._take(deadline - time.perf_counter()) is not None:
            pass
        if silence is not None and self.events.silent > silence:
            raise Problem(ProblemKind.STREAM_STALLED, f"a held stream was silent for {silence:g} s")

    def _take(self, seconds: float) -> Event | None:
        try:
            heard: Event | Problem = self._heard.get(timeout=max(seconds, 0.0))
        except Empty:
            return None
        if isinstance(heard, Problem):
            raise heard
        return heard

    def _listen(self) -> None:
        try:
            while True:
                self._heard.put(self.events.read())
        except Problem as problem:
            self._heard.put(problem)
