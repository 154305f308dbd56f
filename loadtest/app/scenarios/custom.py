"""Validation of custom scenarios, before a gateway is booted as far as possible."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from loadtest.backends import command
from loadtest.backends import names as built_in_backends
from loadtest.client.auth import Credentials
from loadtest.client.session import Session
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.settings import without_settings
from loadtest.engine.scenario_plan import check_operations, check_peers, discover_scenarios
from loadtest.engine.target import Target, target_environment
from loadtest.openapi.contracts import known_operations, path_of
from loadtest.scenarios.backends import backend_names, backend_sources
from loadtest.scenarios.data_files import custom_fixtures, refusals_files
from loadtest.scenarios.source import ScenarioSource
from loadtest.versions.refusals import load_rules

IMPORT_TIMEOUT = 120.0
"""Seconds in which all modules must have been imported."""


def check_sources(custom: Sequence[ScenarioSource], version: str | None) -> None:
    """Read and import the ``custom`` scenarios, and compare their operations with those of the known ``version``.

    They are imported in a process of their own, as importing Locust changes a process. Nothing is done without any.

    Raises:
        UsageError: a module, a class or an operation is not valid; the message names the file and the line.
    """
    if not custom:
        return
    backends = backend_names(custom, built_in_backends())
    fixtures = custom_fixtures(custom, backends)
    load_rules(more=refusals_files(custom))
    check_peers(custom, backends, {one.name for one in fixtures})
    planned = discover_scenarios(custom=custom, soak=True, deep=True)
    if version is not None and path_of(version).is_file():
        check_operations(custom, known_operations())
    _check_backends(custom)
    imported = _imported(custom)
    for scenario in planned:
        if scenario.name not in imported:
            raise UsageError(
                f"{scenario.file}:{scenario.line}: {scenario.name} is no scenario when it is imported, expected "
                "`from loadtest.users import task` and a class that is derived from GatewayUser"
            )
    names = {one.name for one in planned}
    for name in sorted(imported - names):
        raise UsageError(
            f"--scenarios {custom[0].text}: {name} is not in the plan, expected a method with the decorator @task, "
            "imported by this name, in a class of the same module"
        )


def check_operations_of(custom: Sequence[ScenarioSource], session: Session) -> None:
    """Compare the operations of the ``custom`` scenarios with those that the gateway of ``session`` offers.

    Raises:
        UsageError: an operation is offered by neither this gateway nor a known version.
    """
    if custom:
        check_operations(custom, session.contract.operations.keys() | known_operations())


def _check_backends(custom: Sequence[ScenarioSource]) -> None:
    """Import the backends, if there are any, as the process that serves them does.

    Raises:
        UsageError: one is not valid.
    """
    if backend_sources(custom):
        _output(command(custom, check=True), os.environ, custom[0])


def _imported(custom: Sequence[ScenarioSource]) -> frozenset[str]:
    """Return the names of the scenarios that the process of Locust finds."""
    target = Target(host="", credentials=Credentials(email=""), custom=tuple(custom))
    environment = without_settings(os.environ) | target_environment(target)
    return frozenset(_output([sys.executable, "-m", "loadtest.users"], environment, custom[0]).split())


def _output(arguments: Sequence[str], environment: Mapping[str, str], first: ScenarioSource) -> str:
    """Return the output of a process that imports modules; ``first`` is in messages that name no file.

    Raises:
        UsageError: a module is not valid.
    """
    try:
        done = subprocess.run(
            arguments, env=environment, capture_output=True, text=True, check=False, timeout=IMPORT_TIMEOUT
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"--scenarios {first.text}: importing took more than {IMPORT_TIMEOUT:g} s, expected modules that "
            "only define classes and functions"
        ) from error
    last = done.stderr.strip().rpartition("\n")[2]
    if done.returncode == ExitCode.USAGE:
        raise UsageError(last)
    if done.returncode:
        raise UsageError(f"--scenarios {first.text}: cannot be imported: {last}")
    return done.stdout
