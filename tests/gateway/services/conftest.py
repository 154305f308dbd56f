"""Real services; without their programs the tests are skipped, or fail if LOADTEST_NEEDS_SERVICES=1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.gateway.services import down
from loadtest.gateway.services.binaries import Programs, find


@pytest.fixture(scope="session")
def installed() -> Programs:
    """The programs of both services."""
    try:
        return find()
    except UsageError as error:
        if os.environ.get("LOADTEST_NEEDS_SERVICES"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def own_home(tmp_path: Path, installed: Programs) -> Iterator[Path]:
    """A LOADTEST_HOME whose services are stopped at the end."""
    yield tmp_path
    down(tmp_path)
