"""Migrations run once per installation; every run gets a copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from booted_versions import BOOTED

from loadtest.core.errors import BootError
from loadtest.gateway.install.installation import Installation, install
from loadtest.gateway.install.source import Pinned, parse_source
from loadtest.gateway.migrations import copy_template
from loadtest.versions import data as versions


@pytest.mark.nightly
@pytest.mark.real
@pytest.mark.parametrize("version", BOOTED)
def test_made_once_copied_often(home: Path, tmp_path: Path, version: str) -> None:
    source = parse_source(version)
    assert isinstance(source, Pinned)
    installation = install(source, home)
    copy_template(installation, source.data, tmp_path, tmp_path / "first.db")
    (template,) = (tmp_path / "templates").glob("*.sqlite")
    made = template.stat().st_mtime_ns

    with closing(sqlite3.connect(tmp_path / "first.db")) as database:
        assert database.execute("select count(*) from alembic_version").fetchone() == (1,)
        assert database.execute("select count(*) from email_users").fetchone() == (0,)
        database.execute("delete from alembic_version")
        database.commit()
    copy_template(installation, source.data, tmp_path, tmp_path / "second.db")
    assert template.stat().st_mtime_ns == made
    assert (tmp_path / "second.db").read_bytes() == template.read_bytes()
    assert sorted(path.suffix for path in (tmp_path / "templates").iterdir()) == [".lock", ".sqlite"]


def test_migrations_that_fail_leave_no_template(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no such revision; exit 3\n")
    program.chmod(0o755)
    data = versions.load(versions.available()[0])
    with pytest.raises(
        BootError, match=r"migrations of .* failed \(exit status 3\): no such revision"
    ) as caught:
        copy_template(Installation("broken", tmp_path), data, tmp_path, tmp_path / "copy.db")
    assert caught.value.log_tail == ("no such revision",)
    assert [path.suffix for path in (tmp_path / "templates").iterdir()] == [".lock"]


MIGRATES = """#!/bin/sh
echo migrated >> {log}
: > mcp.db
"""


def test_only_the_last_state_of_a_checkout_is_kept_and_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(MIGRATES.format(log=tmp_path / "log"))
    program.chmod(0o755)
    data = versions.load(versions.available()[0])
    templates = tmp_path / "templates"
    (templates / "checkout-a-2.new" / "tmp").mkdir(parents=True)
    for name, checkout in (
        ("checkout-a-1", "checkout-a"),
        ("checkout-b-1", "checkout-b"),
        ("3.0.7-x", None),
        ("checkout-a-2", "checkout-a"),
    ):
        installation = Installation(name, tmp_path, checkout=checkout)
        copy_template(installation, data, tmp_path, tmp_path / "copy.db")
        copy_template(installation, data, tmp_path, tmp_path / "copy.db")
    assert sorted(path.name for path in templates.iterdir()) == sorted(
        f"{name}.{suffix}"
        for name in ("checkout-a-2", "checkout-b-1", "3.0.7-x")
        for suffix in ("lock", "sqlite")
    )
    assert (tmp_path / "log").read_text().split() == ["migrated"] * 4
