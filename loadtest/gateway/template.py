"""A migrated database per installation, copied for every run: migrations run once."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from loadtest.errors import InconclusiveError
from loadtest.gateway.environment import gateway_environment, new_secrets, secret_values
from loadtest.gateway.install import Installation, exclusively
from loadtest.gateway.place import Place
from loadtest.redact import redact
from loadtest.versions import VersionData

MIGRATION_TIME = 300.0
"""Seconds that the migrations may take."""


def copy_template(installation: Installation, data: VersionData, home: Path, target: Path) -> None:
    """Put a migrated, empty database at ``target``; the template is made if it is not there.

    Raises:
        InconclusiveError: the gateway's own migrations fail; the message holds their last lines.
    """
    templates = home / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    template = templates / f"{installation.name}.sqlite"
    with exclusively(templates / f"{installation.name}.lock"):
        if not template.is_file():
            _make(installation, data, template)
    shutil.copyfile(template, target)


def _make(installation: Installation, data: VersionData, template: Path) -> None:
    with tempfile.TemporaryDirectory(dir=template.parent) as name:
        directory = Path(name)
        database = migrate(installation, data, directory).sqlite_file
        # A write-ahead log beside the file would be lost by a copy of the file alone.
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        database.replace(template)


def migrate(
    installation: Installation, data: VersionData, directory: Path, database_url: str | None = None
) -> Place:
    """Let the gateway's own bootstrap make the tables; a database file is made in the empty ``directory``.

    With e-mail authentication off it makes no administrator, so that the first boot on a copy makes one with
    that run's password. ``alembic upgrade head`` alone would not do: 1.0.0rc1 fails on an empty database.

    Raises:
        InconclusiveError: it fails; the message holds its last lines.
    """
    (directory / "tmp").mkdir()
    place = Place(directory, port=1, database_url=database_url)
    secrets = new_secrets()
    environment = gateway_environment(place, secrets, data) | {"EMAIL_AUTH_ENABLED": "false"}
    done = subprocess.run(
        [installation.python, "-m", "mcpgateway.bootstrap_db"],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=MIGRATION_TIME,
        check=False,
    )
    if done.returncode or not (database_url or place.sqlite_file.is_file()):
        tail = "\n".join(redact(done.stdout, secret_values(place, secrets)).splitlines()[-20:])
        raise InconclusiveError(f"the migrations of {data.version} failed ({done.returncode}):\n{tail}")
    return place
