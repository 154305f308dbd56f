"""The lock of a version is resolved from its data file."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace
from supported import OLDEST

from loadtest.adoption.releases import command, oldest_python, run_for_version, wanted_by
from loadtest.versions import data as versions


def test_extras_and_further_packages() -> None:
    data = versions.load(OLDEST)
    lines = wanted_by(data).splitlines()
    assert lines[0] == f"mcp-contextforge-gateway[grpc,llmchat,redis]=={OLDEST}"
    assert set(data.requirements) <= set(lines)


def test_an_old_release_is_resolved_as_of_the_end_of_its_day() -> None:
    data = versions.load(OLDEST)
    assert data.exclude_newer == dt.date(2026, 2, 20)
    assert command(data)[-2:] == ["--exclude-newer", "2026-02-21T00:00:00Z"]
    assert "--exclude-newer" not in command(replace(data, exclude_newer=None))


@pytest.mark.parametrize(
    ("specifier", "version"), [(">=3.11,<3.14", "3.11"), (">=3.12.4", "3.12"), ("<3.14", "3.11")]
)
def test_the_oldest_python(specifier: str, version: str) -> None:
    assert oldest_python(specifier) == version


def test_an_invalid_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        ([], "VERSION: is empty"),
        (["newest"], "VERSION=newest: is not a version"),
        (["9.9.9"], "unknown gateway '9.9.9'"),
    ):
        monkeypatch.setattr("sys.argv", ["lock", *arguments])
        assert run_for_version(lambda version: versions.load(version).lock) == 2
        assert words in capsys.readouterr().err
