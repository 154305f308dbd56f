"""A migrated database per installation, copied for every run: migrations run once."""

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

MIGRATION_TIME = 300.0
"""Seconds that the migrations may take."""

SUFFIX, LOCK, UNFINISHED = ".sqlite", ".lock", ".new"
"""Of a template, of its lock, and of the directory in which it is made."""


def copy_template(installation: Installation, data: VersionData, home: Path, target: Path) -> None:
    """Put a migrated, empty database at ``target``; the template is made if it is not there.

    Raises:
        InconclusiveError: the gateway's own migrations fail; the message holds their last lines.
    """
    templates = home / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    template = templates / f"{installation.name}{SUFFIX}"
    lock = template.with_suffix(LOCK)
    with exclusively(lock, f"the migrations of {installation.name}", within=MIGRATION_TIME):
        if not template.is_file():
            _make(installation, data, template)
        shutil.copyfile(template, target)
    if installation.checkout is not None:
        _prune(templates, installation.checkout, template)


def _make(installation: Installation, data: VersionData, template: Path) -> None:
    # The name is always the same, so that what a killed process left is found again.
    directory = template.with_suffix(UNFINISHED)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    try:
        database = migrate(installation, data, directory).sqlite_file
        # A write-ahead log beside the file would be lost by a copy of the file alone.
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        database.replace(template)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prune(templates: Path, checkout: str, kept: Path) -> None:
    """Remove the templates of earlier states of a checkout, but for those that are being made or copied."""
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
    """Let the gateway's own bootstrap make the tables; a database file is made in the empty ``directory``.

    With e-mail authentication off it makes no administrator, so that the first boot on a copy makes one with
    that run's password. ``alembic upgrade head`` alone would not do: 1.0.0rc1 fails on an empty database.

    Raises:
        BootError: it fails or takes too long; the error holds its last lines.
        InconclusiveError: it made no database.
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
            within=MIGRATION_TIME,
            directory=directory,
        )
    except CommandError as error:
        masked = secret_values(workspace, secrets)
        tail = tuple(redact(error.output, masked).splitlines()[-20:])
        reason = reason_in(tail)
        raise BootError(f"{name} failed: {reason}" if reason else redact(str(error), masked), tail) from error
    if not (database_url or workspace.sqlite_file.is_file()):
        raise InconclusiveError(f"{name} made no database")
    return workspace
