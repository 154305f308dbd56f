"""The programs of the services are found in Debian's directories, or their absence is reported in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.gateway.services.binaries import find

POSTGRESQL = ("initdb", "postgres", "psql")
REDIS = ("redis-server", "redis-cli")


def programs(directory: Path, *names: str) -> Path:
    directory.mkdir(parents=True)
    for name in names:
        (directory / name).write_text("#!/bin/sh\n")
        (directory / name).chmod(0o755)
    return directory


def test_the_newest_version_off_the_path_wins(tmp_path: Path) -> None:
    for version in ("9", "15", "16"):
        programs(tmp_path / version / "bin", *POSTGRESQL)
    path = programs(tmp_path / "path", *REDIS, "psql")
    found = find(tmp_path, str(path))
    assert found.postgres == str(tmp_path / "16" / "bin" / "postgres")
    assert found.psql == str(tmp_path / "16" / "bin" / "psql")
    assert found.redis_cli == str(path / "redis-cli")


def test_a_version_without_its_server_is_passed_over(tmp_path: Path) -> None:
    programs(tmp_path / "15" / "bin", *POSTGRESQL)
    programs(tmp_path / "17" / "bin", "psql")
    path = programs(tmp_path / "path", *REDIS)
    assert find(tmp_path, str(path)).postgres == str(tmp_path / "15" / "bin" / "postgres")


def test_a_missing_program_is_reported_with_the_command_that_installs_it(tmp_path: Path) -> None:
    path = programs(tmp_path / "path", *POSTGRESQL, "redis-cli")
    with pytest.raises(UsageError) as error:
        find(tmp_path, str(path))
    message = str(error.value)
    assert message.startswith("redis-server not found: ")
    assert "`apt-get install postgresql redis-server`" in message
    assert "\n" not in message
