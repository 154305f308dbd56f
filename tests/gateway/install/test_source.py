"""What ``GATEWAY=`` may name, and one line for everything that it may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from supported import NEWEST, OLDEST

from loadtest.core.errors import UsageError
from loadtest.gateway.install.source import Checkout, Pinned, Running, parse_source
from loadtest.versions import data as versions

MODULE = "__version__ = '1.0.0-RC-0'"
PROJECT = '[project]\nname = "mcp-contextforge-gateway"\n'


def checkout(directory: Path, project: str, module: str = "") -> Path:
    (directory / "pyproject.toml").write_text(project)
    (directory / "mcpgateway").mkdir()
    (directory / "mcpgateway" / "__init__.py").write_text(module)
    return directory


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_is_the_newest_version_that_runs_here(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.gateway.install.default.find", lambda *_, **__: None)
    newest = versions.available()[0]
    assert parse_source(text, tmp_path) == Pinned(newest, versions.load(newest))


@pytest.mark.parametrize("version", versions.available())
def test_every_version_with_a_data_file(version: str) -> None:
    assert parse_source(version) == Pinned(version, versions.load(version))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:4444/", "http://127.0.0.1:4444"),
        ("https://gw.example/base", "https://gw.example/base"),
    ],
)
def test_an_address(text: str, url: str) -> None:
    assert parse_source(text) == Running(text, url)


def test_a_checkout_that_states_its_version(tmp_path: Path) -> None:
    directory = checkout(tmp_path, PROJECT + 'version = "99.0.dev1"')
    source = parse_source(f"path:{directory}")
    assert isinstance(source, Checkout)
    assert (source.version, source.data.version) == ("99.0.dev1", NEWEST)


def test_a_checkout_whose_module_states_its_version(tmp_path: Path) -> None:
    project = PROJECT + 'dynamic = ["version"]'
    source = parse_source(f"path:{checkout(tmp_path, project, MODULE)}")
    assert isinstance(source, Checkout)
    assert (source.version, source.data.version) == ("1.0.0-RC-0", OLDEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9.9.9", rf"unknown gateway '9\.9\.9': expected .*{re.escape(NEWEST)}, .*path:DIR or a URL"),
        ("../versions/3.0.7", r"unknown gateway '\.\./versions/3\.0\.7'"),
        ("http://", r"GATEWAY=http://: expected http://HOST"),
        ("http://host:port", r"GATEWAY=http://host:port: expected http://HOST"),
        ("http://admin:hunter22@host", r"GATEWAY=http://\*\*\*@host: expected no user"),
        ("http://host/?a=b", r"expected http://HOST"),
        ("path:/nowhere", r"GATEWAY=path:/nowhere: /nowhere/pyproject\.toml does not exist"),
    ],
)
def test_what_is_not_a_gateway(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        parse_source(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("[project", r"pyproject\.toml: is not valid TOML"),
        ("[tool]", r"project\.name is None, expected 'mcp-contextforge-gateway'"),
        ('[project]\nname = "flask"', r"project\.name is 'flask'"),
        (PROJECT, r"__init__\.py: has no __version__"),
        (PROJECT + 'version = "one"', r"pyproject\.toml: version is 'one', expected a version"),
    ],
)
def test_what_is_not_a_checkout(tmp_path: Path, project: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_source(f"path:{checkout(tmp_path, project)}")
