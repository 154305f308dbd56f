"""Users with long streams take part only in a soak and are not missed elsewhere. Locust patches the whole process,
so the story runs in one of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from loadtest.client.auth import Credentials
from loadtest.engine.target import Target, target_environment
from loadtest.workload.profiles import size

PROGRAM = Path(__file__).with_name("participants.py")


def participants(profile: str, reports: str) -> dict[str, Any]:
    asked = size(profile=profile)
    target = Target(
        host="http://127.0.0.1:9",
        credentials=Credentials(email="a@b", jwt_secret="x" * 32),
        soak=asked.soak,
        run_time=asked.run_time,
        reports=reports,
    )
    done = subprocess.run(
        [sys.executable, PROGRAM],
        env=target_environment(target),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_load_of_one_size_has_no_long_streams(tmp_path: Path) -> None:
    pr = participants("pr", str(tmp_path))
    assert pr["missed"] == []
    assert pr["long_streams"] == []
    assert pr["sweepers"] is None
    assert pr["schedules"] is None


def test_in_a_soak_everything_takes_part_by_schedule_or_between_two_streams(
    tmp_path: Path,
) -> None:
    soak = participants("soak", str(tmp_path))
    assert soak["missed"] == []
    assert {"LongLivedStreamsUser.sse", "LongLivedStreamsUser.server_sse"} < set(soak["long_streams"])
    assert len(soak["slow"]) >= 5
    assert soak["left out of the mix"] == sorted(soak["long_streams"] + soak["slow"])
    assert soak["sweepers"] == [20, 5.0]
    assert soak["schedules"] == [15.0, 15.0]
