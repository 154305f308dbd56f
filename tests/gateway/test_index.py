"""Which release is new."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.version import Version

from loadtest import versions
from loadtest.errors import InconclusiveError
from loadtest.gateway.index import newer, newest_release
from loadtest.gateway.install import Installation
from loadtest.gateway.manifest import read_manifest


@pytest.mark.parametrize(
    ("release", "known", "new"),
    [
        ("1.0.8", ["1.0.7", "1.0.0rc1"], True),
        ("1.0.7.post20260921", ["1.0.7", "1.0.0rc1"], True),
        ("1.0.7", ["1.0.7"], False),
        ("1.0.7", ["1.0.7.post20260921", "1.0.0rc1"], False),
        ("1.1.0rc1", ["1.0.7"], True),
        ("1.1.0rc1", ["1.1.0"], False),
        ("1.10", ["1.9"], True),
    ],
)
def test_newer(release: str, known: list[str], new: bool) -> None:
    assert newer(release, known) is new


@pytest.mark.real
def test_the_index_names_a_release() -> None:
    stable = Version(newest_release())
    assert not stable.is_prerelease
    assert stable >= Version("1.0.7")
    assert Version(newest_release(pre=True)) >= stable
    assert set(versions.available()) >= {"1.0.7"}


def test_what_is_no_gateway_says_why() -> None:
    here = Installation("nothing", Path(sys.prefix))
    with pytest.raises(
        InconclusiveError, match=r"^reading the configuration of nothing failed .*: .*mcpgateway"
    ):
        read_manifest(here)
