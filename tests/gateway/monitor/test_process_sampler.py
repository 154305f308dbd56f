"""Sampling a real tree, and reading samples back."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from eventually import until
from hypothesis import given
from hypothesis import strategies as st

from loadtest.gateway.monitor.connections import Peers
from loadtest.gateway.monitor.process_sampler import ProcessSampler, Tree
from loadtest.gateway.monitor.sample_files import read_processes, read_samples
from loadtest.results.measurements import ResourceSample

# A parent that burns CPU in a child, waits for it, and prints a line; then the next child starts and keeps running.
PROGRAM = Path(__file__).with_name("process_family.py")


@pytest.fixture
def family() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, PROGRAM], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        process = psutil.Process(parent.pid)
        yield process
        for member in [*process.children(recursive=True), process]:
            member.kill()


def sample(at: float) -> ResourceSample:
    return ResourceSample(at=at, rss=1, cpu=at, descriptors=1, threads=1, processes=1)


def test_the_whole_tree_counts_and_what_ended_too(family: psutil.Process) -> None:
    tree = Tree(family.pid)
    look = tree.sample()
    assert look is not None
    seen = look.whole
    assert (seen.processes, seen.threads) == (2, 2)
    assert seen.cpu >= 0.25, "what the child used that ended; the kernel counts in ticks"
    assert seen.rss > 5 << 20
    assert seen.descriptors >= 4
    assert abs(seen.at - time.monotonic()) < 5

    child = family.children()[0]
    child.kill()
    assert until(lambda: child.status() == psutil.STATUS_ZOMBIE)
    later = tree.sample()
    assert later is not None
    assert later.whole.cpu >= seen.cpu


def test_a_tree_that_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        tree = Tree(process.pid)
    assert tree.sample() is None
    assert Tree(process.pid).sample() is None


def test_samples_are_written_while_it_runs_and_stop_with_the_block(
    family: psutil.Process, tmp_path: Path
) -> None:
    path = tmp_path / "samples.jsonl"
    start = time.monotonic()
    with ProcessSampler(family.pid, path, interval=0.02):
        assert until(lambda: len(read_samples(path, start)) >= 5)
    written = path.read_bytes()
    samples = read_samples(path, start)
    assert all(-1 <= sample.at < 20 for sample in samples)
    assert [sample.at for sample in samples] == sorted(sample.at for sample in samples)
    assert path.read_bytes() == written


def test_watching_is_cheap() -> None:
    tree = Tree(os.getpid())
    tree.sample()
    before = time.process_time()
    for _ in range(50):
        tree.sample()
    assert (time.process_time() - before) / 50 < 0.01, "one percent of a processor at one sample a second"


def test_expensive_samples_become_rarer(family: psutil.Process, tmp_path: Path) -> None:
    members = tmp_path / "members.jsonl"
    watch = ProcessSampler(family.pid, tmp_path / "samples.jsonl", members=members)
    for _ in range(5):
        assert watch.step() == 1.0
    first, second = read_processes(members, time.monotonic())
    assert len(first.samples) == len(second.samples) == 1, (
        "five samples at the same time are one close sample"
    )
    (close,) = first.samples
    assert close.rss > 1 << 20
    assert close.clients is None, "the port of the gateway was not given"
    if sys.platform == "linux":
        assert close.pss is not None
        assert 0 < close.pss <= close.rss
    whole = read_samples(tmp_path / "samples.jsonl", time.monotonic())
    assert [one.pss is not None for one in whole][1:] == [False] * 4
    assert whole[0].rss == sum(one.samples[0].rss for one in (first, second))


def test_connections_are_counted_for_each_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peers = Peers.of(1, None, f"redis://127.0.0.1:{server.getsockname()[1]}")
        with socket.create_connection(server.getsockname()):
            look = Tree(os.getpid(), peers).sample(detailed=True)
    assert look is not None
    assert (look.whole.cache, look.whole.database, look.whole.clients) == (1, None, 0)
    me = next(member for member in look.members if member.pid == os.getpid())
    assert (me.sample.cache, me.name) == (1, psutil.Process().name())


def test_no_file_and_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    assert read_samples(path, 0.0) == ()
    whole = msgspec.json.encode(sample(7.0)) + b"\n"
    path.write_bytes(whole + whole[:10])
    assert read_samples(path, 5.0) == (msgspec.structs.replace(sample(7.0), at=2.0),)


@given(count=st.integers(0, 300), limit=st.integers(1, 120))
def test_thinning_keeps_the_last_and_the_limit(
    tmp_path_factory: pytest.TempPathFactory, count: int, limit: int
) -> None:
    path = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(sample(float(at))) + b"\n" for at in range(count)))
    kept = read_samples(path, 0.0, limit=limit)
    assert len(kept) == min(count, len(kept)) <= limit
    assert [s.at for s in kept][-1:] == ([float(count - 1)] if count else [])
    assert len({later.at - earlier.at for earlier, later in itertools.pairwise(kept)}) <= 1
