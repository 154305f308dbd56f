"""Starting Locust on our user classes, with the settings that a person, the environment or a profile gave.

Our settings are Locust's own environment variables, so that its options, its ``LOCUST_*`` variables and its
``locust.conf`` all go before them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from configargparse import DefaultConfigFileParser
from msgspec.structs import replace

from loadtest.complete import complete
from loadtest.files import prepare_directory
from loadtest.gateway.place import LOOPBACK
from loadtest.gateway.running import RunningGateway
from loadtest.gateway.state import read_state
from loadtest.reports import formats
from loadtest.role import Master
from loadtest.run import read_run, write_run
from loadtest.settings import Size, Target, hand_on, read_target

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
STOP_TIMEOUT = 40
"""Seconds in which users end the call that they are in and undo what their scenario made."""
_CONFIG_FILES = (Path("~/.locust.conf").expanduser(), Path("locust.conf"))
OUTPUTS = (
    "locust_report.html",
    "locust_stats.csv",
    "locust_stats_history.csv",
    "locust_failures.csv",
    "locust_exceptions.csv",
    "locust.log",
)
"""What Locust writes into the directory of reports."""


def locust_command(arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that starts Locust; ``arguments`` are a person's own and win over everything."""
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]


def locust_environment(
    size: Size,
    target: Target,
    *,
    ui: bool = False,
    explicit: frozenset[str] = frozenset(),
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment of a Locust process; it holds secrets.

    ``explicit`` names the settings that a person gave to us (``users``, ``spawn-rate``, ``run-time``,
    ``processes``): those go before Locust's configuration files and variables, the others after.
    """
    reports = Path(target.reports)
    ours = {
        "users": str(size.users),
        "spawn-rate": f"{size.spawn_rate:g}",
        "stop-timeout": str(STOP_TIMEOUT),
        "html": str(reports / OUTPUTS[0]),
        "csv": str(reports / "locust"),
        "host": target.host,
    }
    if not ui:
        ours |= {"run-time": f"{size.run_time:g}s", "headless": "true", "only-summary": "true"}
    if size.processes > 1:
        # Its processes talk among themselves; nobody else on the network is to join them.
        ours |= {"processes": str(size.processes), "master-bind-host": LOOPBACK}
    configured = _configured(environ)
    environment = dict(environ) | hand_on(target)
    for option, value in ours.items():
        name = "LOCUST_" + option.upper().replace("-", "_")
        if option in explicit or not (environ.get(name) or option in configured):
            environment[name] = value
    return environment


def target_of(gateway: RunningGateway, size: Size, reports: Path) -> Target:
    """Return what a Locust process must know to drive ``gateway``."""
    return Target(
        host=gateway.host,
        credentials=gateway.credentials,
        source=gateway.source,
        data=gateway.data_version,
        footing=gateway.footing,
        profile=size.profile,
        processes=size.processes,
        soak=size.soak,
        run_time=size.run_time,
        backends=gateway.backends.urls,
        failed_backends=gateway.backends.failed,
        reports=str(reports),
    )


def as_master(target: Target, master: Master) -> Target:
    """Return ``target`` for a master, which waits for its workers."""
    return replace(target, expect_workers=master.expect, workers_within=master.within)


def clear_reports(directory: Path) -> None:
    """Delete what an earlier run left, so that nobody takes an old report for this run's."""
    ours = ("run.json", "openapi.json", "gateway.log", *OUTPUTS, *(one.FILENAME for one in formats()))
    for name in ours:
        (directory / name).unlink(missing_ok=True)


def drive_alone(
    size: Size,
    *,
    home: Path,
    reports: Path,
    ui: bool = False,
    master: Master | None = None,
    explicit: frozenset[str] = frozenset(),
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run Locust in this terminal, against ``LOADTEST_HOST`` or the gateway held for ``home``.

    As a ``master``, if there is one, it lets workers on other machines make the load.

    Returns Locust's exit code: 0 if anything was measured, 3 if not; failures are for the judge.

    Raises:
        UsageError: ``reports`` cannot be written to.
    """
    held = read_state(home)
    if held is not None and environ.get("LOADTEST_HOST") not in (None, "", held.host):
        held = None
    target = (
        target_of(held, size, reports)
        if held
        else replace(
            read_target(environ),
            reports=str(reports),
            profile=size.profile,
            soak=size.soak,
            run_time=size.run_time,
        )
    )
    if not {"--list", "-l", "--help", "-h", "--worker"} & set(arguments):
        clear_reports(prepare_directory(reports))
    if master is not None:
        target = as_master(target, master)
        arguments = (*master.arguments(), *arguments)
    environment = locust_environment(size, target, ui=ui, explicit=explicit, environ=environ)
    environment["LOADTEST_PARENT"] = str(os.getpid())
    # Ctrl-C reaches Locust from the terminal, too; we wait for what it still writes. (Ignored by us it would be so by
    # Locust, too.)
    usual = signal.signal(signal.SIGINT, lambda *_: None)
    locust = subprocess.Popen(locust_command(arguments), env=environment)
    signal.signal(signal.SIGTERM, lambda *_: locust.terminate())
    code = locust.wait()
    signal.signal(signal.SIGINT, usual)
    path = reports / "run.json"
    if held is not None and path.exists():
        write_run(complete(read_run(path), held), path)
        held.copy_log(reports / "gateway.log")
    return code if code >= 0 else 128 - code


def explicit_settings(given: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return which of our settings a person gave, by option (a value that is not None) or by variable."""
    names = ("users", "spawn-rate", "run-time", "processes")
    return frozenset(
        name
        for name in names
        if given.get(name.replace("-", "_")) is not None
        or environ.get("LOADTEST_" + name.upper().replace("-", "_"))
    )


def _configured(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the options that Locust's own configuration files set."""
    found: set[str] = set()
    for path in (*_CONFIG_FILES, *([Path(environ["LOCUST_CONFIG"])] if environ.get("LOCUST_CONFIG") else ())):
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                found.update(DefaultConfigFileParser().parse(file))
    return frozenset(found)
