"""Sampling a process tree once a second: memory, CPU, descriptors, threads, number of processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psutil

from loadtest.resources import Sample

WIDTH = 1.0
"""Seconds between samples."""


class Watch:
    """Samples the tree below ``pid`` into ``path``, one JSON line each, until the block ends.

    ``at`` in the file is seconds since the epoch; :func:`read_samples` makes it relative to the load.
    """

    def __init__(self, pid: int, path: Path, *, width: float = WIDTH) -> None:
        self._tree = Tree(pid)
        self._path = path
        self._width = width
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def _run(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            while (sample := self._tree.sample()) is not None:
                file.write(msgspec.json.encode(sample) + b"\n")
                if self._ended.wait(self._width):
                    return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()


class Tree:
    """A process and everything below it, read again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: dict[int, psutil.Process] = {}
        self._cpu = 0.0

    def sample(self) -> Sample | None:
        """Return the sums over the tree, or None when its root is gone.

        CPU counts processes that ended and were waited for by their parent, and never runs backwards.
        """
        try:
            root = self._known.setdefault(self._pid, psutil.Process(self._pid))
            members = [root, *root.children(recursive=True)]
        except psutil.Error:
            return None
        rss = descriptors = threads = processes = 0
        cpu = 0.0
        for found in members:
            process = self._known.setdefault(found.pid, found)
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory = process.memory_info().rss
                    handles, running = process.num_fds(), process.num_threads()
            except psutil.Error:
                self._known.pop(found.pid, None)
                continue
            cpu += times.user + times.system + times.children_user + times.children_system
            rss, descriptors = rss + memory, descriptors + handles
            threads, processes = threads + running, processes + 1
        if not processes:
            return None
        self._cpu = max(self._cpu, cpu)
        return Sample(
            at=time.time(),
            rss=rss,
            cpu=round(self._cpu, 3),
            descriptors=descriptors,
            threads=threads,
            processes=processes,
        )


def read_samples(path: Path, since: float, *, limit: int = 3600) -> tuple[Sample, ...]:
    """Return the samples in ``path`` with ``at`` in seconds after ``since`` (seconds since the epoch).

    Those from before the load have a negative ``at``. More than ``limit`` are thinned evenly; the last one is
    always kept. A file that does not exist, or a last line that is half written, is no error.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError:
        return ()
    return tuple(_relative(_thinned(lines, limit), since))


def _thinned(lines: list[bytes], limit: int) -> list[bytes]:
    step = -(-len(lines) // limit) or 1
    return lines[::-1][::step][::-1]


def _relative(lines: Iterable[bytes], since: float) -> Iterable[Sample]:
    for line in lines:
        sample = msgspec.json.decode(line, type=Sample)
        yield msgspec.structs.replace(sample, at=round(sample.at - since, 3))
