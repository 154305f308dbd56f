"""Migrations run once per installation; every run gets a copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loadtest import versions
from loadtest.errors import InconclusiveError
from loadtest.gateway.install import Installation, install
from loadtest.gateway.source import Pinned, parse_source
from loadtest.gateway.template import copy_template

pytestmark = pytest.mark.real


@pytest.mark.parametrize("version", versions.available())
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
    with pytest.raises(InconclusiveError, match=r"(?s)migrations of .* failed \(3\):\nno such revision"):
        copy_template(Installation("broken", tmp_path), data, tmp_path, tmp_path / "copy.db")
    assert not list((tmp_path / "templates").glob("*.sqlite"))
