"""Reading back what was sampled: processes, stores, thinning."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from loadtest.gateway.monitor.sample_files import (
    MOST_PROCESSES,
    ProcessSample,
    StoreReading,
    read_limits,
    read_processes,
    read_stores,
    thinned,
)
from loadtest.results.measurements import Reading, ResourceSample

START = 1000.0


def sample(at: float, rss: int = 1, descriptors: int = 1, pss: int | None = None) -> ResourceSample:
    return ResourceSample(at=at, rss=rss, cpu=at, descriptors=descriptors, threads=1, processes=1, pss=pss)


def written(path: Path, *values: ProcessSample | StoreReading) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
    return path


def member(pid: int, at: float, created: float = START - 10, name: str = "gunicorn") -> ProcessSample:
    return ProcessSample(pid=pid, name=name, created=created, sample=sample(at))


def test_each_process_by_itself_and_one_that_ended(tmp_path: Path) -> None:
    seen = [member(1, START + at) for at in range(0, 100, 5)]
    seen += [member(2, START + at) for at in range(0, 50, 5)]
    seen += [member(2, START + at, created=START + 52) for at in range(55, 100, 5)]
    first, second, third = read_processes(written(tmp_path / "members", *seen), START)
    assert [(one.pid, one.began, one.ended) for one in (first, second, third)] == [
        (1, -10, None),
        (2, -10, 45),
        (2, 52, None),
    ], "a number that is used again is another process"
    assert [one.at for one in first.samples] == [float(at) for at in range(0, 100, 5)]


def test_a_failed_sample_does_not_end_sampling(tmp_path: Path) -> None:
    late = [member(1, START), member(2, START), member(1, START + 5)]
    assert [one.ended for one in read_processes(written(tmp_path / "one", *late), START)] == [None, None]
    gone = [*late, member(1, START + 10)]
    assert [one.ended for one in read_processes(written(tmp_path / "two", *gone), START)] == [None, 0.0]


def test_helpers_without_number_do_not_push_out_workers(tmp_path: Path) -> None:
    seen = [member(1, START + at) for at in range(5)]
    seen += [member(100 + number, START, created=START - 20) for number in range(200)]
    kept = read_processes(written(tmp_path / "members", *seen), START)
    assert len(kept) == MOST_PROCESSES
    assert kept[-1].pid == 1


@given(
    figures=st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 99), st.none() | st.integers(0, 99)), max_size=80
    ),
    limit=st.integers(1, 30),
)
def test_thinning_keeps_every_trough(figures: list[tuple[int, int, int | None]], limit: int) -> None:
    whole = [sample(float(at), *figure) for at, figure in enumerate(figures)]
    kept = thinned(whole, limit)
    assert len(kept) <= limit
    if whole:
        assert kept[-1].at == whole[-1].at
        assert min(one.rss for one in kept) == min(one.rss for one in whole)
        assert min(one.descriptors for one in kept) == min(one.descriptors for one in whole)
        known = [one.pss for one in whole if one.pss is not None]
        assert [min(known)] == [min(one.pss for one in kept if one.pss is not None)] if known else True
    if len(whole) <= limit:
        assert kept == whole


def test_stores_that_changed_the_fastest_first(tmp_path: Path) -> None:
    def reading(store: str, at: float, rows: int | None = None, size: int | None = None) -> StoreReading:
        return StoreReading(store=store, reading=Reading(at=START + at, rows=rows, bytes=size))

    path = written(
        tmp_path / "readings",
        reading("table still", 0, 5),
        reading("table logs", 0, 0),
        reading("log", 0, None, 10),
        reading("table still", 10, 5),
        reading("table logs", 10, 9),
        reading("log", 10, None, 500),
    )
    log, logs = read_stores(path, START)
    assert (log.name, logs.name) == ("log", "table logs")
    assert logs.readings == (Reading(at=0, rows=0), Reading(at=10, rows=9))
    assert len(read_stores(path, START, limit=1)[0].readings) == 1
    assert read_stores(tmp_path / "none", START) == ()


def test_limits_that_were_not_found_out(tmp_path: Path) -> None:
    assert read_limits(tmp_path / "none") == {}
