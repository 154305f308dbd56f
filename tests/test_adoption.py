"""A release becomes a known version: what a person is told of it, and the whole command on a real one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from loadtest import settings, versions
from loadtest.adopt import adopt
from loadtest.adoption import MOST, Adoption, SettingChanges, in_markdown, setting_changes
from loadtest.contract_changes import Change, ContractChanges
from loadtest.errors import UsageError

NOTHING = SettingChanges((), (), (), ())


def adoption(changes: ContractChanges, found: SettingChanges = NOTHING, **more: tuple[str, ...]) -> Adoption:
    return Adoption("1.1", "1.0", 3, changes, more.get("unplanned", ()), found, more.get("left_out", ()))


def test_nothing_new_is_two_lines() -> None:
    text = in_markdown(adoption(ContractChanges((), (), ())))
    assert text.splitlines()[0] == "## Gateway 1.1"
    assert "3 operations: 0 new, 0 gone, 0 changed." in text
    assert "###" not in text


def test_everything_is_named() -> None:
    changes = ContractChanges(("GET /a",), ("GET /b",), (Change("GET /c", ("status 200: new", "x|y")),))
    found = setting_changes(
        {"A": "1", "B": "", "OURS": "x", "SAME": "s"}, {"A": "2", "NEW": "n", "SAME": "s"}, {"OURS", "NEW"}
    )
    text = in_markdown(adoption(changes, found, unplanned=("GET /a",), left_out=("known GET /b: gone",)))
    for line in (
        "### Operations without a scenario (1)",
        "### New operations (1)",
        "- `GET /b`",
        "- `GET /c`: status 200: new; x&#124;y",
        "### Settings that are gone and that the load test sets (1)",
        "- `OURS`",
        "- `NEW`",
        "- `A`: `2`, before `1`",
        "### Of 1.0, and not carried over (1)",
    ):
        assert line in text.splitlines(), line
    assert "SAME" not in text


def test_a_long_list_is_cut() -> None:
    text = in_markdown(adoption(ContractChanges(tuple(f"GET /{n}" for n in range(MOST + 7)), (), ())))
    assert text.splitlines()[-1] == "- and 7 more"


def test_a_name_cannot_leave_its_backticks() -> None:
    text = in_markdown(adoption(ContractChanges(("GET /`<b>`",), (), ())))
    assert "- `GET /'<b>'`" in text


@pytest.mark.parametrize(
    ("version", "words"),
    [("newest", "is not a version"), ("1.0.7", "is known already"), ("", "is not a version")],
)
def test_what_cannot_be_adopted(version: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        adopt(version, tmp_path, print)


@pytest.mark.real
def test_the_command_makes_a_known_version_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = versions.load("1.0.7")
    for name in ("1.0.0rc1.toml", "1.0.0rc1.lock", "1.0.7.lock"):
        shutil.copy(versions.DIRECTORY / name, tmp_path)
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    told: list[str] = []
    found = adopt("1.0.7", settings.home(os.environ), told.append)
    assert told == ["installing 1.0.7", "booting 1.0.7", "installing 1.0.0rc1", "booting 1.0.0rc1"]

    data = versions.load("1.0.7")
    old = versions.load("1.0.0rc1")
    assert (data.coverage, data.exclude_newer, data.python) == (versions.Coverage(), None, real.python)
    assert data.environment == old.environment
    assert 0 < len(data.known) <= len(old.known)
    assert {one.expires for one in data.known} <= {one.expires for one in old.known}
    assert len(old.known) + len(old.drift) == len(data.known) + len(data.drift) + len(found.left_out)

    assert found.template == "1.0.0rc1"
    assert found.operations > 540
    assert "GET /admin/runtime/a2a-mode" in found.changes.new
    assert {"GET /tools"} <= {change.name for change in found.changes.changed}
    # What the real data excludes, and nothing else, has no scenario.
    assert found.unplanned
    assert all("/_internal/" in name for name in found.unplanned)
    assert len(found.settings.new) > 50
    assert "PLUGINS_ENABLED" in found.settings.lost, "its plugins have a configuration of their own since"
