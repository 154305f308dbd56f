"""``python -m loadtest.adoption.stored_contract VERSION``: store the contract of a known version again.

This is needed when changed settings change the operations that the version offers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.adoption.releases import run_for_version
from loadtest.client.session import connect
from loadtest.core import settings
from loadtest.core.files import write_atomically
from loadtest.gateway.boot import booted
from loadtest.gateway.install.installation import install
from loadtest.gateway.install.manifest import read_manifest
from loadtest.gateway.install.source import Pinned
from loadtest.openapi import contracts
from loadtest.openapi.contracts import StoredContract
from loadtest.versions import data as versions


def served_document(source: Pinned, home: Path, log: Path | None = None) -> Mapping[str, Any]:
    """Boot ``source`` on SQLite and return its OpenAPI document; its log is written to ``log``.

    Raises:
        InstallError: it cannot be installed.
        InconclusiveError: it does not boot, or does not respond as a gateway.
    """
    with booted(source, home=home, environ={}, log_copy=log) as running:
        session = connect(running.host, running.credentials, data=source.data)
        return session.contract.document


def store_contract(version: str, home: Path) -> Path:
    """Boot the known ``version`` and store its contract; returns its path. ``home`` is LOADTEST_HOME.

    Raises:
        UsageError: it is not known.
        InstallError: it cannot be installed.
        InconclusiveError: it does not boot.
    """
    source = Pinned(version, versions.load(version))
    manifest = read_manifest(install(source, home))
    contract = StoredContract(served_document(source, home), manifest.settings)
    write_atomically(contracts.path_of(version), contracts.stored_form(contract))
    return contracts.path_of(version)


if __name__ == "__main__":
    sys.exit(run_for_version(lambda version: store_contract(version, settings.home())))
