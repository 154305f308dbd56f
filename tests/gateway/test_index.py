"""Which release is new, and what the index says of one, whatever Python runs this program."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.version import Version

from loadtest import versions
from loadtest.errors import InconclusiveError
from loadtest.gateway import index
from loadtest.gateway.index import Release, newer, newest_release, release
from loadtest.gateway.install import Installation
from loadtest.gateway.manifest import read_manifest, short
from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import InstallError


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


Index = Callable[..., None]


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> Index:
    """Let the index have one version for each of the Pythons that are named, and fail for all others."""

    def offer(*, upload: str = "", **pythons: str) -> None:
        def run_uv(arguments: Sequence[str]) -> str:
            python = arguments[arguments.index("--python-version") + 1]
            version = pythons.get(f"py{python.replace('.', '')}")
            if version is None:
                raise InstallError("uv pip failed: error: No solution found cause: there is no such version")
            lines = f"name = '{PACKAGE}'\nversion = '{version}'\nwheels = [{{{upload}}}]\n"
            target = Path(arguments[arguments.index("--output-file") + 1])
            target.write_text(f"[[packages]]\nname = 'other'\n[[packages]]\n{lines}")
            return "warning: whatever"

        monkeypatch.setattr(index, "run_uv", run_uv)

    return offer


@pytest.mark.parametrize(
    ("pythons", "python"),
    [
        (("py311", "py312", "py313"), ">=3.11,<3.14"),
        (("py312", "py313"), ">=3.12,<3.14"),
        (("py312", "py313", "py314"), ">=3.12"),
        (("py311",), ">=3.11,<3.12"),
    ],
)
def test_the_pythons_of_a_release_are_those_that_the_index_has_it_for(
    offering: Index, pythons: tuple[str, ...], python: str
) -> None:
    offering(**dict.fromkeys(pythons, "1.0.8"))
    assert release("1.0.8") == Release("1.0.8", python, None)


def test_the_day_of_an_upload_is_that_of_utc(offering: Index) -> None:
    offering(py312="1.0.8", upload="upload-time = 2026-08-18T23:30:00-02:00")
    assert release("1.0.8").uploaded == dt.date(2026, 8, 19)


def test_the_newest_release_may_need_a_newer_python(offering: Index) -> None:
    offering(py311="1.0.7", py312="1.1.0", py313="1.1.0")
    assert newest_release() == "1.1.0"
    offering(py311="1.0.10", py312="1.0.9")
    assert newest_release() == "1.0.10"


def test_one_line_where_the_index_has_nothing(offering: Index) -> None:
    offering()
    with pytest.raises(
        InstallError, match=r"has no release 9\.9 of .* for Python 3\.11 to 3\.14: there is no"
    ) as error:
        release("9.9")
    assert "\n" not in str(error.value)
    with pytest.raises(InstallError, match=r"named no release of .*: there is no such version"):
        newest_release()


def test_a_long_default_is_told_by_its_digest() -> None:
    assert short("x" * 80) == "x" * 80
    assert short("x" * 81) == short("x" * 81) != short("y" * 81)
    assert short("a\nb").startswith("(3 characters, SHA-256 ")


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
