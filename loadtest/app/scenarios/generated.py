"""Requests for operations without a scenario, generated when the contract of the gateway is known."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.client.session import Session
from loadtest.core.errors import InconclusiveError, LoadTestError
from loadtest.core.files import write_atomically
from loadtest.core.locks import exclusively
from loadtest.core.operations import base
from loadtest.core.progress import Progress
from loadtest.core.settings import without_settings
from loadtest.core.units import plural
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.engine.selection import read_selection
from loadtest.gateway.install.uv import run_uv
from loadtest.generated.requests import GenerationJob
from loadtest.results.run import GENERATED
from loadtest.scenarios.source import ScenarioSource

FILENAME = "generated-requests.json"
LOCK = Path(__file__).parents[2] / "generated" / "generator.lock"
LIBRARY = "schemathesis"
LOCK_TIMEOUT = 600.0
"""Seconds to wait while another process installs the generator."""
TIME_LIMIT = 300.0
"""Seconds for the generation."""
READY = "ready"


def generate_requests(
    session: Session,
    custom: Sequence[ScenarioSource],
    arguments: Sequence[str],
    reports: Path,
    home: Path,
    progress: Progress,
    *,
    only: bool,
) -> str:
    """Write requests for the operations of a gateway that no scenario calls, and return the path of the file.

    With ``only``, no operation counts as called by a scenario. Returns an empty text if there are none, if
    ``arguments`` for Locust select other scenarios, or if they cannot be generated, which is noted.
    """
    if not _selected(arguments):
        return ""
    scenarios = () if only else discover_scenarios(custom=custom, soak=True, deep=True)
    called = {base(call.operation) for scenario in scenarios for call in scenario.calls}
    uncalled = sorted(session.contract.operations.keys() - called)
    operations = tuple(name for name in uncalled if not session.excludes(name))
    if not operations:
        return ""
    progress.log("generate", f"requests for {plural(len(operations), 'operation')} without a scenario")
    job = GenerationJob(document=dict(session.contract.document), operations=operations, seed=0)
    try:
        written = _generated(job, home)
    except LoadTestError as error:
        progress.log("note", f"operations without a scenario are not called: {error}")
        return ""
    path = reports / FILENAME
    write_atomically(path, msgspec.json.format(written, indent=1))
    return str(path)


def _selected(arguments: Sequence[str]) -> bool:
    """Return whether ``arguments`` for Locust select the scenario of generated calls."""
    chosen = read_selection(arguments)
    user_class, area = GENERATED.partition(".")[0], "generated"
    return (
        (not chosen.tags or area in chosen.tags)
        and area not in chosen.exclude_tags
        and (not chosen.user_classes or user_class in chosen.user_classes)
    )


def _generated(job: GenerationJob, home: Path) -> bytes:
    """Return the requests as JSON.

    Raises:
        InconclusiveError: the generator cannot be installed, or fails.
    """
    # At the end of the path, so that the packages of the environment have priority.
    start = (
        f"import sys; sys.path.append({str(Path(__file__).parents[3])!r}); "
        "from loadtest.generated.__main__ import main; main()"
    )
    try:
        done = subprocess.run(
            [str(_python(home)), "-c", start],
            input=msgspec.json.encode(job),
            env=without_settings(os.environ),
            capture_output=True,
            check=False,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise InconclusiveError(f"their requests were not generated within {TIME_LIMIT:g} s") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise InconclusiveError(f"their requests cannot be generated: {last}")
    return done.stdout


def _python(home: Path) -> Path:
    """Return an interpreter with the library: this one, or that of an environment that is made for it once.

    Raises:
        InconclusiveError: it cannot be installed.
    """
    if importlib.util.find_spec(LIBRARY) is not None:
        return Path(sys.executable)
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = home / "generators" / key
    directory.parent.mkdir(parents=True, exist_ok=True)
    with exclusively(directory.with_suffix(".lock"), "the generator of requests", within=LOCK_TIMEOUT):
        if not (directory / READY).is_file():
            run_uv(["venv", "--clear", "--no-project", "--python", sys.executable, str(directory)])
            run_uv(["pip", "sync", "--require-hashes", str(LOCK)], environment=directory)
            (directory / READY).touch()
    return directory / "bin" / "python"
