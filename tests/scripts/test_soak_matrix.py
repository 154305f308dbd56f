"""Every version on every database, or the selected ones; invalid inputs are rejected before a job starts."""

import json
from pathlib import Path

import pytest
import soak_matrix
from soak_matrix import DATABASES, main, outputs
from supported import NEWEST

from loadtest.core.errors import UsageError
from loadtest.versions import data as versions


def members(**inputs: str) -> list[tuple[str, str]]:
    found = json.loads(outputs({f"INPUT_{name}": value for name, value in inputs.items()})["matrix"])
    names = [one["name"] for one in found["include"]]
    assert names == [f"{one['gateway']}-{one['database']}" for one in found["include"]]
    return [(one["gateway"], one["database"]) for one in found["include"]]


def test_a_night() -> None:
    assert members() == [(one, kind) for one in versions.available() for kind in DATABASES]
    assert outputs({})["run-time"] == "3h"


def test_selected_members() -> None:
    assert members(GATEWAY=NEWEST, DATABASE="postgres") == [(NEWEST, "postgres")]
    assert members(GATEWAY=f" {NEWEST} ", DATABASE="all") == [(NEWEST, "sqlite"), (NEWEST, "postgres")]
    assert outputs({"INPUT_RUN_TIME": "10m", "INPUT_RATE": "2.5"})["run-time"] == "10m"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GATEWAY", "9.9", "unknown gateway '9.9'"),
        ("GATEWAY", f"{NEWEST}\nmatrix=x", "unknown gateway"),
        ("DATABASE", "oracle", "expected all, sqlite or postgres"),
        ("RUN_TIME", "5h1s", "expected at most 5h"),
        ("RUN_TIME", "soon", "expected a duration"),
        ("RATE", "0", "above 0"),
        ("RATE", "nan", "above 0"),
        ("RATE", "1e9", "up to 1000"),
        ("RATE", "fast", "above 0"),
    ],
)
def test_invalid_inputs_are_rejected(name: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        outputs({f"INPUT_{name}": value})


def test_the_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(target))
    for name in ("GATEWAY", "DATABASE", "RATE", "RUN_TIME"):
        monkeypatch.setenv(f"INPUT_{name}", "")
    assert main() == 0
    written = dict(line.partition("=")[::2] for line in target.read_text().splitlines())
    assert set(written) == {"matrix", "run-time"}
    monkeypatch.setenv("INPUT_DATABASE", "x\ny")
    assert main() == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert soak_matrix.LONGEST < 350 * 60
