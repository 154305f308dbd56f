"""The comment on a pull request shows the verdicts, and the content of reports cannot add anything else.

A small local server records the requests in place of GitHub.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import verdicts
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from publish_comment import LARGEST_COMMENT, MARKER, comment, publish, report_pages
from verdicts import read_report, read_reports

EVIL = "</code><script>alert(1)</script> | @all #1 [x](http://e.example) ![](x) `c` <!-- www.e.example \u202e\x00\n## h"
SHA = "c0ffee" * 6 + "beef"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def verdict(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "verdict": "fail",
        "counts": {"new": 2, "expired": 1, "known": 3, "category": 4},
        "operations_succeeded": 457,
        "operations_total": 460,
        "operations": {"succeeded": 457, "drift": 2, "missed": 1},
        "latency_ms": {"p95": 210.4},
        "new_failures": [
            {"operation": "GET /tools", "problem": "status", "status": 500, "message": "boom", "count": 5}
        ],
    }
    return usual | changes


def stored(directory: Path, name: str = "reports-3.0.7", **changes: Any) -> Path:
    folder = directory / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdict.json").write_text(json.dumps(verdict(**changes)))
    return folder


def comment_on(directory: Path) -> str:
    return comment(read_reports(directory), "https://github.example/o/r/actions/runs/7", SHA)


def page(text: str) -> str:
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


def test_the_content_of_the_comment(tmp_path: Path) -> None:
    stored(tmp_path)
    text = comment_on(tmp_path)
    assert text.startswith(MARKER)
    for words in (
        "- :x: **fail** <code>reports-3&#46;0&#46;7</code>: 2 new failures, 1 expired known failure, ",
        ", 7 known failures · ",
        " · 459/460 called, 459 correct · p95 210 ms",
        "status 500, 5 times",
        "and 2 more",
        "c0ffeec0ffee",
        "actions/runs/7",
    ):
        assert words in text, words
    assert "GET /tools" in page(text)


def test_a_verdict_without_states_shows_the_successful_operations(tmp_path: Path) -> None:
    stored(tmp_path, operations=None)
    assert "7 known failures · 457/460 correct · p95 210 ms" in comment_on(tmp_path)


def test_operations_that_are_gone_are_counted_apart(tmp_path: Path) -> None:
    gone = [{"operation": "GET /tools", "problem": "removed", "message": "", "count": 1}]
    stored(tmp_path, new_failures=gone, counts={"new": 1}, failing=1)
    assert "</code>: 1 operation no longer offered, no known failures · " in comment_on(tmp_path)


def test_the_comparison_with_the_base_is_below_its_verdict(tmp_path: Path) -> None:
    against = {
        "name": "1a2b3c4",
        "slower": [{"operation": f"POST /slow/{n}", "ratio": 1.62} for n in range(7)],
        "breaking": ["GET /gone: removed", EVIL],
        "fixed": ["GET /fixed"],
        "overall_slower": True,
        "overall_ratio": 1.2,
    }
    stored(tmp_path, against_base=against, counts={"also on base": 2})
    stored(tmp_path, "reports-none")
    stored(
        tmp_path, "reports-odd", against_base={"slower": 5, "breaking": None, "fixed": "all", "name": ["x"]}
    )
    lines = comment_on(tmp_path).splitlines()
    at = lines.index(next(line for line in lines if "compared with <code>1a2b3c4</code>" in line))
    assert lines[at - 1].startswith("- :x:")
    assert lines[at].endswith("7 slower operations, 2 breaking changes, 2 failures also on base, 1 fixed")
    assert lines[at + 1] == "  - all operations together: 20 % slower"
    assert lines[at + 2] == "  - <code>POST &#47;slow&#47;0</code> 62 % slower"
    assert lines[at + 7] == "  - and 2 more (all in verdict.json of the reports)"
    assert lines[at + 8] == "  - breaking: <code>GET &#47;gone&#58; removed</code>"
    assert "compared with <code></code>: no slower operations, no breaking changes" in comment_on(tmp_path)
    assert "<script" not in page(comment_on(tmp_path))
    assert comment_on(tmp_path).count("compared with") == 2


def test_each_report_is_an_item(tmp_path: Path) -> None:
    stored(tmp_path, "reports-3.0.7", verdict="pass", new_failures=[], counts={})
    stored(tmp_path, "reports-3.0.0rc1", verdict="inconclusive")
    assert comment_on(tmp_path).count("- :") == 2
    assert "<table" not in page(comment_on(tmp_path)), "a table is wider than a phone"


def test_the_report_page_and_the_next_step_come_first(tmp_path: Path) -> None:
    failure = {"operation": "GET /tools", "problem": "status", "fingerprint": "3f2a9c01b7de"}
    stored(tmp_path, new_failures=[failure])
    url = "https://github.example/o/r/actions/runs/7"
    lines = comment(read_reports(tmp_path), url, SHA, (("load-test-report-load.html", 42),)).splitlines()
    assert lines[3] == f"**Open the report:** [load-test-report-load.html]({url}/artifacts/42)"
    assert lines[6] == "- reproduce: `loadtest repro 3f2a9c01b7de --run run.json`"
    assert lines[7].startswith("- accept: `loadtest baseline accept 3f2a9c01b7de --run run.json --reason")
    assert page("\n".join(lines)).count("<ul>") == 3, "the next step, the verdicts, the new failures"


def test_only_pages_are_linked() -> None:
    class Api:
        def call(self, method: str, path: str) -> Any:
            assert (method, path) == ("GET", "/actions/runs/7/artifacts?per_page=100")
            names = (
                "load-test-report.html",
                "load-test-report-](x).html",
                "reports",
                "load-test-report-3.0.7.html",
            )
            return {"artifacts": [{"name": name, "id": n} for n, name in enumerate(names)]}

    found = report_pages(Api(), 7)  # type: ignore[arg-type]
    assert found == (("load-test-report.html", 0), ("load-test-report-3.0.7.html", 3))


def test_invalid_reports_are_not_read(tmp_path: Path) -> None:
    stored(tmp_path, "x\n- [ ] y")
    stored(tmp_path, "big").joinpath("verdict.json").write_text(" " * 5_000_001)
    secret = tmp_path.parent / "secret.json"
    secret.write_text(json.dumps(verdict()))
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "verdict.json").symlink_to(secret)
    for name, content in (
        ("empty", ""),
        ("deep", "[" * 100_000),
        ("list", "[]"),
        ("word", '{"verdict": "x"}'),
    ):
        (stored(tmp_path, name) / "verdict.json").write_text(content)
    assert read_reports(tmp_path) == ()
    assert "has no verdict" in comment_on(tmp_path)


def test_no_reports_at_all(tmp_path: Path) -> None:
    assert "has no verdict" in comment_on(tmp_path / "missing")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    failure = {"operation": EVIL, "problem": EVIL, "status": EVIL, "message": EVIL, "count": EVIL}
    stored(tmp_path, new_failures=[failure], operations_total=EVIL, latency_ms={"p95": EVIL}, counts=EVIL)
    text = comment_on(tmp_path)
    assert text.count("<!--") == 1
    assert "@" not in text
    assert text.count("://") == 1
    shown = page(text)
    for tag in ("<script", "<img", "<h2", "<input"):
        assert tag not in shown
    assert shown.count("<a ") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_it_is_bounded(tmp_path: Path) -> None:
    failure = {"operation": "<" * 9_999, "problem": "status", "message": "@" * 9_999, "count": 10**9}
    for n in range(40):
        stored(tmp_path, f"reports-{n}", new_failures=[failure] * 100)
    text = comment_on(tmp_path)
    assert len(text) <= LARGEST_COMMENT
    assert text.count(":x:") == verdicts.MOST_REPORTS
    assert "More is in the reports." in text


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            ["counts", "operations", "operations_total", "operations_succeeded", "latency_ms", "new_failures"]
        ),
        JSON,
    ),
    st.lists(st.dictionaries(st.sampled_from(["operation", "problem", "status", "message", "count"]), JSON)),
)
def test_any_content_gives_a_valid_comment(
    tmp_path_factory: pytest.TempPathFactory, changes: Any, listed: Any
) -> None:
    folder = tmp_path_factory.mktemp("any") / "reports-x"
    stored(folder.parent, folder.name, **{"new_failures": listed, **changes})
    report = read_report(folder)
    assert report is not None
    shown = page(comment((report,), "https://github.example", SHA))
    assert shown.count("<table>") == 0
    assert shown.count("<a ") == 1


class Server(ThreadingHTTPServer):
    """A fake of the part of GitHub's API that the script uses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pulls: list[dict[str, Any]] = [{"number": 12, "head": {"sha": SHA}}]
        self.comments: list[dict[str, Any]] = []
        self.written: list[tuple[str, str, str]] = []
        self.asked: list[str] = []
        self.tokens: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        return

    def answer(self, body: Any) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        self.server.asked.append(self.path)
        if parts.path == "/repos/o/r/pulls":
            self.answer(self.server.pulls)
        elif parts.path == "/repos/o/r/actions/runs/7/artifacts":
            self.answer({"artifacts": [{"name": "load-test-report-load.html", "id": 42}]})
        else:
            assert parts.path == "/repos/o/r/issues/12/comments"
            start = (int(asked["page"][0]) - 1) * 100
            self.answer(self.server.comments[start : start + 100])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self.server.written.append((self.command, self.path, body))
        self.answer({"id": 1})

    do_PATCH = do_POST  # noqa: N815


@pytest.fixture
def github() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environment(github: Server, tmp_path: Path) -> dict[str, str]:
    event = tmp_path / "event.json"
    run = {
        "id": 7,
        "head_sha": SHA,
        "head_branch": "a&b c",
        "head_repository": {"owner": {"login": "fork"}},
        "pull_requests": [],
    }
    event.write_text(json.dumps({"workflow_run": run}))
    return {
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": "t",
        "LOADTEST_COMMENT": "always",
    }


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return stored(tmp_path / "reports").parent


def ours(number: int = 5) -> dict[str, Any]:
    return {"id": number, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER}\nold"}


def test_a_comment_is_created(github: Server, environment: dict[str, str], reports: Path) -> None:
    assert publish(reports, environment) == "commented on pull request 12"
    ((method, path, body),) = github.written
    assert (method, path) == ("POST", "/repos/o/r/issues/12/comments")
    assert body.startswith(MARKER)
    assert "https://github.example/o/r/actions/runs/7" in body
    assert github.tokens == {"Bearer t"}
    assert "head=fork%3Aa%26b%20c" in github.asked[0]


def test_the_comment_is_updated(github: Server, environment: dict[str, str], reports: Path) -> None:
    someone = {"id": 1, "user": {"login": "user"}, "body": f"{MARKER}\nnot ours"}
    other = {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "another workflow's"}
    github.comments = [someone, other] * 60 + [ours()]
    assert publish(reports, environment) == "updated the comment on pull request 12"
    ((method, path, _),) = github.written
    assert (method, path) == ("PATCH", "/repos/o/r/issues/comments/5")


def test_a_run_for_an_outdated_commit_is_ignored(
    github: Server, environment: dict[str, str], reports: Path
) -> None:
    github.pulls = [{"number": 12, "head": {"sha": "0" * 40}}]
    assert "nothing to report" in publish(reports, environment)
    assert not github.written


@pytest.mark.parametrize(
    ("word", "there", "written"),
    [
        ("pass", False, []),
        ("pass", True, ["PATCH"]),
        ("fail", False, ["POST"]),
        ("inconclusive", False, ["POST"]),
    ],
)
def test_with_failures_only_a_failure_creates_a_comment(
    github: Server, environment: dict[str, str], tmp_path: Path, word: str, there: bool, written: list[str]
) -> None:
    stored(tmp_path / "reports", verdict=word)
    github.comments = [ours()] if there else []
    publish(tmp_path / "reports", environment | {"LOADTEST_COMMENT": "failures"})
    assert [method for method, _, _ in github.written] == written


def test_a_run_without_reports_does_not_pass(
    github: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    publish(tmp_path / "none", environment | {"LOADTEST_COMMENT": "failures"})
    assert "has no verdict" in github.written[0][2]
