"""Damaged input files end in a documented exit code and at most one line on stderr, never in a traceback.

Seeded and bounded: the same damage each time, some seconds in all. ``LOADTEST_FUZZ=20`` tries twenty times as much.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import in_process
import pytest
from supported import NEWEST

from loadtest.core.errors import UsageError
from loadtest.engine.locust_options import read_config
from loadtest.judge import categories
from loadtest.scenarios.data_files import custom_fixtures, refusals_files
from loadtest.scenarios.source import read_sources
from loadtest.versions import data as versions
from loadtest.versions.refusals import load_rules
from loadtest.workload import profiles

TIMES = int(os.environ.get("LOADTEST_FUZZ", "1"))
LONGEST = 10.0
"""Seconds of CPU for one file."""
DATA = Path(__file__).parents[1] / "data"
RUN = DATA / "failures.json"
SOAK = DATA / "soak.json"
CSV = DATA / "csv" / "windows-rows"
NUMBERS = (
    b"1e18",
    b"-1e18",
    b"1e308",
    b"-1",
    b"0",
    b"0.1",
    b"9007199254740993",
    b"18446744073709551616",
    b"99999999",
)
PIECES = (
    b"\xff",
    b"\xe9",
    b"\0",
    b'"',
    b"\\",
    b"{",
    b"[",
    b",",
    b";",
    b"\r",
    b"\n\n",
    b"-",
    b"\xed\xa0\x80",
    b"9" * 400,
)

Report = Callable[..., None]


def bytes_changed(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with a few bytes changed, added, removed or doubled, or truncated."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        to = min(at + chance.randint(1, 20), len(found))
        match chance.randrange(6):
            case 0:
                found[at:to] = b""
            case 1:
                found[at:at] = chance.choice(PIECES)
            case 2:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                found[at:at] = found[at:to]
            case 4:
                found[at : at + 1] = chance.choice(PIECES)
            case 5 if not chance.randrange(4):
                del found[at:]
    return bytes(found)


def numbers_changed(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with one or two of its numbers replaced by odd ones."""
    for _ in range(chance.randint(1, 2)):
        places = list(re.finditer(rb"(?<![\w.\-])-?\d+(?:\.\d+)?(?![\w.])", data))
        place = chance.choice(places)
        data = data[: place.start()] + chance.choice(NUMBERS) + data[place.end() :]
    return data


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Report:
    """Run the command in this process; the exit code is a documented one, and errors are one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def run(*arguments: str) -> None:
        start = time.process_time()
        code = in_process.run(*arguments)
        stderr = capsys.readouterr().err.strip()
        assert code in (0, 1, 2, 3, 130, 143), stderr + "".join(
            path.read_text() for path in tmp_path.glob("*.traceback")
        )
        assert len(stderr.splitlines()) == (1 if code == 2 else 0), stderr
        assert time.process_time() - start < LONGEST

    return run


def rounds(number: int) -> range:
    return range(number * TIMES)


@pytest.mark.parametrize(
    ("source", "damage", "number"),
    [
        (RUN, bytes_changed, 300),
        (RUN, numbers_changed, 100),
        (SOAK, bytes_changed, 20),
        (SOAK, numbers_changed, 10),
    ],
    ids=["bytes", "numbers", "bytes-of-a-soak", "numbers-of-a-soak"],
)
def test_runs(
    report: Report,
    tmp_path: Path,
    source: Path,
    damage: Callable[[bytes, random.Random], bytes],
    number: int,
) -> None:
    data = source.read_bytes()
    for seed in rounds(number):
        (tmp_path / "run.json").write_bytes(damage(data, random.Random(seed)))
        report("report", "--run", "run.json")


KNOWN = b"".join((CSV.parent / "failures-newer-and-known" / "known.toml").read_bytes() for _ in range(2))
CRITERIA = b'[[criterion]]\nexpression = "p95 < 500ms"\noperation = "GET /a"\nmin-samples = 50\n'
CATEGORIES = categories.BUILT_IN
CONTRACT = b'{"openapi":"3.1.0","info":{"version":"3.0.7"},"paths":{"/a":{"get":{"responses":{"200":{}}}}}}'


@pytest.mark.parametrize(
    ("name", "data", "arguments"),
    [
        ("baseline.json", RUN.read_bytes(), ("report", "--run", str(RUN), "--baseline")),
        ("known.toml", KNOWN, ("report", "--run", str(RUN), "--known-failures")),
        ("criteria.toml", CRITERIA, ("report", "--run", str(RUN), "--criteria")),
        ("categories.toml", CATEGORIES.read_bytes(), ("report", "--run", str(RUN), "--categories")),
        ("openapi.json", CONTRACT, ("coverage", "--contract")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files(
    report: Report, tmp_path: Path, name: str, data: bytes, arguments: tuple[str, ...]
) -> None:
    for seed in rounds(40):
        (tmp_path / name).write_bytes(bytes_changed(data, random.Random(seed)))
        report(*arguments, name)


FIXTURES = b"""[[fixture]]
name = "widget"
create = "POST /widgets"
body = { name = "{{name}}", url = "{{backend:rest}}", parts = [{ size = 1 }] }
id = "widget.id"
delete = "DELETE /widgets/{widget_id}"
"""
REFUSALS = b"""[[answered]]
operations = ["GET /widgets"]
cases = ["no token"]
outcomes = ["2*", "303 *"]
kind = "public"
gateway = ">= 1.0, < 9"
reason = "widgets are public"

[[unsent]]
operations = ["POST /[a-w]idgets"]
cases = ["required * removed"]
reason = "it would be created"
"""


@pytest.mark.parametrize(
    ("name", "data"), [("fixtures.toml", FIXTURES), ("refusals.toml", REFUSALS)], ids=["fixtures", "refusals"]
)
def test_files_beside_custom_scenarios(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "widgets.py").write_text("")
    custom = read_sources([str(tmp_path)])
    refused: dict[int | None, str] = {}
    for seed in (None, *rounds(200)):
        (tmp_path / name).write_bytes(data if seed is None else bytes_changed(data, random.Random(seed)))
        try:
            for fixture in custom_fixtures(custom, ["rest"]):
                fixture.body_for("lt-1", {"rest": "http://127.0.0.1:9"})
            rules = load_rules(NEWEST, refusals_files(custom))
            rules.reason("GET /widgets", "no token", "200")
            rules.sends("POST /widgets", "required id removed")
        except UsageError as error:
            refused[seed] = str(error)
    assert refused
    assert None not in refused
    assert {len(line.splitlines()) for line in refused.values()} == {1}


@pytest.mark.parametrize("kind", ["stats", "failures", "exceptions", "stats_history"])
def test_csv_files(report: Report, tmp_path: Path, kind: str) -> None:
    shutil.copytree(CSV, tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"run_{kind}.csv"
    data = path.read_bytes()
    if kind == "exceptions":
        data = (CSV.parent / "tasks-in-a-library" / "run_exceptions.csv").read_bytes()
    for seed in rounds(60):
        chance = random.Random(seed)
        damage = chance.choice((bytes_changed, numbers_changed)) if kind != "exceptions" else bytes_changed
        path.write_bytes(damage(data, chance))
        report("report", "--csv", "run")


def test_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = profiles.PROFILES.read_bytes()
    monkeypatch.setattr(profiles, "PROFILES", tmp_path / "profiles.toml")
    for seed in rounds(100):
        profiles.PROFILES.write_bytes(bytes_changed(data, random.Random(seed)))
        with contextlib.suppress(UsageError):
            profiles.size()


def test_version_data(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (versions.DIRECTORY / f"{NEWEST}.toml").read_bytes()
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    (tmp_path / "openapi.json").write_bytes(CONTRACT)
    for seed in rounds(30):
        (tmp_path / "3.0.7.toml").write_bytes(bytes_changed(data, random.Random(seed)))
        report("report", "--run", str(RUN))


def test_locust_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    data = "users = 5\ntags = [a, b]\nheadless = true\nhost = http://h:80\n# a\nlocustfile = é\n".encode()
    project = b'[tool.locust]\nusers = 5\ntags = ["a"]\nhost = "http://h"\n'
    for seed in rounds(100):
        chance = random.Random(seed)
        (tmp_path / "locust.conf").write_bytes(bytes_changed(data, chance))
        (tmp_path / "pyproject.toml").write_bytes(bytes_changed(project, chance))
        with contextlib.suppress(UsageError):
            read_config()
