"""Every way in which a job can end: exit code, verdict, reports, and no processes left.

The table is the one in ``docs/verdict.md``; a test compares the two. Each row runs with a stub of the gateway, and
nightly with a real one (``make test-faults-real``).
"""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from _pytest.mark.structures import ParameterSet
from bench import REPORTS, WITHIN, Job, Kind, RealGateway, StubGateway, started
from clock_jump import JumpingClock
from stub_server import stub_server
from supported import NEWEST

from loadtest.client.auth import session_token
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.results.failures import ProblemKind
from loadtest.results.run import RunState

ON_EVERY_CHANGE = (
    "SIGINT twice",
    "SIGTERM twice while the gateway stops",
    "the gateway is killed",
)
"""The rows that `make test` runs; all rows take minutes."""
SECOND = 1.2
"""Seconds after which a signal counts as a second one, see loadtest/core/signals.py."""


@dataclass(frozen=True)
class Ending:
    """An event during a job, and how the job ends."""

    what: str
    does: Callable[[Job], None]
    code: int
    verdict: str
    """``interrupted``, ``inconclusive``, ``pass``; empty if there are no reports."""
    headline: str = ""
    """A part of the first line of the verdict."""
    measured: bool = True
    """Whether the reports contain the measurements up to the event."""
    only_stub: str = ""
    """Why it cannot be tested with a real gateway; empty if it is."""


def sends(*numbers: signal.Signals, every: float = SECOND) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        for number in numbers:
            job.signal(number)
            time.sleep(every)

    return under_load


def late(*numbers: signal.Signals) -> Callable[[Job], None]:
    """Signals when the load is over and the gateway, which ignores SIGTERM, is being stopped."""

    def stopping(job: Job) -> None:
        job.until(lambda: job.run is not None and bool(job.run.resources), "the run is complete")
        for number in numbers:
            job.signal(number)
            time.sleep(SECOND)

    return stopping


def cancelled(job: Job) -> None:
    """As on GitHub, while users wait for a response; it would kill the job 2.5 s after the second signal."""
    job.under_load()
    job.gateway.hang(job)
    time.sleep(1)
    job.signal(signal.SIGINT)
    killed = time.monotonic() + 10
    time.sleep(7.5)
    job.signal(signal.SIGTERM)
    while not job.reported and time.monotonic() < killed:
        time.sleep(0.05)
    assert job.reported, f"no reports when the job would be killed\n{job.output}"
    assert job.requests >= 5


Gateways = Callable[[], Kind]
KINDS: dict[str, Gateways] = {"stub": StubGateway, "real": RealGateway}


def kinds(*others: object, name: str = "") -> list[ParameterSet]:
    """Return parameters for each kind of gateway, followed by ``others``; ``name`` is the row."""
    return [
        pytest.param(
            kind,
            *others,
            id=f"{name}-{which}" if name else which,
            marks=(pytest.mark.real, pytest.mark.nightly)
            if which == "real"
            else (() if name in ON_EVERY_CHANGE or not name else pytest.mark.nightly),
        )
        for which, kind in KINDS.items()
    ]


def rows(endings: Iterable[Ending]) -> list[ParameterSet]:
    return [case for one in endings for case in kinds(one, name=one.what)]


INTERRUPTED = "interrupted"
SIGNALS = (
    Ending("SIGTERM", sends(signal.SIGTERM), 143, INTERRUPTED, "(SIGTERM)"),
    Ending("SIGINT twice", sends(signal.SIGINT, signal.SIGINT), 130, INTERRUPTED, "(SIGINT)"),
    Ending("SIGHUP", sends(signal.SIGHUP), 129, INTERRUPTED, "(SIGHUP)"),
    Ending("SIGQUIT", sends(signal.SIGQUIT), 131, INTERRUPTED, "(SIGQUIT)"),
    Ending("SIGINT five times", sends(*[signal.SIGINT] * 5), 130, INTERRUPTED, "(SIGINT)"),
    Ending(
        "SIGTERM twice at once", sends(signal.SIGTERM, signal.SIGTERM, every=0), 143, INTERRUPTED, "(SIGTERM)"
    ),
    Ending("SIGINT, SIGTERM 7.5 s later", cancelled, 130, INTERRUPTED, "(SIGINT)"),
)


@pytest.mark.parametrize(("kind", "ending"), rows(SIGNALS))
def test_a_signal_under_load(tmp_path: Path, kind: Gateways, ending: Ending) -> None:
    job = Job.on(kind, tmp_path)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())


LATE = (
    Ending("SIGINT while the gateway stops", late(signal.SIGINT), 130, INTERRUPTED, "(SIGINT)"),
    Ending(
        "SIGTERM twice while the gateway stops",
        late(signal.SIGTERM, signal.SIGTERM),
        143,
        INTERRUPTED,
        "(SIGTERM)",
    ),
)


@pytest.mark.parametrize(("kind", "ending"), rows(LATE))
def test_a_signal_after_the_load(tmp_path: Path, kind: Gateways, ending: Ending) -> None:
    job = Job.on(kind, tmp_path, arguments=("-u", "2", "-r", "2", "-t", "5s"))
    job.gateway.stop_slowly(job)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())
    assert job.run is not None
    assert job.run.reason.endswith("after the load had ended")


def assert_ended(job: Job, ending: Ending, code: int) -> None:
    assert code == ending.code, job.output
    assert "Traceback" not in job.output, job.output
    if ending.verdict:
        for name in REPORTS:
            assert (job.reports / name).stat().st_size or name == "annotations.txt", name
        assert job.verdict["verdict"] == ending.verdict, job.verdict["findings"]
        assert ending.headline in job.verdict["headline"]
        assert (job.requests >= 5) == ending.measured
        run = job.run
        assert run is not None
        assert run.state is not RunState.RUNNING
    assert job.left() == []


def kills_gateway(job: Job) -> None:
    job.under_load()
    job.gateway_process().kill()


def kills_reaper_of_gateway(job: Job) -> None:
    job.under_load()
    job.reaper_of(*job.gateway.words).kill()


def suspends_reaper_of_gateway(job: Job) -> None:
    job.under_load()
    job.reaper_of(*job.gateway.words).suspend()


def kills(*words: str) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        job.find(*words).kill()

    return under_load


def kills_reaper_of(*words: str) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        job.reaper_of(*words).kill()

    return under_load


def stops_gateway(job: Job) -> None:
    job.under_load()
    for one in (gateway := job.gateway_process()).children(recursive=True):
        one.suspend()
    gateway.suspend()


def hangs(job: Job) -> None:
    job.under_load()
    job.gateway.hang(job)


def suspends(*words: str) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        job.find(*words).suspend()

    return under_load


def suspends_reaper_of(*words: str) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        job.reaper_of(*words).suspend()

    return under_load


def kills_a_worker(job: Job) -> None:
    """Kill the youngest Locust process, a worker of the oldest."""
    job.under_load()
    job.find_all("locust", "-f")[-1].kill()


def kills_the_second_gateway(job: Job) -> None:
    job.under_load()
    job.gateway_processes()[-1].kill()


def removes_reports(job: Job) -> None:
    job.under_load()
    shutil.rmtree(job.reports)


INCONCLUSIVE = "inconclusive"
SHORT = ("-u", "2", "-r", "2", "-t", "8s")
ENDINGS = (
    Ending("the gateway is killed", kills_gateway, 3, INCONCLUSIVE, "gateway died at 00:"),
    Ending(
        "the gateway's reaper is killed",
        kills_reaper_of_gateway,
        3,
        INCONCLUSIVE,
        "gateway died at 00:",
    ),
    Ending("the gateway is suspended (SIGSTOP)", stops_gateway, 3, INCONCLUSIVE, "respond"),
    Ending("the gateway stops responding", hangs, 3, INCONCLUSIVE, "respond"),
    Ending("the backends are killed", kills("loadtest.backends"), 3, INCONCLUSIVE, "backend"),
    Ending("the backends are suspended (SIGSTOP)", suspends("loadtest.backends"), 3, INCONCLUSIVE, "backend"),
    Ending(
        "Locust is suspended (SIGSTOP)",
        suspends("locust", "-f"),
        3,
        INCONCLUSIVE,
        "Locust ended in the middle",
    ),
    Ending("Locust is killed", kills("locust", "-f"), 3, INCONCLUSIVE, "Locust ended in the middle"),
    Ending(
        "Locust's reaper is killed",
        kills_reaper_of("locust", "-f"),
        3,
        INCONCLUSIVE,
        "Locust ended in the middle",
    ),
)


def nothing(_job: Job) -> None:
    """Do nothing; the test itself causes the event."""


BY_ITSELF: tuple[tuple[Ending, Mapping[str, Any]], ...] = (
    (Ending("Locust's reaper is suspended (SIGSTOP)", suspends_reaper_of("locust", "-f"), 0, "pass"), {}),
    (
        Ending("the gateway's reaper is suspended (SIGSTOP)", suspends_reaper_of_gateway, 0, "pass"),
        {},
    ),
    (Ending("few file descriptors", Job.under_load, 0, "pass"), {"before": "ulimit -n {descriptors}"}),
    (
        Ending(
            "one of two worker processes is killed", kills_a_worker, 3, INCONCLUSIVE, "1 of 2 workers lost"
        ),
        {"arguments": ("-u", "4", "-r", "4", "-t", "20s", "--processes", "2")},
    ),
    (
        Ending(
            "the second of two gateways is killed", kills_the_second_gateway, 3, INCONCLUSIVE, "gateway died"
        ),
        {"arguments": ("-u", "2", "-r", "2", "-t", "20s", "--replicas", "2")},
    ),
    (
        Ending("no scenario makes a request", nothing, 3, INCONCLUSIVE, "no requests", measured=False),
        {"users": ("RuntimeUser",)},
    ),
)
"""Endings of a load that ends on its own, and how its job is started."""
CLOSES = Ending(
    "the gateway closes connections in a response",
    nothing,
    1,
    "fail",
    "new failure",
    only_stub="a real gateway does not close its connections when a test needs it",
)
PAUSED = Ending(
    "the same while the load generator is paused",
    nothing,
    3,
    INCONCLUSIVE,
    "while the load generator was paused: GET /ready",
    only_stub=CLOSES.only_stub,
)
HOURS = 25
"""A jump of the system clock that changes the date, too."""
AHEAD = Ending(f"the system clock jumps ahead by {HOURS} hours", nothing, 0, "pass")
BACK = Ending(f"the system clock jumps back by {HOURS} hours", nothing, 0, "pass")
EXPIRED = Ending("the token expires under load", nothing, 3, INCONCLUSIVE, "no longer accepts the token")
REMOVED = Ending("the reports directory is removed", removes_reports, 0, "pass")
TWO_JOBS = Ending("another job uses the same reports directory", nothing, 0, "pass")
EARLY = Ending("SIGTERM while the gateway boots", nothing, 143, INTERRUPTED, "(SIGTERM)", measured=False)
UNBOOTED = Ending("the gateway ends while it boots", nothing, 3, INCONCLUSIVE, "did not boot", measured=False)
REFUSED = Ending("the token is rejected", nothing, 3, INCONCLUSIVE, "refuses our token", measured=False)
TABLE = (
    *SIGNALS,
    *LATE,
    EARLY,
    UNBOOTED,
    REFUSED,
    EXPIRED,
    *ENDINGS,
    *(one for one, _ in BY_ITSELF),
    CLOSES,
    PAUSED,
    AHEAD,
    BACK,
    REMOVED,
    TWO_JOBS,
)


def test_the_page_shows_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text()
    rows = "".join(
        f"| {one.what} | {one.code} | {one.verdict} | {'yes' if one.measured else 'no measurements'} |\n"
        for one in TABLE
    )
    assert rows in page, f"docs/verdict.md must contain:\n{rows}"


@pytest.mark.parametrize(("kind", "ending"), rows(ENDINGS))
def test_something_ends_under_load(tmp_path: Path, kind: Gateways, ending: Ending) -> None:
    job = Job.on(kind, tmp_path)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())


@pytest.mark.parametrize(
    ("kind", "ending", "how"), [case for one, how in BY_ITSELF for case in kinds(one, how, name=one.what)]
)
def test_a_load_that_ends_by_itself(
    tmp_path: Path, kind: Gateways, ending: Ending, how: Mapping[str, Any]
) -> None:
    job = Job.on(kind, tmp_path, **{"arguments": SHORT, **how})
    job.before = job.before.format(descriptors=job.gateway.descriptors)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())


@pytest.mark.parametrize(
    ("ending", "paused"),
    [(CLOSES, 0.0), pytest.param(PAUSED, 2.0, marks=pytest.mark.nightly)],
    ids=lambda one: getattr(one, "what", ""),
)
def test_connections_that_are_closed(tmp_path: Path, ending: Ending, paused: float) -> None:
    job = Job.on(StubGateway, tmp_path, arguments=SHORT)
    assert isinstance(job.gateway, StubGateway)
    with started(job):
        job.under_load()
        job.gateway.behave(holds="/ready")
        job.until(job.gateway.held.exists, "a user waits for a response")
        locust = job.find("locust", "-f")
        if paused:
            locust.suspend()
            time.sleep(paused)
        job.gateway.behave()
        if paused:
            locust.resume()
        code = job.wait()
        if not paused and job.run is not None and job.run.generator and job.run.generator.paused:
            pytest.skip("this machine paused the load generator, which makes the failure inconclusive")
        assert_ended(job, ending, code)
    assert job.run is not None
    assert job.run.generator is not None
    assert job.run.generator.pauses is not None
    assert (job.run.generator.paused > paused / 2) == bool(paused)
    assert {(one.operation, one.problem) for one in job.run.failures} == {
        ("GET /ready", ProblemKind.CONNECTION)
    }


@pytest.mark.parametrize(
    ("kind", "ending", "seconds"),
    [*kinds(AHEAD, 3600.0 * HOURS, name=AHEAD.what), *kinds(BACK, -3600.0 * HOURS, name=BACK.what)],
)
def test_the_system_clock_jumps(tmp_path: Path, kind: Gateways, ending: Ending, seconds: float) -> None:
    clock, began = JumpingClock(tmp_path), dt.datetime.now(dt.UTC)
    known = tmp_path / "known.toml"
    known.write_text(
        '[[known]]\noperation = "GET /ready"\nproblem = "status"\nstatus = 500\nreason = "the test"\n'
        f'owner = "the test"\nexpires = {began.date() + dt.timedelta(days=seconds < 0)}\n'
    )
    job = Job.on(
        kind, tmp_path, arguments=(*SHORT, "--known-failures", str(known)), variables=clock.variables
    )
    with started(job):
        job.under_load()
        clock.jump(seconds)
        if isinstance(job.gateway, StubGateway):
            job.gateway.behave(status={"/ready": 500})
        assert_ended(job, ending, job.wait())
    run = job.run
    assert run is not None
    assert abs(dt.datetime.fromisoformat(run.started) - began) < dt.timedelta(minutes=10)
    assert 7 < run.duration < WITHIN
    assert sum(phase.seconds for phase in run.phases) < 2 * WITHIN
    assert run.sweep is not None
    times = [
        *(moment.at for moment in run.timeline.moments),
        *(one.first_success for one in run.operations if one.first_success is not None),
        *(at for failure in run.failures for at in (failure.first, failure.last) if at is not None),
        run.sweep.finished_at or 0.0,
    ]
    assert 0 <= min(times) <= max(times) <= run.duration + 1
    samples = [sample.at for sample in run.resources]
    assert samples == sorted(samples)
    assert -WITHIN < samples[0] < samples[-1] < run.duration + WITHIN
    assert {failure.operation for failure in run.failures} <= {"GET /ready"}


def test_a_token_that_expires_under_load(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with stub_server(tmp_path_factory.mktemp("stub")) as gateway:
        token = jwt.encode({"sub": "admin@example.com"}, gateway.secret, algorithm="HS256")
        job = Job.on(
            StubGateway,
            tmp_path,
            verb=("run", "--gateway", gateway.host),
            users=("HealthUser", "VersionMetaUser"),
            variables={"LOADTEST_TOKEN": token},
        )
        with started(job):
            job.under_load()
            gateway.behave(refuses=True)
            assert_ended(job, EXPIRED, job.wait())
    assert job.run is not None
    assert job.run.failures == (), "a 401 is no failure of an operation then"


@pytest.mark.real
@pytest.mark.nightly
def test_a_token_of_a_real_gateway_that_expires_under_load(tmp_path: Path, home: Path) -> None:
    with booted(parse_source(NEWEST), home=home) as gateway:
        secret = gateway.credentials.jwt_secret or ""
        job = Job.on(
            RealGateway,
            tmp_path,
            verb=("run", "--gateway", gateway.host),
            variables={
                "LOADTEST_TOKEN": session_token(gateway.credentials.email, secret, admin=True, lifetime=90)
            },
            users=("HealthUser", "VersionMetaUser"),
        )
        with started(job):
            assert_ended(job, EXPIRED, job.wait())


@pytest.mark.real
@pytest.mark.nightly
def test_a_token_that_a_real_gateway_refuses(tmp_path: Path, home: Path) -> None:
    with booted(parse_source(NEWEST), home=home) as gateway:
        token = session_token(
            gateway.credentials.email, "another secret of 32 characters or more", admin=True
        )
        job = Job.on(
            RealGateway,
            tmp_path,
            verb=("run", "--gateway", gateway.host),
            variables={"LOADTEST_TOKEN": token},
        )
        with started(job):
            assert_ended(job, REFUSED, job.wait())


@pytest.mark.parametrize("kind", kinds(name=REMOVED.what))
def test_a_directory_of_reports_that_is_removed_under_load_is_made_again(
    tmp_path: Path, kind: Gateways
) -> None:
    job = Job.on(kind, tmp_path, arguments=SHORT)
    with started(job):
        removes_reports(job)
        assert_ended(job, REMOVED, job.wait())


@pytest.mark.parametrize("kind", kinds(name=EARLY.what))
@pytest.mark.parametrize("during", ["boot", "migrations"])
def test_a_signal_before_the_load(tmp_path: Path, kind: Gateways, during: str) -> None:
    job = Job.on(kind, tmp_path)
    if during == "boot":
        job.gateway.boot_forever(job)
    else:
        job.gateway.migrate_forever(job)
    with started(job):
        job.until(lambda: job.is_booting(during), during)
        job.signal(signal.SIGTERM)
        assert_ended(job, EARLY, job.wait())


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("during", ["load", "migrations"])
def test_a_job_that_is_killed_leaves_no_process(tmp_path: Path, kind: Gateways, during: str) -> None:
    job = Job.on(kind, tmp_path)
    if during == "migrations":
        job.gateway.migrate_forever(job)
    with started(job):
        if during == "load":
            job.under_load()
        else:
            job.until(lambda: job.is_booting(during), during)
        job.running.kill()
        assert job.wait() == -signal.SIGKILL
        deadline = time.monotonic() + WITHIN
        while job.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert job.processes() == []
        assert (job.requests >= 5) == (during == "load")


@pytest.mark.parametrize("kind", kinds())
def test_a_gateway_that_ends_while_it_boots(tmp_path: Path, kind: Gateways) -> None:
    job = Job.on(kind, tmp_path)
    with started(job, lambda: job.gateway.end_while_booting(job)):
        assert_ended(job, UNBOOTED, job.wait())


@pytest.mark.nightly
def test_a_token_that_is_refused(tmp_path: Path) -> None:
    job = Job.on(StubGateway, tmp_path)
    assert isinstance(job.gateway, StubGateway)
    job.gateway.behave(refuses=True)
    with started(job):
        assert_ended(job, REFUSED, job.wait())


def test_a_port_in_use_and_nothing_to_do_end_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        job = Job.on(StubGateway, tmp_path, arguments=(*SHORT, "--port", str(taken.getsockname()[1])))
        with started(job):
            assert job.wait() == 2
    assert len(job.output.splitlines()[1:]) == 1, job.output
    assert job.left() == []


@pytest.mark.parametrize("kind", kinds())
def test_the_second_of_two_jobs_in_one_directory_ends_at_once(tmp_path: Path, kind: Gateways) -> None:
    job = Job.on(kind, tmp_path, arguments=SHORT)
    with started(job):
        job.under_load()
        second = subprocess.run(
            [sys.executable, "-m", "loadtest", "run"],
            env=job.environment,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert second.returncode == 2
        assert second.stderr.splitlines() == [
            f"loadtest: {job.reports}: another job writes its reports there, expected a directory of its own"
        ]
        assert_ended(job, TWO_JOBS, job.wait())


@pytest.mark.nightly
def test_files_that_cannot_be_written_keep_no_other_from_it(tmp_path: Path) -> None:
    """A limit on the size of files, which acts like a full disk for large files."""
    job = Job.on(StubGateway, tmp_path, arguments=SHORT, before="ulimit -f 800")
    with started(job):
        code = job.wait()
    assert code == 3, job.output
    assert "Traceback" not in job.output
    assert job.requests >= 5
    assert job.verdict["verdict"] == INCONCLUSIVE, "Locust could not write its own report"
    assert (job.reports / "junit.xml").stat().st_size
    assert job.left() == []
