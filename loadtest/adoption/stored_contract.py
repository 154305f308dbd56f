"""``python -m loadtest.adoption.stored_contract VERSION``: store the contract of a known version of the gateway again.

For a version whose settings were changed, so that it offers other operations than before.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.adoption.releases import check_release
from loadtest.client.session import connect
from loadtest.core import settings
from loadtest.core.errors import LoadTestError
from loadtest.core.files import write_atomically
from loadtest.gateway.boot import booted
from loadtest.gateway.install.installation import install
from loadtest.gateway.install.manifest import read_manifest
from loadtest.gateway.install.source import Pinned
from loadtest.openapi import contracts
from loadtest.openapi.contracts import StoredContract
from loadtest.versions import data as versions


def served_document(source: Pinned, home: Path, log: Path | None = None) -> Mapping[str, Any]:
    """Boot ``source`` on SQLite and return the OpenAPI document that it serves; ``log`` is where its log goes.

    Raises:
        InstallError: it cannot be installed.
        InconclusiveError: it does not boot, or is no gateway as we know it.
    """
    with booted(source, home=home, environ={}, log_copy=log) as running:
        session = connect(running.host, running.credentials, data=source.data)
        return session.contract.document


def store_contract(version: str, home: Path) -> Path:
    """Boot the known ``version`` and store its contract; returns where. ``home`` is LOADTEST_HOME.

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


def main() -> int:
    """Store the contract of the known version that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("VERSION: is empty, expected a known version such as VERSION=1.0.7\n")
        return 2
    try:
        check_release(sys.argv[1])
        sys.stdout.write(f"{store_contract(sys.argv[1], settings.home())}\n")
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
