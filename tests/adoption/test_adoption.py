"""A release becomes a known version: the progress messages, and the whole command on a real release."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtest.adoption.adopt import adopt
from loadtest.adoption.draft import OldPackages
from loadtest.adoption.releases import Release
from loadtest.adoption.report import (
    SHOWN,
    Adoption,
    SettingChanges,
    in_markdown,
    in_plain_text,
    setting_changes,
)
from loadtest.core import settings
from loadtest.core.errors import BootError, InconclusiveError, UsageError
from loadtest.gateway.install.interpreters import NoInterpreterError
from loadtest.gateway.install.manifest import Manifest
from loadtest.gateway.install.source import Pinned
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.diff import Alias, ContractDiff, FieldDifference, OperationDifference, diff_contracts
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

NOTHING = SettingChanges((), (), (), ())


def adoption(changes: ContractDiff, found: SettingChanges = NOTHING, **more: tuple[str, ...]) -> Adoption:
    return Adoption("1.1", "1.0", 3, changes, more.get("unplanned", ()), found, more.get("left_out", ()))


def test_nothing_new_is_little_text() -> None:
    text = in_markdown(adoption(ContractDiff((), (), ())))
    assert text.splitlines()[0] == "## Gateway 1.1"
    assert "3 operations: 0 new, 0 gone, 0 changed." in text
    assert [line for line in text.splitlines() if line.startswith("###")] == ["### Next"]


SERVER_ID = FieldDifference("query server_id", "", "added")
REMOVED = FieldDifference("200", "authType", "removed")
TYPED = FieldDifference("200", "tags[]", "type object, before string")
CHANGES = ContractDiff(
    ("GET /a", "GET /alias/{id}"),
    ("GET /b",),
    (
        OperationDifference("GET /c", (SERVER_ID, REMOVED, TYPED)),
        OperationDifference("GET /d", (FieldDifference("", "", "takes a body"),)),
    ),
    (Alias("/alias", "/real", ("GET /alias/{id}", "POST /alias")),),
)
SETTINGS = setting_changes(
    {"A": "1", "B": "", "OURS": "x", "SAME": "s"}, {"A": "2", "NEW": "n", "SAME": "s"}, {"OURS", "NEW"}
)


def test_everything_is_named_in_markdown() -> None:
    text = in_markdown(
        adoption(CHANGES, SETTINGS, unplanned=("GET /a",), left_out=("known GET /b_c: no such operation",))
    )
    for line in (
        "### Operations without a scenario (1)",
        "- `/alias` mirrors `/real` (2 operations)",
        "### New operations (2)",
        "- `GET /b`",
        "- `GET /c` query server&#95;id: added; 200: `authType` removed; `tags[]` type object, before string",
        "- `GET /d` takes a body",
        "### Settings that are gone and that the load test sets (1)",
        "- `OURS`",
        "- `NEW`",
        "- `A`: `2`, before `1`",
        "### Not carried over from 1.0 (1)",
        "- known GET /b&#95;c: no such operation",
        "2. `make load-test-ci GATEWAY=1.1` shows the coverage, the failures, and stale known failures.",
    ):
        assert line in text.splitlines(), line
    assert "SAME" not in text


def test_on_a_terminal_it_is_plain_text_that_ends_with_what_to_do() -> None:
    found = adoption(
        CHANGES, SETTINGS, unplanned=("GET /a",), left_out=("known GET /b_c: no such operation",)
    )
    text = in_plain_text(found, Path("reports/gateway-1.1.md"))
    for line in (
        "Gateway 1.1",
        "Operations without a scenario (1):",
        "  GET /c query server_id: added; 200: authType removed; tags[] type object, before string",
        "  A: 2, before 1",
        "  known GET /b_c: no such operation",
        "Next:",
    ):
        assert line in text.splitlines(), line
    assert not set(text) & set("`&#")
    assert text.endswith("\nAll of this, in Markdown and in full: reports/gateway-1.1.md\n")
    data, template = ("loadtest/versions/1.1.toml", "loadtest/versions/1.0.toml")
    assert f"  1. Read {data}; git diff --no-index {template} {data} shows" in text


def test_a_long_list_is_whole_in_the_summary_that_the_terminal_names() -> None:
    names = tuple(f"GET /{n}" for n in range(SHOWN + 7))
    found = adoption(ContractDiff(names, (), ()))
    assert all(f"- `{name}`" in in_markdown(found) for name in names)
    shown = in_plain_text(found, Path("all.md"))
    assert f"  GET /{SHOWN - 1}\n  … all 27 in all.md\n" in shown
    assert f"GET /{SHOWN}" not in shown


def test_old_packages_are_reported_with_the_reason() -> None:
    packages = OldPackages(dt.date(2026, 7, 21), "ImportError: cannot import name 'x_y' from 'mcp'")
    found = replace(adoption(ContractDiff((), (), ())), packages=packages)
    words = "Its lock holds the packages of 2026-07-21, the day of its upload, because it fails with the current ones: "
    assert f"{words}`{packages.why}`" in in_markdown(found)
    assert f"{words}{packages.why}\n" in in_plain_text(found, Path("all.md"))


def test_a_name_cannot_leave_its_backticks_nor_move_the_cursor() -> None:
    found = adoption(ContractDiff(("GET /`<b>`\x1b[2J",), (), ()))
    assert "- `GET /'<b>'\\x1b[2J`" in in_markdown(found)
    assert "\x1b" not in in_plain_text(found, Path("all.md"))


@pytest.mark.parametrize(
    ("version", "words"),
    [("newest", "is not a version"), ("1.0.7", "is known already"), ("", "is not a version")],
)
def test_what_cannot_be_adopted(version: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        adopt(version, tmp_path, print)


LATER = dt.date(2026, 7, 21)
OLD = dict(contract_of("1.0.0rc1").document)
Boot = Callable[[VersionData], Mapping[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of versions of its own, with those that are known."""
    folder = tmp_path / "versions"
    folder.mkdir()
    for name in ("1.0.0rc1", "1.0.7"):
        for end in ("toml", "lock", "contract.json"):
            shutil.copy(versions.DIRECTORY / f"{name}.{end}", folder)
    monkeypatch.setattr(versions, "DIRECTORY", folder)
    return folder


@pytest.fixture
def adopting(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Adopt a release simulated by ``boot``, without an index, an installer or a gateway."""

    def run(version: str, boot: Boot, steps_shown: list[str] | None = None) -> Adoption:
        steps = [] if steps_shown is None else steps_shown

        def lock_version(data: VersionData) -> Path:
            data.lock.write_text(f"locked as of {data.exclude_newer}")
            return data.lock

        def served(source: Pinned, home: Path, log: Path) -> Mapping[str, Any]:
            return boot(source.data)

        manifest = Manifest(python=">=3.12", extras=("grpc", "llmchat", "redis"), settings={"PORT": "1"})
        release = Release(version, ">=3.12,<3.14", LATER)
        monkeypatch.setattr("loadtest.adoption.adopt.index.release", lambda _: release)
        monkeypatch.setattr("loadtest.adoption.adopt.lock_version", lock_version)
        monkeypatch.setattr("loadtest.adoption.adopt.install", lambda source, home: None)
        monkeypatch.setattr("loadtest.adoption.adopt.read_manifest", lambda installation: manifest)
        monkeypatch.setattr("loadtest.adoption.adopt.served_document", served)
        return adopt(version, tmp_path / "home", steps.append)

    return run


def test_the_template_is_the_version_with_the_fewest_differences(
    adopting: Callable[..., Adoption], folder: Path
) -> None:
    def boot(data: VersionData) -> Mapping[str, Any]:
        return OLD

    steps_shown: list[str] = []
    # By number 1.0.6 is nearest to 1.0.7.
    found = adopting("1.0.6", boot, steps_shown)
    assert found.template == "1.0.0rc1"
    assert found.changes.count == 0
    assert "the contract of 1.0.0rc1 is closer than that of 1.0.7" in steps_shown
    assert steps_shown[-1] == "booting 1.0.6 with the settings of 1.0.0rc1"
    data = versions.load("1.0.6")
    assert data.known == versions.load("1.0.0rc1").known
    assert contract_of("1.0.6").settings == {"PORT": "1"}
    assert (data.python, data.exclude_newer) == (">=3.12", None)
    assert data.lock.read_text() == "locked as of None"


def test_packages_of_the_upload_date_if_the_current_ones_fail(
    adopting: Callable[..., Adoption], folder: Path
) -> None:
    why = "ImportError: cannot import name 'x' from 'mcp' (/home/user/lib/site-packages/mcp/__init__.py)"

    def boot(data: VersionData) -> Mapping[str, Any]:
        if data.exclude_newer is None:
            raise BootError("the gateway ended", ("INFO hello", why))
        return OLD

    steps_shown: list[str] = []
    found = adopting("1.0.0", boot, steps_shown)
    reason = "ImportError: cannot import name 'x' from 'mcp' (mcp/__init__.py)"
    assert found.packages == OldPackages(LATER, reason)
    assert (
        f"it fails with the current packages ({reason}): using those of 2026-07-21, the day of its upload"
        in steps_shown
    )
    text = (folder / "1.0.0.toml").read_text()
    assert "/home/" not in text
    assert f"exclude_newer = {LATER}" in text
    assert (folder / "1.0.0.lock").read_text() == f"locked as of {LATER}"


def failing(data: VersionData) -> Mapping[str, Any]:
    raise BootError("the gateway ended (exit status 1)", ("ValueError: no such thing",))


def refusing(data: VersionData) -> Mapping[str, Any]:
    lines = ("a.SecurityConfigurationError: default_user_password: too short. Run x.", "bye")
    raise BootError("the gateway ended (exit status 1)", lines)


def no_python(data: VersionData) -> Mapping[str, Any]:
    raise NoInterpreterError("gateway 1.0.9 needs Python >=3.12", "install Python 3.12")


def interrupted(data: VersionData) -> Mapping[str, Any]:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("boot", "error", "words"),
    [
        (failing, InconclusiveError, "ValueError: no such thing; with the current packages: ValueError"),
        (
            refusing,
            InconclusiveError,
            "gateway 1.0.9 refuses a setting: DEFAULT_USER_PASSWORD: too short; set it in switches.toml",
        ),
        (no_python, NoInterpreterError, "^gateway 1.0.9 needs Python >=3.12: install Python 3.12$"),
        (interrupted, KeyboardInterrupt, "^$"),
    ],
)
def test_what_fails_is_one_line_and_leaves_nothing_behind(
    adopting: Callable[..., Adoption], folder: Path, boot: Boot, error: type[BaseException], words: str
) -> None:
    before = sorted(folder.iterdir())
    steps_shown: list[str] = []
    with pytest.raises(error, match=words) as raised:
        adopting("1.0.9", boot, steps_shown)
    assert "\n" not in str(raised.value)
    assert sorted(folder.iterdir()) == before
    if boot in (refusing, no_python):
        assert len([step for step in steps_shown if step.startswith("resolving")]) == 1, (
            "other packages change nothing"
        )
    if error is InconclusiveError:
        log = Path(str(raised.value).rpartition("; log: ")[2])
        assert "Error" in log.read_text()


@pytest.mark.nightly
@pytest.mark.real
def test_the_command_makes_a_known_version_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = versions.load("1.0.7")
    lock, contract = real.lock.read_text(), contract_of("1.0.7")
    for end in ("toml", "contract.json"):
        shutil.copy(versions.DIRECTORY / f"1.0.0rc1.{end}", tmp_path)
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    monkeypatch.setattr(
        "loadtest.adoption.adopt.index.release", lambda _: Release("1.0.7", ">=3.11,<3.14", None)
    )
    monkeypatch.setattr("loadtest.adoption.adopt.lock_version", lambda data: data.lock.write_text(lock))
    steps_shown: list[str] = []
    found = adopt("1.0.7", settings.home(os.environ), steps_shown.append)
    assert steps_shown == [
        "asking the package index for 1.0.7",
        "resolving 1.0.7 for Python >=3.11,<3.14",
        "installing 1.0.7",
        "booting 1.0.7 with the settings of 1.0.0rc1",
    ]

    data = versions.load("1.0.7")
    old = versions.load("1.0.0rc1")
    assert (data.allowed, data.exclude_newer, data.python) == (old.allowed, None, real.python)
    assert data.environment == old.environment
    assert 0 < len(data.known) <= len(old.known)
    assert {one.expires for one in data.known} <= {one.expires for one in old.known}
    assert len(old.known) + len(old.drift) == len(data.known) + len(data.drift) + len(found.left_out)

    assert found.template == "1.0.0rc1"
    assert found.operations > 540
    assert "GET /admin/runtime/a2a-mode" in found.changes.new
    assert "GET /tools" in {change.name for change in found.changes.changed}
    # What the real data excludes, and nothing else, has no scenario.
    assert found.unplanned
    assert all("/_internal/" in name for name in found.unplanned)
    assert len(found.settings.new) > 50
    assert "PLUGINS_ENABLED" in found.settings.lost, "its plugins have a configuration of their own since"
    # Its own settings offer a few operations more than those of the other version.
    assert diff_contracts(contract.document, contract_of("1.0.7").document).new == ()
