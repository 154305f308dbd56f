"""Entities whose creation was reported as failed are removed after the load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import loadtest
from faulty_proxy import faulty_proxy
from supported import NEWEST

from loadtest.core import settings
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.results.run import read_run

pytestmark = [pytest.mark.real, pytest.mark.load, pytest.mark.nightly]

SMALL = ("-u", "4", "-r", "4", "-t", "8s")
WHO = ("--", "HealthUser", "TagsExtendedUser")


def test_an_entity_whose_creation_got_no_answer_is_deleted(tmp_path: Path) -> None:
    with booted(parse_source(NEWEST), home=settings.home()) as gateway:
        secret = {"LOADTEST_JWT_SECRET": gateway.credentials.jwt_secret or ""}
        with faulty_proxy(gateway.host, "/v1/resources", method="POST", forwarded=True) as address:
            arguments = ("run", "--gateway", address, *SMALL, "--reports-dir", str(tmp_path))
            done = loadtest(*arguments, *WHO, more=secret)
    assert done.returncode == 1, done.stdout + done.stderr
    counted = {one.kind: one for one in read_run(tmp_path / "run.json").entities}
    assert counted["resources"].left > 0
    assert counted["resources"].after == counted["resources"].before
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert any(f["text"].startswith("entities left by scenarios") for f in verdict["findings"])
