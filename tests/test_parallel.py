"""Tests of one group run in one process: a real gateway is booted once, and the machine is not overloaded."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("example")
def test_groups_reach_the_scheduler(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("only with --dist=loadgroup: make test")
    assert request.node.nodeid.endswith("@example")
