"""Sampling a process tree: as a whole once a second, each process by itself every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psutil

from loadtest.gateway.monitor.connections import ConnectionCounts, Peers
from loadtest.gateway.monitor.sample_files import ProcessSample
from loadtest.results.measurements import ResourceSample

WIDTH = 1.0
"""Seconds between samples."""

CLOSE = 5.0
"""Seconds between close looks at each process, at least: PSS and connections cost 20 ms for each."""

SHARE = 0.005
"""Of a processor that close looks may take; with many processes they become rarer."""


class PeriodicThread:
    """A thread that takes a step again and again, until the block ends or a step says when it has enough."""

    name = "repeated"

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def step(self) -> float | None:
        """Do it once; return the seconds until the next time, or None for never again."""
        raise NotImplementedError

    def _run(self) -> None:
        while (pause := self.step()) is not None:
            if self._ended.wait(pause):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()


class ProcessSampler(PeriodicThread):
    """Samples the tree below ``pid`` into ``path``, and each process into ``members``, one JSON line each.

    ``at`` in the files is seconds since the epoch;
    :mod:`loadtest.gateway.monitor.sample_files` makes it relative to the start of the load.
    """

    name = "watch"

    def __init__(
        self,
        pid: int,
        path: Path,
        *,
        members: Path | None = None,
        peers: Peers | None = None,
        width: float = WIDTH,
    ) -> None:
        super().__init__()
        self._tree = Tree(pid, peers)
        self._path = path
        self._members = members
        self._width = width
        self._close_at = time.monotonic()

    def step(self) -> float | None:
        """Sample once; None when the tree is gone."""
        now, spent = time.monotonic(), time.thread_time()
        close = self._members is not None and now >= self._close_at
        if (look := self._tree.look(close=close)) is None:
            return None
        _append(self._path, [look.whole])
        if close and self._members is not None:
            _append(self._members, look.members)
            self._close_at = now + max(CLOSE, (time.thread_time() - spent) / SHARE) - self._width / 2
        return self._width


@dataclass(frozen=True)
class TreeSample:
    """What is seen of a tree at one time."""

    whole: ResourceSample
    members: list[ProcessSample]


class Tree:
    """A process and everything below it, read again and again."""

    def __init__(self, pid: int, peers: Peers | None = None) -> None:
        self._pid = pid
        self._peers = peers
        self._known: dict[int, psutil.Process] = {}
        self._cpu = 0.0

    def look(self, *, close: bool = False) -> TreeSample | None:
        """Return the sums over the tree and its processes, or None when its root is gone.

        CPU counts processes that ended and were waited for by their parent, and never runs backwards. With
        ``close``, PSS and connections are read, too.
        """
        try:
            root = self._known.setdefault(self._pid, psutil.Process(self._pid))
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            return None
        at = time.time()
        members = list(self._members(tree, at, close=close))
        if not members:
            return None
        samples = [member.sample for member in members]
        self._cpu = max(self._cpu, sum(sample.cpu for sample in samples))
        whole = ResourceSample(
            at=at,
            rss=sum(sample.rss for sample in samples),
            cpu=round(self._cpu, 3),
            descriptors=sum(sample.descriptors for sample in samples),
            threads=sum(sample.threads for sample in samples),
            processes=len(samples),
            pss=_sum([sample.pss for sample in samples]),
            database=_sum([sample.database for sample in samples]),
            cache=_sum([sample.cache for sample in samples]),
            clients=_sum([sample.clients for sample in samples]),
        )
        return TreeSample(whole, members)

    def _members(self, tree: list[psutil.Process], at: float, *, close: bool) -> Iterator[ProcessSample]:
        for found in tree:
            process = self._known.setdefault(found.pid, found)
            if process != found:  # another process got the number of one that ended
                process = self._known[found.pid] = found
            try:
                yield self._member(process, at, close=close)
            except psutil.Error:
                self._known.pop(found.pid, None)

    def _member(self, process: psutil.Process, at: float, *, close: bool) -> ProcessSample:
        with process.oneshot():
            times = process.cpu_times()
            sample = ResourceSample(
                at=at,
                rss=process.memory_info().rss,
                cpu=times.user + times.system + times.children_user + times.children_system,
                descriptors=process.num_fds(),
                threads=process.num_threads(),
                processes=1,
            )
        if not close:
            return ProcessSample(pid=process.pid, name="", created=0.0, sample=sample)
        counts = self._counts(process)
        return ProcessSample(
            pid=process.pid,
            # A title that a program gave itself may hold more than its name.
            name=process.name().partition(":")[0].partition(" ")[0],
            created=process.create_time(),
            sample=msgspec.structs.replace(
                sample,
                cpu=round(sample.cpu, 3),
                pss=_pss(process),
                database=counts.database if counts else None,
                cache=counts.cache if counts else None,
                clients=counts.clients if counts else None,
            ),
        )

    def _counts(self, process: psutil.Process) -> ConnectionCounts | None:
        try:
            return self._peers.count(process) if self._peers else None
        except psutil.AccessDenied:
            return None


def _pss(process: psutil.Process) -> int | None:
    """Return its share of memory, or None where the system does not tell (macOS, another user's process)."""
    try:
        pss: int | None = getattr(process.memory_full_info(), "pss", None)
    except psutil.AccessDenied:
        return None
    return pss


def _sum(figures: list[int | None]) -> int | None:
    """Return the sum, or None if a part of it is not known."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _append(path: Path, values: list[ResourceSample] | list[ProcessSample]) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
