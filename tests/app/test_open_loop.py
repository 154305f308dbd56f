"""A real Locust against a gateway that stalls: users that wait for it hide the stall, a schedule shows it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from stalling_server import BEGINS, LASTS

from loadtest.client.auth import Credentials
from loadtest.engine.target import Target, target_environment
from loadtest.results.deployment import POSTGRESQL, Deployment
from loadtest.results.latency import Histogram
from loadtest.results.run import Run, RunState, read_run
from loadtest.workload.plan import Soak, StageShare

ROOT = Path(__file__).parents[2]
SECRET = "test-only-secret-of-thirty-two-characters"
USERS = 4
RATE = 10.0
NONE = StageShare(share=0.0)
SOAK = Soak(
    rate=RATE,
    spike_factor=1.0,
    realistic=1.0,
    streams=0,
    held=1.0,
    sweepers=1,
    ramp_up=NONE,
    spike=NONE,
    recovery=NONE,
    cool_down=StageShare(share=0.2),
)
RUN_TIME = 10.0
PLATEAU = 8.0


@dataclass
class Stalling:
    url: str
    held: int = -1
    """Requests that came in the stall; known once the server has ended."""


@contextlib.contextmanager
def stalling_server(*stall: float) -> Iterator[Stalling]:
    """Run the server; ``stall`` is the start and duration of the stall in seconds, None for the default."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("stalling_server.py")), *map(str, stall)],
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Stalling(f"http://127.0.0.1:{int(process.stdout.readline())}")
        try:
            yield server
        finally:
            process.stdin.close()
            server.held = int(process.stdout.readline())


@contextlib.contextmanager
def driven(
    host: str,
    reports: Path,
    soak: Soak | None,
    *more: str,
    file: str = "steady_locustfile.py",
    before: str = ":",
) -> Iterator[subprocess.Popen[bytes]]:
    """Drive ``host`` with Locust itself; kill it if it is still there at the end of the block.

    ``before`` is what a shell does first.
    """
    target = Target(
        host=host,
        credentials=Credentials(email="a@b", jwt_secret=SECRET),
        deployment=Deployment(database=POSTGRESQL),
        reports=str(reports),
        soak=soak,
        run_time=RUN_TIME,
    )
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LOADTEST_", "LOCUST"))
    }
    shell = ["sh", "-c", f'{before}; exec "$@"', "sh"]
    command = [*shell, sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name(file))]
    options = ("--headless", "--only-summary", "-u", str(USERS), "-r", "100", "-t", f"{RUN_TIME:g}s")
    html = ("--html", str(reports / "locust_report.html"), "--stop-timeout", "10")
    with (
        (reports / "output.txt").open("wb") as output,
        subprocess.Popen(
            [*command, *options, *html, *more],
            cwd=ROOT,
            env=plain | target_environment(target),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


LEAVES = BEGINS + 0.5
"""The end of the plateau of ``left``, in the middle of the stall."""
LEFT = replace(SOAK, cool_down=StageShare(share=1 - LEAVES / RUN_TIME))
Runs = Mapping[str, tuple[Run, Stalling]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Drive the loads of one process at the same time, each on a server of its own: they mostly wait."""
    return run_loads(tmp_path_factory, {"closed": (None,), "open": (SOAK,), "left": (LEFT,)})


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return run_loads(tmp_path_factory, {"open": (SOAK, "--processes", "2")})


def run_loads(
    tmp_path_factory: pytest.TempPathFactory, wanted: Mapping[str, tuple[Soak | None, *tuple[str, ...]]]
) -> Runs:
    directory = tmp_path_factory.mktemp("runs")
    servers = {}
    with contextlib.ExitStack() as stack:
        processes = {}
        for name, (soak, *more) in wanted.items():
            (directory / name).mkdir()
            servers[name] = stack.enter_context(stalling_server())
            processes[name] = stack.enter_context(driven(servers[name].url, directory / name, soak, *more))
        for name, process in processes.items():
            assert process.wait(90) == 0, (directory / name / "output.txt").read_text()
    return {name: (read_run(directory / name / "run.json"), servers[name]) for name in wanted}


def slower_than(run: Run, ms: float) -> int:
    (operation,) = run.operations
    assert operation.name == "GET /tools"
    assert operation.latency is not None
    histogram = Histogram.decode(operation.latency.histogram or "")
    return sum(many for duration, many in histogram.recorded() if duration > ms)


@pytest.mark.load
def test_the_closed_loop_hides_the_stall(runs: Runs) -> None:
    run, server = runs["closed"]
    assert run.state is RunState.COMPLETE
    # Each user met it once and waited, so that of all that was due in it only this much shows. The server counts: on a
    # busy machine other calls are slow, too.
    assert server.held == USERS
    assert slower_than(run, 100) >= USERS
    assert run.generator is not None
    assert run.generator.late is None
    assert run.timeline.stretches == ()


@pytest.mark.load
@pytest.mark.parametrize("processes", ["runs", "two_processes"])
def test_the_open_loop_shows_it(request: pytest.FixtureRequest, processes: str) -> None:
    run, _ = request.getfixturevalue(processes)["open"]
    assert run.state is RunState.COMPLETE
    due = RATE * LASTS
    # What was due at an even distance in the stall waited for its end: evenly from LASTS down to nothing.
    for waited in (0.5, 1.0, 1.5):
        assert slower_than(run, waited * 1000) == pytest.approx(due * (1 - waited / LASTS), abs=2.5)
    # Nothing was lost to the stall: all that was meant to begin on the plateau has begun.
    assert run.requests == pytest.approx(RATE * PLATEAU, abs=RATE)
    assert run.generator is not None
    late, own = run.generator.late, run.generator.scheduling_delay
    assert late is not None
    assert own is not None
    assert late.count == run.requests
    assert late.max == pytest.approx(1000 * (LASTS - USERS / RATE), abs=300)
    # Only what came first after the stall was late; who was free came in time.
    assert own.count < late.count
    assert own.max < 500
    assert run.generator.dropped <= 1
    assert [one.name for one in run.timeline.stretches] == ["plateau", "cool-down"]
    assert sum(minute.requests for minute in run.timeline.minutes) == run.requests
    # Quiet in the end: nothing is sent after the cool-down has begun.
    quiet = run.timeline.stretches[-1].start + 1.5
    assert not [moment for moment in run.timeline.moments if moment.requests and moment.at > quiet]


@pytest.mark.load
def test_what_never_began_is_counted(runs: Runs) -> None:
    """The plan leaves the plateau in the middle of the stall, with everything since its beginning undone."""
    run, _ = runs["left"]
    assert run.generator is not None
    assert run.generator.late is not None
    missed = run.generator.dropped
    assert run.requests + missed == pytest.approx(RATE * LEAVES, abs=1.5 * RATE)
    # Each user was in the stall with one call, for all of the rest.
    assert missed == pytest.approx(RATE - USERS, abs=RATE - USERS - 1)
    assert missed > 0


@pytest.mark.load
@pytest.mark.parametrize(("stall", "mixed"), [(1.5, True), (10.5, False)])
def test_an_unfinished_sweep_extends_the_load_up_to_a_limit(
    tmp_path: Path, stall: float, mixed: bool
) -> None:
    """In the longer stall the load is over after nine times its run time; what is under way ends, and no mix begins."""
    with (
        stalling_server(0.0, stall) as server,
        driven(server.url, tmp_path, None, "-t", "1s", file="sweeping_locustfile.py") as process,
    ):
        assert process.wait(60) == 0, (tmp_path / "output.txt").read_text()
    run = read_run(tmp_path / "run.json")
    assert run.state is RunState.COMPLETE
    assert run.settings.run_time == 1.0
    assert run.sweep is not None
    assert (run.sweep.planned, run.sweep.done) == (1, 1)
    assert run.sweep.finished_at is not None
    assert run.sweep.finished_at >= stall - 0.1
    assert (run.timeline.mix is not None) is mixed
    assert "The first sweep is incomplete" in (tmp_path / "output.txt").read_text()


@pytest.mark.parametrize(
    ("number", "more", "before"),
    [
        (signal.SIGINT, (), "trap - INT"),
        (signal.SIGTERM, (), "trap - INT"),
        (signal.SIGTERM, ("--processes", "2"), "trap - INT"),
        (signal.SIGTERM, (), "trap '' INT"),
    ],
    ids=["SIGINT", "SIGTERM", "SIGTERM, two processes", "SIGTERM, as a job in the background"],
)
def test_an_interrupted_soak_reports_its_progress(
    tmp_path: Path, number: signal.Signals, more: tuple[str, ...], before: str
) -> None:
    reports = tmp_path
    with stalling_server() as server, driven(server.url, reports, SOAK, *more, before=before) as process:
        deadline = time.monotonic() + 60
        while not ((reports / "run.json").exists() and read_run(reports / "run.json").requests):
            assert time.monotonic() < deadline
            assert process.poll() is None, (reports / "output.txt").read_text()
        process.send_signal(number)
        process.wait(60)
    run = read_run(reports / "run.json")
    assert run.state is RunState.INTERRUPTED
    assert run.signal == number
    assert [one.name for one in run.timeline.stretches] == ["plateau"]
    assert run.timeline.stretches[0].end <= run.duration + 1
    assert run.requests
    assert (reports / "locust_report.html").exists()
    assert "ERROR" not in (reports / "output.txt").read_text()


def test_control_c_ends_locust_alone_in_good_order(tmp_path: Path) -> None:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LOADTEST_", "LOCUST"))
    }
    with stalling_server() as server, (tmp_path / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "loadtest",
                "drive",
                "-u",
                "2",
                "-t",
                "90s",
                "--reports-dir",
                str(tmp_path),
            ],
            cwd=ROOT,
            env=plain
            | {"LOADTEST_HOST": server.url, "LOADTEST_JWT_SECRET": SECRET, "LOADTEST_HOME": str(tmp_path)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 60
            while not ((tmp_path / "run.json").exists() and read_run(tmp_path / "run.json").requests):
                assert time.monotonic() < deadline
                assert process.poll() is None, (tmp_path / "output.txt").read_text()
            # As a terminal does: the signal goes to the whole process group.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    run = read_run(tmp_path / "run.json")
    assert (run.state, run.signal) == (RunState.INTERRUPTED, signal.SIGINT)
    assert (tmp_path / "locust_report.html").exists()
