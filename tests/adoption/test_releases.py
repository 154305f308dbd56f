"""Which release is new, and what the index states about a release, for any Python that runs this program."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from supported import NEWEST

from loadtest.adoption import releases as index
from loadtest.adoption.releases import Release, newer, release
from loadtest.core.errors import InconclusiveError
from loadtest.gateway.install.installation import Installation
from loadtest.gateway.install.manifest import read_manifest, short
from loadtest.gateway.install.source import PACKAGE
from loadtest.gateway.install.uv import InstallError
from loadtest.versions.data import load


@pytest.mark.parametrize(
    ("release", "known", "new"),
    [
        ("3.0.8", ["3.0.7", "3.0.0rc1"], True),
        ("3.0.7.post20260921", ["3.0.7", "3.0.0rc1"], True),
        ("3.0.7", ["3.0.7"], False),
        ("3.0.7", ["3.0.7.post20260921", "3.0.0rc1"], False),
        ("3.1.0rc1", ["3.0.7"], True),
        ("3.1.0rc1", ["3.1.0"], False),
        ("1.10", ["1.9"], True),
    ],
)
def test_newer(release: str, known: list[str], new: bool) -> None:
    assert newer(release, known) is new


Index = Callable[..., None]


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> Index:
    """Let the index have one release, with this metadata and this time of upload."""

    def offer(*, version: str = "3.0.8", python: str | None = None, upload: str = "") -> None:
        def run_uv(arguments: Sequence[str], *, time_limit: float) -> str:
            assert arguments[arguments.index("--python") + 1] == sys.executable
            if arguments[1] == "install":
                target = Path(arguments[arguments.index("--target") + 1], "gateway.dist-info")
                target.mkdir()
                requires = "" if python is None else f"Requires-Python: {python}\n"
                (target / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {PACKAGE}\n{requires}")
            else:
                lines = f"name = '{PACKAGE}'\nversion = '{version}'\nwheels = [{{{upload}}}]\n"
                target = Path(arguments[arguments.index("--output-file") + 1])
                target.write_text(f"[[packages]]\nname = 'other'\n[[packages]]\n{lines}")
            return "warning: whatever"

        monkeypatch.setattr(index, "run_uv", run_uv)

    return offer


@pytest.mark.parametrize(
    ("named", "python"), [("<3.14,>=3.12", ">=3.12,<3.14"), (">=3.12.4", ">=3.12.4"), (None, "")]
)
def test_the_pythons_of_a_release_are_those_that_its_metadata_names(
    offering: Index, named: str | None, python: str
) -> None:
    offering(python=named)
    found = release("3.0.8")
    assert found == Release("3.0.8", python, None)
    assert str(found) == f"3.0.8 (Python {python or 'of any version'})"


def test_the_day_of_an_upload_is_that_of_utc(offering: Index) -> None:
    offering(upload="upload-time = 2026-08-18T23:30:00-02:00")
    assert release("3.0.8").uploaded == dt.date(2026, 8, 19)


def test_a_release_has_the_name_that_the_index_spells(offering: Index) -> None:
    offering(version="3.0.8rc1")
    assert release("3.0.8-rc.1").version == "3.0.8rc1"


def test_a_long_default_is_shown_as_its_digest() -> None:
    assert short("x" * 80) == "x" * 80
    assert short("x" * 81) == short("x" * 81) != short("y" * 81)
    assert short("a\nb").startswith("(3 characters, SHA-256 ")


@pytest.mark.real
def test_a_release_on_the_index_has_both_bounds_of_its_pythons_and_its_day() -> None:
    found = release(NEWEST)
    assert (found.version, found.python) == (NEWEST, load(NEWEST).python)
    # Not every mirror of the index provides it.
    assert found.uploaded is None or dt.date(2025, 1, 1) < found.uploaded <= dt.date.today()


@pytest.mark.real
def test_one_line_where_the_index_has_no_such_release() -> None:
    with pytest.raises(InstallError, match=rf"there is no version of {PACKAGE}==9\.9") as error:
        release("9.9")
    assert "\n" not in str(error.value)


def test_the_error_for_something_other_than_a_gateway() -> None:
    here = Installation("nothing", Path(sys.prefix))
    with pytest.raises(
        InconclusiveError, match=r"^reading the configuration of nothing failed .*: .*mcpgateway"
    ):
        read_manifest(here)
