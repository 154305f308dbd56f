"""Reading Locust's CSV files: those of the Locust that is installed, older ones, and broken ones."""

import csv
import datetime as dt
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.core.errors import UsageError
from loadtest.judge.categories import load_categories
from loadtest.judge.verdict import Result, Verdict, judge
from loadtest.results.failures import ProblemKind
from loadtest.results.locust_csv import read_csv_run
from loadtest.results.run import Run

STATS = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,99.9%,100%"
)
ROW = "GET,/tools,100,3,10,12.5,1.0,90.0,20,5.0,0.1,10,50,80,90"
TOTAL = ",Aggregated,100,3,10,12.5,1.0,90.0,20,5.0,0.1,10,50,80,90"
FAILURES = "Method,Name,Error,Occurrences"


def put(tmp_path: Path, **files: str) -> Path:
    for kind, text in files.items():
        (tmp_path / f"locust_{kind}.csv").write_text(text, encoding="utf-8")
    return tmp_path / "locust"


def stats(*rows: str, header: str = STATS) -> str:
    return "\r\n".join([header, *rows]) + "\r\n"


def verdict(here: Run) -> Verdict:
    return judge(here, categories=load_categories(), today=dt.date(2026, 3, 1))


def test_one_operation(tmp_path: Path) -> None:
    prefix = put(
        tmp_path, stats=stats(ROW, TOTAL), failures=f'{FAILURES}\r\nGET,/tools,"a, ""b""\nc 7",3\r\n'
    )
    here = read_csv_run(prefix)
    (operation,) = here.operations
    assert (operation.name, operation.area) == ("GET /tools", "tools")
    assert (operation.requests, operation.successes, operation.failures) == (100, 97, 3)
    assert operation.latency is not None
    assert operation.latency.percentiles == {"50": 10, "95": 50, "99.9": 80, "100": 90}
    assert operation.latency.histogram is None
    (failure,) = here.failures
    assert (failure.operation, failure.count, failure.problem) == ("GET /tools", 3, ProblemKind.OTHER)
    assert failure.message == 'a, "b" c <n>'
    assert failure.examples[0].answer == 'a, "b"\nc 7'
    assert here.source == "csv"
    assert here.contract is None
    assert here.duration == pytest.approx(20)
    assert here.latency is not None
    assert here.latency.percentile(95) == 50
    assert read_csv_run(tmp_path / "locust_stats.csv") == here


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    text = "Failure Count,New Column,Name,Request Count,Type\r\n1,x,/a,5,GET\r\n1,x,Aggregated,5,\r\n"
    (operation,) = read_csv_run(put(tmp_path, stats=text)).operations
    assert (operation.name, operation.requests, operation.failures) == ("GET /a", 5, 1)


def test_failures_without_a_failures_file_are_not_lost(tmp_path: Path) -> None:
    here = read_csv_run(put(tmp_path, stats=stats(ROW, TOTAL)))
    assert [(f.count, f.problem) for f in here.failures] == [(3, ProblemKind.OTHER)]
    assert verdict(here).result is Result.FAIL


def test_messages_that_differ_by_a_number_are_one_failure(tmp_path: Path) -> None:
    rows = "".join(f"GET,/tools,item {n} is gone,1\r\n" for n in range(3))
    (failure,) = read_csv_run(
        put(tmp_path, stats=stats(ROW, TOTAL), failures=f"{FAILURES}\r\n{rows}")
    ).failures
    assert failure.count == 3


def test_names_that_carry_their_method_are_not_doubled(tmp_path: Path) -> None:
    rows = (ROW.replace("/tools", "GET /tools"), ROW.replace("/tools", "/tools"), TOTAL)
    with pytest.raises(UsageError, match="appears twice"):
        read_csv_run(put(tmp_path, stats=stats(rows[0], rows[0], TOTAL)))
    here = read_csv_run(put(tmp_path, stats=stats(*rows), failures=f"{FAILURES}\r\nGET,GET /tools,x,3\r\n"))
    assert {o.name for o in here.operations} == {"GET /tools", "GET /tools (again)"}
    assert sum(f.count for f in here.failures) == 6


def test_exceptions_of_tasks_are_faults_of_the_load_test(tmp_path: Path) -> None:
    traceback = (
        'Traceback\n  File ""/x/locust/user/task.py"", line 1, in run\n'
        '  File ""/y/my_tasks.py"", line 7, in buy\nKeyError'
    )
    text = f"Count,Message,Traceback,Nodes\r\n2,'id 5',\"{traceback}\",local\r\n"
    here = read_csv_run(put(tmp_path, stats=stats(ROW.replace(",3,", ",0,"), TOTAL), exceptions=text))
    (failure,) = here.failures
    assert (failure.operation, failure.problem, failure.count) == (
        "TASK my_tasks.py:buy",
        ProblemKind.SCENARIO,
        2,
    )
    assert verdict(here).result is Result.FAIL


def test_the_timeline_counts_each_second(tmp_path: Path) -> None:
    header = (
        "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,Total Failure Count"
    )
    text = (
        f"{header}\r\n1000,1,,Aggregated,0,0,N/A,N/A,0,0\r\n1001,5,GET,/a,3,0,9,9,40,0\r\n"
        "1001,5,,Aggregated,3,0,10,20,40,1\r\n1002,9,,Aggregated,3,0,11,21,100,1\r\n"
    )
    here = read_csv_run(put(tmp_path, stats=stats(ROW, TOTAL), stats_history=text))
    moments = here.timeline.moments
    assert [(m.at, m.requests, m.failures, m.users, m.p95) for m in moments] == [
        (0, 0, 0, 1, None),
        (1, 40, 1, 5, 20),
        (2, 60, 0, 9, 21),
    ]
    assert here.started == "1970-01-01T00:16:40Z"
    assert here.duration == 2


def test_zeros_of_the_first_second_are_not_known(tmp_path: Path) -> None:
    header = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,99%,Total Request Count"
    text = f"{header}\r\n1000,4,,Aggregated,0,0,0,0,0,39\r\n1001,4,,Aggregated,0,0,0,1,1,70\r\n"
    here = read_csv_run(put(tmp_path, stats=stats(ROW, TOTAL), stats_history=text))
    assert [(m.p50, m.p95, m.p99) for m in here.timeline.moments] == [(None, None, None), (0, 1, 1)]


def test_no_requests_are_inconclusive(tmp_path: Path) -> None:
    here = read_csv_run(put(tmp_path, stats=stats(",Aggregated,0,0,0,0,0,0,0,0,0,N/A,N/A,N/A,N/A")))
    assert here.requests == 0
    assert verdict(here).exit_code == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is empty"),
        ("\r\n", "is empty"),
        ("a,b\r\n1,2\r\n", "row 1: no column 'Name'"),
        (stats(), "no row 'Aggregated'"),
        (stats(ROW), "no row 'Aggregated'"),
        (stats("GET,/to", TOTAL), "row 2: 2 fields, expected 15"),
        (stats(ROW)[:-20], "row 2"),
        (stats('GET,"/tools'), "row 2: is not CSV"),
        (stats(ROW.replace(",100,", ",many,"), TOTAL), "row 2: Request Count: 'many'"),
        (stats(ROW.replace(",100,", ",-1,"), TOTAL), "row 2: Request Count: '-1'"),
        (stats(ROW.replace(",100,", ",nan,"), TOTAL), "row 2: Request Count: 'nan'"),
        (stats(ROW.replace(",100,", ",inf,"), TOTAL), "row 2: Request Count: 'inf'"),
    ],
)
def test_broken_files_are_reported_with_their_row(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_csv_run(put(tmp_path, stats=text))
    assert f"{tmp_path / 'locust'}_stats.csv" in str(caught.value)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_companion_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"locust_failures\.csv: row 2"):
        read_csv_run(put(tmp_path, stats=stats(ROW, TOTAL), failures=f"{FAILURES}\r\nGET,/a\r\n"))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none_stats\.csv: cannot be read"):
        read_csv_run(tmp_path / "none")


def test_every_prefix_of_a_file_is_a_run_or_a_usage_error(tmp_path: Path) -> None:
    whole = stats(ROW, ROW.replace("/tools", '"/a, ""b"""'), TOTAL)
    for length in range(len(whole)):
        prefix = put(tmp_path, stats=whole[:length])
        try:
            here = read_csv_run(prefix)
        except UsageError:
            continue
        assert here.requests == 200


def test_thousands_of_rows_are_read_quickly(tmp_path: Path) -> None:
    rows = "".join(
        f"GET,/items/{n % 1000},[status 500] boom in row {n} of {'x' * (n % 40)},1\r\n"
        for n in range(100_000)
    )
    names = [ROW.replace("/tools", f"/items/{n}").replace(",3,", ",100,") for n in range(1000)]
    prefix = put(tmp_path, stats=stats(*names, TOTAL), failures=f"{FAILURES}\r\n{rows}")
    start = time.process_time()
    here = read_csv_run(prefix)
    assert time.process_time() - start < 12
    assert sum(f.count for f in here.failures) == 100_000


PROGRAM = Path(__file__).with_name("plain_locustfile.py")


def test_what_the_installed_locust_writes(tmp_path: Path) -> None:
    shutil.copy(PROGRAM, tmp_path / "plain.py")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        command = ["-f", "plain.py", "--headless", "-u", "4", "-r", "4", "-t", "100s", "--csv", "out"]
        subprocess.run(
            [sys.executable, "-m", "locust", *command, "--host", f"http://127.0.0.1:{port}"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            timeout=120,
        )
        server.terminate()
    here = read_csv_run(tmp_path / "out")
    found = {(f.operation, f.problem, f.status) for f in here.failures}
    assert {
        ("GET /missing", ProblemKind.STATUS, 404),
        ("GET /fast-missing", ProblemKind.STATUS, 404),
        ("GET / with, comma", ProblemKind.OTHER, None),
        ("TASK plain.py:crash", ProblemKind.SCENARIO, None),
    } <= found
    words = next(f.message for f in here.failures if f.operation == "GET / with, comma")
    assert words == 'said "no", and left <b>'
    assert here.duration > 0
    assert verdict(here).result is Result.FAIL


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(1, 9)), max_size=5))
def test_any_message_keeps_its_count(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    directory = tmp_path_factory.mktemp("csv")
    total = sum(count for _, count in rows)
    put(
        directory,
        stats=f"Type,Name,Request Count,Failure Count\r\nGET,/a,{total},{total}\r\n,Aggregated,1,1\r\n",
    )
    with (directory / "locust_failures.csv").open(
        "w", newline="", encoding="utf-8", errors="replace"
    ) as file:
        writer = csv.writer(file)
        writer.writerow(FAILURES.split(","))
        writer.writerows(("GET", "/a", message, count) for message, count in rows)
    assert sum(failure.count for failure in read_csv_run(directory / "locust").failures) == total
