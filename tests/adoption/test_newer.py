"""What ``loadtest gateways --newer`` lists, whatever Python runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from supported import NEWEST, OLDEST

from loadtest.adoption import newer
from loadtest.adoption import releases as index
from loadtest.adoption.newer import newer_versions
from loadtest.adoption.releases import Release, release
from loadtest.cli.commands.gateways import gateways
from loadtest.gateway.install.uv import InstallError
from loadtest.versions import data as versions


@pytest.mark.real
def test_the_index_names_releases_whatever_python_runs_here() -> None:
    found = newer_versions([OLDEST])
    assert NEWEST in found
    assert found == tuple(sorted(found, key=Version, reverse=True))
    assert not any(Version(one).is_prerelease for one in found)
    assert set(found) <= set(newer_versions([OLDEST], pre=True))
    needed = SpecifierSet(release(NEWEST).python)
    assert needed.contains("3.12.1")
    assert not needed.contains("3.11.9")
    assert newer_versions(["9999"]) == ()


def test_an_unreachable_index_is_an_error_not_an_empty_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (
        ("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple"),
        ("UV_NO_CACHE", "1"),
        ("UV_HTTP_RETRIES", "0"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(InstallError, match=r"Failed to fetch: http://127\.0\.0\.1:1/"):
        newer_versions([OLDEST])


def test_an_index_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uv.toml").write_text("no-index = true\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    with pytest.raises(InstallError, match=r"was not found in the provided package locations"):
        newer_versions([OLDEST])


@pytest.mark.parametrize(
    ("names", "arguments", "shown", "errors"),
    [
        (("1.2", "1.1"), (), "1.2 (Python >=3.12)\n1.1 (Python >=3.12)\n", ""),
        (("1.2", "1.1"), ("--json",), '["1.2", "1.1"]\n', ""),
        ((), (), "", f"no release on the package index is newer than {versions.available()[0]}\n"),
        (
            (),
            ("--json",),
            "[]\n",
            f"no release on the package index is newer than {versions.available()[0]}\n",
        ),
    ],
)
def test_newer_releases_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    arguments: tuple[str, ...],
    shown: str,
    errors: str,
) -> None:
    monkeypatch.setattr(newer, "newer_versions", lambda _known, *, pre: names)
    monkeypatch.setattr(index, "release", lambda version: Release(version, ">=3.12", None))
    done = CliRunner().invoke(gateways, ["--newer", *arguments])
    assert (done.exit_code, done.stdout, done.stderr) == (0, shown, errors)
