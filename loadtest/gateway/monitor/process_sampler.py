"""Sample a process tree: its sums every second, each process every few seconds."""

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
from loadtest.gateway.process.identity import age
from loadtest.results.measurements import ResourceSample

INTERVAL = 1.0
"""Seconds between samples of the tree."""

DETAIL_INTERVAL = 5.0
"""Minimum seconds between samples of each process: PSS and connections take 20 ms per process."""

CPU_SHARE = 0.005
"""Maximum share of a processor for samples of each process; with many processes the interval grows."""


class PeriodicThread:
    """A thread that repeats :meth:`step` until the end of the block, or until a step returns None."""

    name = "repeated"

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def step(self) -> float | None:
        """Do the work once; returns the seconds until the next step, or None to end."""
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
    """Writes samples of the tree below ``pid`` to ``path``, and of each process to ``members``, as JSON lines.

    ``at`` in the files is by the monotonic clock;
    :mod:`loadtest.gateway.monitor.sample_files` makes it relative to the start of the load.
    """

    name = "process sampler"

    def __init__(
        self,
        pid: int,
        path: Path,
        *,
        members: Path | None = None,
        peers: Peers | None = None,
        interval: float = INTERVAL,
    ) -> None:
        super().__init__()
        self._tree = Tree(pid, peers)
        self._path = path
        self._members = members
        self._interval = interval
        self._detail_at = time.monotonic()

    def step(self) -> float | None:
        """Sample once; None when the tree is gone."""
        now, started = time.monotonic(), time.thread_time()
        detailed = self._members is not None and now >= self._detail_at
        if (sample := self._tree.sample(detailed=detailed)) is None:
            return None
        _append(self._path, [sample.whole])
        if detailed and self._members is not None:
            _append(self._members, sample.members)
            pause = max(DETAIL_INTERVAL, (time.thread_time() - started) / CPU_SHARE)
            self._detail_at = now + pause - self._interval / 2
        return self._interval


@dataclass(frozen=True)
class TreeSample:
    """A process tree at one time."""

    whole: ResourceSample
    members: list[ProcessSample]


class Tree:
    """A process and its descendants."""

    def __init__(self, pid: int, peers: Peers | None = None) -> None:
        self._pid = pid
        self._peers = peers
        self._known: dict[int, psutil.Process] = {}
        self._started: dict[psutil.Process, float] = {}
        """Start of each process by the monotonic clock."""
        self._cpu = 0.0

    def sample(self, *, detailed: bool = False) -> TreeSample | None:
        """Return the sums over the tree and its processes, or None when its root is gone.

        CPU time includes processes that ended and were waited for by their parent, and never decreases. If
        ``detailed``, PSS and connections are read, too.
        """
        try:
            root = self._known.setdefault(self._pid, psutil.Process(self._pid))
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            return None
        at = time.monotonic()
        members = list(self._members(tree, at, detailed=detailed))
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

    def _members(self, tree: list[psutil.Process], at: float, *, detailed: bool) -> Iterator[ProcessSample]:
        for found in tree:
            process = self._known.setdefault(found.pid, found)
            if process != found:  # another process got the ID of one that ended
                process = self._known[found.pid] = found
            try:
                yield self._member(process, at, detailed=detailed)
            except psutil.Error:
                self._known.pop(found.pid, None)

    def _member(self, process: psutil.Process, at: float, *, detailed: bool) -> ProcessSample:
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
        if not detailed:
            return ProcessSample(pid=process.pid, name="", created=0.0, sample=sample)
        counts = self._counts(process)
        return ProcessSample(
            pid=process.pid,
            # A title set by the program may contain more than its name.
            name=process.name().partition(":")[0].partition(" ")[0],
            created=self._start_of(process),
            sample=msgspec.structs.replace(
                sample,
                cpu=round(sample.cpu, 3),
                pss=_pss(process),
                database=counts.database if counts else None,
                cache=counts.cache if counts else None,
                clients=counts.clients if counts else None,
            ),
        )

    def _start_of(self, process: psutil.Process) -> float:
        if process not in self._started:
            self._started[process] = time.monotonic() - age(psutil.Process(process.pid))
        return self._started[process]

    def _counts(self, process: psutil.Process) -> ConnectionCounts | None:
        try:
            return self._peers.count(process) if self._peers else None
        except psutil.AccessDenied:
            return None


def _pss(process: psutil.Process) -> int | None:
    """Return its proportional share of memory, or None if unavailable (macOS, another user's process)."""
    try:
        pss: int | None = getattr(process.memory_full_info(), "pss", None)
    except psutil.AccessDenied:
        return None
    return pss


def _sum(figures: list[int | None]) -> int | None:
    """Return the sum, or None if a summand is unknown."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _append(path: Path, values: list[ResourceSample] | list[ProcessSample]) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
