"""What a version's data file says is what its lock is resolved from."""

from __future__ import annotations

import pytest

from loadtest import versions
from loadtest.errors import UsageError
from loadtest.gateway.lock import command, lock_version, main, oldest_python, wanted_by


def test_extras_and_further_packages() -> None:
    data = versions.load("1.0.0rc1")
    assert wanted_by(data, "1.0.0rc1").splitlines()[0] == (
        "mcp-contextforge-gateway[grpc,llmchat,redis]==1.0.0rc1"
    )
    assert set(data.requirements) <= set(wanted_by(data, "1.0.0rc1").splitlines())


def test_an_old_release_is_resolved_as_of_its_day_and_a_new_one_is_not() -> None:
    old = versions.load("1.0.0rc1")
    assert command(old, "1.0.0rc1")[-2:] == ["--exclude-newer", "2026-02-20"]
    assert "--exclude-newer" not in command(old, "1.0.0rc9"), "borrowed data"


@pytest.mark.parametrize(
    ("specifier", "version"), [(">=3.11,<3.14", "3.11"), (">=3.12.4", "3.12"), ("<3.14", "3.11")]
)
def test_the_oldest_python(specifier: str, version: str) -> None:
    assert oldest_python(specifier) == version


def test_what_is_no_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="VERSION=newest: is not a version"):
        lock_version("newest")
    monkeypatch.setattr("sys.argv", ["lock"])
    assert main() == 2
    assert "VERSION: is empty" in capsys.readouterr().err
