"""Both sides of a comparison are checked alike."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust.env import Environment
from supported import NEWEST

from loadtest.client.auth import Credentials
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.session import Session
from loadtest.engine import process as process_module
from loadtest.engine.process import LoadProcess
from loadtest.engine.target import Base, PairPlan, Target, target_environment
from loadtest.openapi.contract import read_contract
from loadtest.shapes.shape import Within, merge, shape_of

HEAD, BASE = "http://127.0.0.1:9", "http://127.0.0.1:10"
RECORDED = {
    "GET /tools": {
        "200": functools.reduce(
            lambda one, other: merge(one, other, Within.VERSION), [shape_of({"id": "a"})] * 50
        )
    }
}
CREDENTIALS = Credentials(email="a@b", jwt_secret="x" * 32)


def session(host: str, shapes: ResponseShapes) -> Session:
    paths = {"/tools": {"get": {"responses": {"200": {"description": "ok"}}}}}
    document = {"openapi": "3.1.0", "info": {"version": "1"}, "paths": paths}
    return Session(host, "t", CREDENTIALS, read_contract(document), "1", None, shapes=shapes)


def recorded() -> ResponseShapes:
    return ResponseShapes(RECORDED)


def unrecorded() -> ResponseShapes:
    return ResponseShapes(why_not="no shapes are recorded")


@pytest.mark.parametrize(
    ("head", "base", "head_changed", "base_changed", "compared"),
    [
        (recorded, recorded, {}, {}, True),
        (recorded, unrecorded, {}, {}, False),
        (unrecorded, recorded, {}, {}, False),
        (recorded, recorded, {"A": "1"}, {}, False),
        (recorded, recorded, {}, {"A": "1"}, False),
    ],
)
def test_a_missing_key_is_found_on_both_sides_or_on_neither(
    head: Any,
    base: Any,
    head_changed: dict[str, str],
    base_changed: dict[str, str],
    compared: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = Target(
        host=HEAD,
        credentials=CREDENTIALS,
        reports=str(tmp_path),
        changed=head_changed,
        base=Base(host=BASE, credentials=CREDENTIALS, source=NEWEST, data=NEWEST, changed=base_changed),
        pairs=PairPlan(budget=1.0),
    )
    for name, value in target_environment(target).items():
        monkeypatch.setenv(name, value)
    shapes = {HEAD: head, BASE: base}
    monkeypatch.setattr(process_module, "connect", lambda host, *_, **__: session(host, shapes[host]()))
    options = SimpleNamespace(headless=True, run_time=None, num_users=2, spawn_rate=1.0, processes=None)
    environment = Environment(host=HEAD, parsed_options=options)
    environment.create_local_runner()
    process = LoadProcess(environment)
    process.connect()
    assert process.base is not None
    found = [
        bool(link.session.shapes.examine("GET /tools", "200", {}).differences)
        for link in (process.link, process.base)
    ]
    assert found == [compared, compared]
    assert bool(process.session.shapes.why_not) is not compared
