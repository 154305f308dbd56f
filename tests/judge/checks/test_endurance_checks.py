"""Recovery, restarts, streams and stores of long runs."""

from __future__ import annotations

import pytest
from long_runs import MIB, PLAN, moment, process, sample, soak
from msgspec.structs import replace
from sample_runs import TODAY, clean

from loadtest.core.units import amount, span
from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.checks.endurance import left_open, restarted
from loadtest.judge.growth.recovery import recovery_of
from loadtest.judge.growth.storage import storage_growth
from loadtest.judge.verdict import judge
from loadtest.results.measurements import Moment, Process, Reading, Store
from loadtest.results.run import Run

CATEGORIES = load_categories()


def seen(run: Run, check: Check) -> CheckResult:
    verdict = judge(run, categories=CATEGORIES, today=TODAY)
    return next(one for one in verdict.checks if one.check is check)


def slow_until(end: float) -> Run:
    """Return a soak whose p95 is ten times as high from the spike to ``end``."""
    return soak(moments=lambda at: moment(at, p95=1000 if 1300 <= at < end else 100))


@pytest.mark.parametrize(
    ("end", "seconds", "severity"),
    [
        (1300, 0, Severity.PASSED),
        (1450, 50, Severity.PASSED),
        (1540, 140, Severity.PASSED),
        (1590, None, Severity.FAILURE),
        (9999, None, Severity.FAILURE),
    ],
)
def test_the_time_after_the_spike(end: float, seconds: float | None, severity: Severity) -> None:
    here = slow_until(end)
    found = recovery_of(here)
    assert found is not None
    assert found.seconds == seconds
    assert found.baseline_p95 == 100
    assert found.baseline_rate == 10
    assert seen(here, Check.RECOVERED).severity is severity
    assert ("was not back" in found.text) == (seconds is None)


def test_a_moment_as_before_is_not_yet_back() -> None:
    found = recovery_of(
        soak(moments=lambda at: moment(at, p95=1000 if 1300 <= at < 1500 and at != 1420 else 100))
    )
    assert found is not None
    assert found.latency == 100


def test_a_backlog_that_is_worked_off_is_not_the_rate_of_before() -> None:
    def busy(at: float) -> Moment:
        return moment(at, requests=300 if 1300 <= at < 1480 else 100)

    found = recovery_of(soak(moments=busy))
    assert found is not None
    assert (found.latency, found.rate, found.seconds) == (0, 80, 80)


def test_a_noisy_load_need_not_become_steady() -> None:
    def noisy(at: float) -> Moment:
        return moment(at, requests=60 if at // 40 % 2 else 140, p95=40 if at // 40 % 2 else 200)

    found = recovery_of(soak(moments=noisy))
    assert found is not None
    assert found.seconds == 0


def test_an_interval_without_calls_is_not_fast() -> None:
    quiet = soak(
        moments=lambda at: moment(at, p95=None if at > 1300 else 100, requests=0 if at > 1300 else 100)
    )
    found = recovery_of(quiet)
    assert found is not None
    assert (found.latency, found.rate) == (None, None)


def test_a_late_start_is_reported() -> None:
    plan = (*PLAN[:3], replace(PLAN[3], end=1450), replace(PLAN[1], start=1450, end=1600), PLAN[4])
    here = replace(slow_until(1500), timeline=replace(slow_until(1500).timeline, stretches=plan))
    assert seen(here, Check.RECOVERED).severity is Severity.WARNING


def test_memory_of_the_spike_is_reported_separately() -> None:
    found = recovery_of(soak(lambda at: 300 if at < 1300 else 500 if at < 1400 else 340))
    assert found is not None
    assert (found.memory_added, found.memory_kept) == (200 * MIB, 40 * MIB)
    assert "memory changed by +200 MiB during the spike, +40 MiB after recovery" in found.text


def test_no_spike_and_too_little_around_it() -> None:
    assert recovery_of(clean()) is None
    assert recovery_of(soak(plan=PLAN[2:])) is None
    assert recovery_of(soak(moments=lambda at: moment(at, requests=0))) is None
    brief = (*PLAN[:3], replace(PLAN[3], end=1480), replace(PLAN[4], start=1480))
    assert recovery_of(soak(plan=brief)) is None
    assert seen(soak(plan=PLAN[:2]), Check.RECOVERED).severity is Severity.NOT_MEASURED


MASTER = process(1, -9)


@pytest.mark.parametrize(
    ("processes", "items"),
    [
        ((MASTER, process(2, -8)), ()),
        ((MASTER, process(2, -8, 500), process(3, 501)), ("gunicorn 2 at 08:20, now 3",)),
        (
            (MASTER, process(2, -8, 500), process(3, 501, 900), process(4, 901)),
            ("gunicorn 2 at 08:20, now 3", "gunicorn 3 at 15:00, now 4"),
        ),
        ((MASTER, process(2, -8, 500)), ("gunicorn 2 ended at 08:20 and was not replaced",)),
        ((MASTER, process(2, 500, 530, "node")), ()),
        (
            (MASTER, process(2, -8, 500), process(3, 505, None, "node")),
            ("gunicorn 2 ended at 08:20 and was not replaced",),
        ),
        ((MASTER, process(2, -8, 1705)), ()),
        ((MASTER, process(2, 300)), ()),
    ],
)
def test_restarts(processes: tuple[Process, ...], items: tuple[str, ...]) -> None:
    here = soak(processes=processes)
    assert restarted(here) == items
    assert seen(here, Check.STAYED).severity is (Severity.FAILURE if items else Severity.PASSED)
    assert seen(replace(here, processes=()), Check.STAYED).severity is Severity.NOT_MEASURED


@pytest.mark.parametrize(
    ("before", "after", "open_"), [(0, 0, 0), (0, 3, 3), (3, 3, 0), (5, 3, 0), (1, 3, 2), (0, None, None)]
)
def test_connections_in_the_quiet_after_the_load(before: int, after: int | None, open_: int | None) -> None:
    def clients(at: float) -> int | None:
        return before if at < 0 else 50 if at < 1707 else after

    here = soak()
    here = replace(here, resources=tuple(replace(one, clients=clients(one.at)) for one in here.resources))
    assert left_open(here) == open_
    severity = {None: Severity.NOT_MEASURED, 0: Severity.PASSED}.get(open_, Severity.WARNING)
    assert seen(here, Check.STREAMS).severity is severity


def test_one_that_closes_late_does_not_remain() -> None:
    late = (sample(1710, clients=4), sample(1715, clients=0))
    assert left_open(soak(resources=late)) == 0


def readings(*figures: tuple[float, int | None, int | None]) -> tuple[Reading, ...]:
    return tuple(Reading(at=at, rows=rows, bytes=size) for at, rows, size in figures)


def test_storage_is_reported_per_thousand_requests() -> None:
    here = soak(
        stores=(
            Store(name="table logs", readings=readings((-5, 0, None), (0, 100, None), (1700, 300, None))),
            Store(
                name="database",
                readings=readings((0, None, 1000), (850, None, 3 << 20), (1700, None, 1000 + (17 << 20))),
            ),
            Store(name="table swept", readings=readings((0, 10, None), (1700, 10, None))),
            Store(name="table once", readings=readings((0, 10, None))),
            Store(name="log", readings=readings((0, None, 5), (1700, None, 5 + (1 << 20)))),
        ),
    )
    thousands = here.requests / 1000
    database, log, table = storage_growth(here)
    assert (database.name, log.name, table.name) == ("database", "log", "table logs")
    assert (table.rows, table.bytes, table.week) == (200, None, None)
    assert table.rows_per_thousand == pytest.approx(200 / thousands)
    assert database.bytes_per_thousand == pytest.approx((17 << 20) / thousands)
    assert database.week == pytest.approx((17 << 20) / 1700 * 604800, rel=1e-6)
    assert database.text.endswith("5.91 GiB per week at this rate")
    assert seen(here, Check.STORES).severity is Severity.PASSED
    assert seen(soak(), Check.STORES).severity is Severity.NOT_MEASURED


def test_too_much_for_a_week_is_reported() -> None:
    here = soak(stores=(Store(name="log", readings=readings((0, None, 0), (1700, None, 1 << 29))),))
    assert seen(here, Check.STORES).severity is Severity.WARNING


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "bytes", "0 B"),
        (1023, "bytes", "1,023 B"),
        (1536, "bytes", "1.5 KiB"),
        (-24 * MIB, "bytes", "-24 MiB"),
        (5, "descriptors", "5 descriptors"),
        (1024, "descriptors", "1,024 descriptors"),
        (0.0123, "share", "1.23 %"),
        (12.34, "ms", "12.3 ms"),
        (1234.6, "ms", "1,235 ms"),
    ],
)
def test_quantities(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text
    signed = amount(value, unit, sign=True)
    assert signed == (f"+{text}" if value > 0 else text)


@pytest.mark.parametrize(("hours", "text"), [(0.5, "30 min"), (1, "1 h"), (71, "71 h"), (100, "4 days")])
def test_spans(hours: float, text: str) -> None:
    assert span(hours) == text
