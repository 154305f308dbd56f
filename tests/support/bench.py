"""A job on a stub or a real gateway, what can be done to it, and what must be there when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from hung_process import hang
from stub_server import INTENDED
from supported import NEWEST, RUNNABLE

from loadtest.gateway.install import installation as installing
from loadtest.gateway.install.source import parse_source
from loadtest.results.run import Run, read_run

ROOT = Path(__file__).parents[2]
WITHIN = 90.0
"""Seconds in which something that is waited for must come true, on a busy machine."""
REPORTS = ("run.json", "verdict.json", "junit.xml", "summary.md", "report.html", "annotations.txt")

PYTHON = Path(__file__).with_name("stub_python.sh")
GATEWAY = """#!/bin/sh
exec {python} -I -S {installation}/bin/stub_gateway.py "$@"
"""


def stub_home(directory: Path) -> Path:
    """Make a LOADTEST_HOME in which the gateway is the stub; return the directory of its installation."""
    made: list[Path] = []

    def make_environment(installation: Path, *_: object) -> None:
        made.append(installation)
        programs = installation / "bin"
        programs.mkdir(parents=True)
        gateway = GATEWAY.format(python=sys.executable, installation=installation)
        for name, text in (("python", PYTHON.read_text()), ("mcpgateway", gateway)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "interpreter.txt").write_text(f"{sys.executable}\n")
        (programs / "version.txt").write_text(RUNNABLE)
        source = Path(__file__).with_name("stub_gateway.py").read_text()
        (programs / "stub_gateway.py").write_text(source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installing, "_make_environment", make_environment)
        patch.setattr(installing, "run_uv", lambda *_, **__: "")
        source = parse_source(RUNNABLE)
        installing.install(source, directory)  # type: ignore[arg-type]
    return made[0]


class Kind(ABC):
    """The kind of gateway that a job boots, and how it is made to fail."""

    version: str
    words: tuple[str, ...]
    """In the command line of its process."""
    migration: tuple[str, ...]
    """In that of its migrations."""
    options: tuple[str, ...]
    """Options of a run on it, besides those of the test."""
    descriptors: int
    """Few file descriptors, but enough for it."""
    within: float = WITHIN
    """Seconds in which something that is waited for must come true, on a busy machine."""

    @abstractmethod
    def prepare(self, home: Path) -> None:
        """Make the LOADTEST_HOME of the job."""

    @abstractmethod
    def hang(self, job: Job) -> None:
        """Let it stop responding while its process is alive."""

    @abstractmethod
    def stop_slowly(self, job: Job) -> None:
        """Let it need seconds to stop."""

    @abstractmethod
    def boot_forever(self, job: Job) -> None:
        """Let it not respond when it boots."""

    @abstractmethod
    def migrate_forever(self, job: Job) -> None:
        """Let its migrations not end."""

    @abstractmethod
    def end_while_booting(self, job: Job) -> None:
        """Start the job, and let the gateway end before it is up."""


class StubGateway(Kind):
    """A program that starts in milliseconds and fails as its tests direct; see :mod:`stub_gateway`."""

    version = RUNNABLE
    words = ("stub_gateway.py",)
    migration = ("sleep", "3600")
    descriptors = 40

    def __init__(self) -> None:
        self.options: tuple[str, ...] = ()
        self.installation = Path()

    def prepare(self, home: Path) -> None:
        self.installation = stub_home(home)
        intended = home / "removed.toml"
        intended.write_text(INTENDED)
        self.options = ("--known-failures", str(intended))

    @property
    def held(self) -> Path:
        """Exists once a request is held."""
        return self.installation / "held"

    def behave(self, **how: Any) -> None:
        """Change what the stub does from its next request on."""
        new = self.installation / "stub.new"
        new.write_text(json.dumps(how))
        new.replace(self.installation / "stub.json")

    def hang(self, job: Job) -> None:
        self.behave(hangs=True)

    def stop_slowly(self, job: Job) -> None:
        self.behave(stubborn=True)

    def boot_forever(self, job: Job) -> None:
        self.behave(**{"never serves": True})

    def migrate_forever(self, job: Job) -> None:
        (self.installation / "hangs").touch()

    def end_while_booting(self, job: Job) -> None:
        self.behave(ends=7)
        job.start()


class RealGateway(Kind):
    """The newest known gateway, installed in the project's LOADTEST_HOME."""

    version = NEWEST
    words = ("mcpgateway", "--port")
    migration = ("mcpgateway.bootstrap_db",)
    options = ()
    descriptors = 256
    within = 240.0

    def prepare(self, home: Path) -> None:
        home.mkdir()
        for name in ("gateways", "templates"):
            shared = ROOT / ".loadtest" / name
            shared.mkdir(parents=True, exist_ok=True)
            (home / name).symlink_to(shared)
        installing.install(parse_source(self.version), home)  # type: ignore[arg-type]

    def hang(self, job: Job) -> None:
        hang(job.gateway_process().pid)

    def stop_slowly(self, job: Job) -> None:
        """Do nothing: it closes its connections and its database, which takes seconds."""

    def boot_forever(self, job: Job) -> None:
        """Do nothing: it needs seconds to boot."""

    def migrate_forever(self, job: Job) -> None:
        """Let it migrate again, which takes seconds."""
        (job.home / "templates").unlink()

    def end_while_booting(self, job: Job) -> None:
        job.start()
        job.until(lambda: bool(job.find_all(*self.words)), "the gateway boots")
        job.gateway_process().kill()


def _with_default_signals() -> None:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Job:
    """A command of ``loadtest`` in a directory of its own, which boots its own gateway."""

    directory: Path
    gateway: Kind
    verb: Sequence[str] = ("run",)
    arguments: Sequence[str] = ("-u", "2", "-r", "2", "-t", "120s")
    users: Sequence[str] = ("HealthUser",)
    variables: Mapping[str, str] = field(default_factory=dict)
    before: str = ":"
    """What a shell does before it becomes the command: ``ulimit -n 64``."""
    process: subprocess.Popen[str] | None = None

    @classmethod
    def on(cls, kind: Callable[[], Kind], directory: Path, **more: Any) -> Job:
        job = cls(directory, kind(), **more)
        job.gateway.prepare(job.home)
        return job

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def reports(self) -> Path:
        return self.directory / "reports"

    @property
    def environment(self) -> dict[str, str]:
        strange = ("LOADTEST_", "LOCUST", "GATEWAY", "DATABASE", "REDIS")
        mine = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        own = {
            "LOADTEST_HOME": str(self.home),
            "LOADTEST_REPORTS_DIR": str(self.reports),
            "GATEWAY": self.gateway.version,
        }
        return mine | own | {"TMPDIR": str(self.directory)} | dict(self.variables)

    def start(self) -> None:
        who = ("--", *self.users) if self.users else ()
        options = self.gateway.options if self.verb[0] == "run" else ()
        command = [sys.executable, "-m", "loadtest", *self.verb, *self.arguments, *options, *who]
        with (self.directory / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                ["sh", "-c", f'{self.before}; exec "$@"', "sh", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A command inherits the signals that are ignored, as under nohup.
                preexec_fn=_with_default_signals,
                text=True,
            )

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    @property
    def output(self) -> str:
        return (self.directory / "output.txt").read_text(errors="replace")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for ``condition``; fail at once if the command has ended."""
        within = self.gateway.within
        deadline = time.monotonic() + within
        while not condition():
            assert self.running.poll() is None, f"{what}: the command has ended\n{self.output}"
            assert time.monotonic() < deadline, f"{what}: not within {within:g} s\n{self.output}"
            time.sleep(0.05)

    def under_load(self) -> None:
        """Wait until requests are measured."""
        self.until(lambda: self.requests >= 5, "the load runs")

    def until_reported(self) -> None:
        """Wait until the verdict is on disk, or the command has ended."""
        deadline = time.monotonic() + WITHIN
        while not (self.reports / "verdict.json").exists() and self.running.poll() is None:
            assert time.monotonic() < deadline, f"no verdict within {WITHIN:g} s\n{self.output}"
            time.sleep(0.05)

    @property
    def reported(self) -> bool:
        """Whether the measurements and all reports are on disk."""
        return all((self.reports / name).exists() for name in REPORTS)

    def says(self, text: str) -> None:
        """Wait for a line of progress."""
        self.until(lambda: text in self.output, text)

    def signal(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def wait(self) -> int:
        within = self.gateway.within
        try:
            return self.running.wait(within)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the command has not ended within {within:g} s\n{self.output}")

    @property
    def run(self) -> Run | None:
        path = self.reports / "run.json"
        return read_run(path) if path.exists() else None

    @property
    def requests(self) -> int:
        return self.run.requests if self.run else 0

    @property
    def verdict(self) -> dict[str, Any]:
        return dict(json.loads((self.reports / "verdict.json").read_text()))

    def processes(self) -> list[psutil.Process]:
        """Return every process that belongs to this command: its environment, command line or directory names ours."""
        return [one for one in psutil.process_iter() if one.pid != os.getpid() and self._is_ours(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        mark = str(self.directory)
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if any(mark in word for word in process.cmdline()) or process.cwd().startswith(mark):
                return True
            return any(value.startswith(mark) for value in process.environ().values())
        return False

    def find(self, *words: str) -> psutil.Process:
        """Return the oldest process whose command line has all ``words``, reapers excluded."""
        found = self.find_all(*words)
        assert found, f"no process with {words}: {[one.cmdline() for one in self.processes()]}"
        return found[0]

    def find_all(self, *words: str) -> list[psutil.Process]:
        """Return every process whose command line has all ``words``, reapers excluded, the oldest first."""
        found = []
        for one in self.processes():
            with contextlib.suppress(psutil.Error):
                line = " ".join(one.cmdline())
                if all(word in line for word in words) and "reaper.py" not in line:
                    found.append(one)
        return sorted(found, key=lambda one: one.create_time())

    def gateway_processes(self) -> list[psutil.Process]:
        """Return the process of each gateway that a reaper started, the oldest first."""
        reapers = {one.pid for one in self.processes() if "reaper.py" in " ".join(one.cmdline())}
        return [one for one in self.find_all(*self.gateway.words) if one.ppid() in reapers]

    def gateway_process(self) -> psutil.Process:
        return self.gateway_processes()[0]

    def is_booting(self, during: str) -> bool:
        """Return whether the gateway boots, or its migrations run (``migrations``)."""
        if during == "boot":
            return bool(self.find_all(*self.gateway.words))
        return bool(self.find_all(*self.gateway.migration))

    def reaper_of(self, *words: str) -> psutil.Process:
        reaper = self.find(*words).parent()
        assert reaper is not None
        return reaper

    def left(self) -> list[str]:
        """Return what is left behind: processes, and files of runs and of unfinished templates."""
        processes = [f"process {one.pid}: {' '.join(one.cmdline())}" for one in self.processes()]
        files = [*self.home.glob("runs/*"), *self.home.glob("templates/*.new"), *self.directory.glob("tmp*")]
        return [*processes, *map(str, files)]


@contextlib.contextmanager
def started(job: Job, start: Callable[[], None] | None = None) -> Iterator[Job]:
    """Start the command, by ``start`` if given; whatever is there of it at the end of the block is killed."""
    try:
        (start or job.start)()
        yield job
    finally:
        for one in job.processes():
            with contextlib.suppress(psutil.Error):
                one.kill()
        if job.process is not None:
            job.process.wait()
