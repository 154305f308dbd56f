"""Run migrations once per installation, and copy the migrated database for each run."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from loadtest.core.errors import BootError, InconclusiveError, UsageError
from loadtest.core.locks import exclusively, reserved
from loadtest.core.redact import redact
from loadtest.gateway.boot_failure import reason_in
from loadtest.gateway.environment import gateway_environment, new_secrets, secret_values
from loadtest.gateway.install.installation import Installation
from loadtest.gateway.process.commands import CommandError, run_command
from loadtest.gateway.workspace import Workspace
from loadtest.versions.data import VersionData

MIGRATION_TIMEOUT = 300.0
"""Seconds for the migrations."""

SUFFIX, LOCK, UNFINISHED = ".sqlite", ".lock", ".new"
"""Suffixes of a template, of its lock, and of the directory in which it is created."""


def copy_template(installation: Installation, data: VersionData, home: Path, target: Path) -> None:
    """Copy a migrated, empty database to ``target``; the template is created if it does not exist.

    Raises:
        InconclusiveError: the gateway's migrations fail; the message has their last lines.
    """
    templates = home / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    template = templates / f"{installation.name}{SUFFIX}"
    lock = template.with_suffix(LOCK)
    with exclusively(lock, f"the migrations of {installation.name}", within=MIGRATION_TIMEOUT):
        if not template.is_file():
            _make(installation, data, template)
        shutil.copyfile(template, target)
    if installation.checkout is not None:
        _prune(templates, installation.checkout, template)


def _make(installation: Installation, data: VersionData, template: Path) -> None:
    # The name is fixed, so that the directory of a killed process is found and removed.
    directory = template.with_suffix(UNFINISHED)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    try:
        database = migrate(installation, data, directory).sqlite_file
        # A copy of the file alone would lose a write-ahead log.
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        database.replace(template)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prune(templates: Path, checkout: str, kept: Path) -> None:
    """Remove the templates of earlier states of a checkout, except those in use."""
    for lock in templates.glob(f"{checkout}-*{LOCK}"):
        if lock.stem == kept.stem:
            continue
        with contextlib.suppress(UsageError), reserved(lock, "in use"):
            lock.with_suffix(SUFFIX).unlink(missing_ok=True)
            shutil.rmtree(lock.with_suffix(UNFINISHED), ignore_errors=True)
            lock.unlink(missing_ok=True)


def migrate(
    installation: Installation, data: VersionData, directory: Path, database_url: str | None = None
) -> Workspace:
    """Create the tables with the gateway's own bootstrap, by default in a database file in the empty ``directory``.

    E-mail authentication is off, so that no administrator is created: the first boot on a copy creates one with the
    password of that run. ``alembic upgrade head`` is not enough: 1.0.0rc1 fails with it on an empty database.

    Raises:
        BootError: it fails or times out; the error has its last lines.
        InconclusiveError: it created no database.
    """
    (directory / "tmp").mkdir()
    workspace = Workspace(directory, port=1, database_url=database_url)
    secrets = new_secrets()
    environment = gateway_environment(workspace, secrets, data) | {"EMAIL_AUTH_ENABLED": "false"}
    name = f"the migrations of {data.version}"
    try:
        run_command(
            [installation.python, "-m", "mcpgateway.bootstrap_db"],
            name=name,
            environment=environment,
            within=MIGRATION_TIMEOUT,
            directory=directory,
        )
    except CommandError as error:
        masked = secret_values(workspace, secrets)
        tail = tuple(redact(error.output, masked).splitlines()[-20:])
        reason = reason_in(tail)
        raise BootError(f"{name} failed: {reason}" if reason else redact(str(error), masked), tail) from error
    if not (database_url or workspace.sqlite_file.is_file()):
        raise InconclusiveError(f"{name} created no database")
    return workspace
