"""The end of a log, and a copy of it that others may see."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.gateway.logs import END, HEAD, copy_log, tail


def test_the_last_lines_with_secrets_masked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d hunter2222 \xff\n" % number for number in range(10_000)))
    lines = tail(log, ["hunter2222"], lines=3)
    assert lines == tuple(f"line {number} *** \ufffd" for number in (9997, 9998, 9999))


def test_no_log(tmp_path: Path) -> None:
    assert tail(tmp_path / "log") == ()
    copy_log(tmp_path / "log", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == ""


def test_a_short_log_is_copied_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo password=hunter2222\n")
    copy_log(tmp_path / "log", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "one\ntwo password=***\n"


def test_a_long_log_keeps_its_start_and_its_end(tmp_path: Path) -> None:
    line = b"x" * 99 + b"\n"
    middle = b"".join([b"middle\n", line * ((HEAD + END) // 100 + 1000)])
    (tmp_path / "log").write_bytes(b"start\n" + middle + b"end\n")
    copy_log(tmp_path / "log", tmp_path / "copy")
    lines = (tmp_path / "copy").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("start", "end")
    notes = [line for line in lines if "bytes left out" in line]
    assert len(notes) == 1
    left_out = int(notes[0].split()[1])
    kept = sum(len(line) + 1 for line in lines if line not in notes)
    assert (tmp_path / "log").stat().st_size == pytest.approx(kept + left_out, abs=4)
    assert {len(line) for line in lines[2:-1] if line not in notes} == {99}, "no line is cut"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"):
        copy_log(tmp_path / "log", tmp_path / "nowhere" / "copy")
