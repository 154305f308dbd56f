"""The part of GitHub that our scripts use: a small server that keeps what it is sent."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]"}
Route = Callable[..., Any]


class FakeGitHub(ThreadingHTTPServer):
    """A repository ``o/r``, whose default branch is ``main``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fork = False
        self.runs: list[int] = []
        """Nights, newest first."""
        self.artifacts: dict[int, list[dict[str, Any]]] = {}
        """By run."""
        self.archives: dict[int, bytes] = {}
        """By artifact."""
        self.places: dict[int, str] = {}
        """Where GitHub leads for an artifact, if not to where its archive is."""
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[int, str]] = []
        """Issue and text."""
        self.refs: dict[str, str] = {"heads/main": "main-sha"}
        self.authors: dict[str, dict[str, str] | None] = {}
        """By commit; ours if it is not there."""
        self.trees: list[dict[str, Any]] = []
        self.commits: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.written: list[str] = []
        """Method and path of each call that changes something, in order."""
        self.tokens: dict[str, str | None] = {}
        """The token of the request for each path."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_TOKEN": "t",
            "GITHUB_RUN_ID": "100",
            "GITHUB_EVENT_NAME": "schedule",
        }


class MissingError(Exception):
    """Answered with 404."""


class MovedError(Exception):
    """Answered with a redirect."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeGitHub

    def log_message(self, format: str, *args: Any) -> None:
        return

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/repos/o/r")
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        self.server.tokens[parts.path] = self.headers["Authorization"]
        if self.command != "GET":
            self.server.written.append(f"{self.command} {path}")
        for method, pattern, answer in ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                self._answer(
                    answer, match, {key: value[0] for key, value in parse_qs(parts.query).items()}, body
                )
                return
        self._send(500, f"no route for {self.command} {path}".encode())

    do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

    def _answer(self, answer: Route, match: re.Match[str], query: Mapping[str, str], body: Any) -> None:
        try:
            found = answer(self.server, *match.groups(), query=query, body=body)
        except MissingError:
            self._send(404, b"{}")
        except MovedError as moved:
            self._send(302, b"", Location=str(moved))
        else:
            self._send(200, found if isinstance(found, bytes) else json.dumps(found).encode())

    def _send(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _repository(server: FakeGitHub, **_: Any) -> Any:
    return {"default_branch": "main", "fork": server.fork}


def _runs(server: FakeGitHub, workflow: str, *, query: Mapping[str, str], **_: Any) -> Any:
    assert workflow == "nightly-soak.yml"
    assert (query["branch"], query["event"], query["status"]) == ("main", "schedule", "completed")
    return {"workflow_runs": [{"id": run} for run in server.runs]}


def _artifacts(server: FakeGitHub, run: str, *, query: Mapping[str, str], **_: Any) -> Any:
    return {"artifacts": [one for one in server.artifacts.get(int(run), []) if one["name"] == query["name"]]}


def _archive(server: FakeGitHub, artifact: str, **_: Any) -> Any:
    raise MovedError(server.places.get(int(artifact), f"{server.url}/elsewhere/{artifact}"))


def _elsewhere(server: FakeGitHub, artifact: str, **_: Any) -> Any:
    return server.archives[int(artifact)]


def _issues(server: FakeGitHub, *, query: Mapping[str, str], **_: Any) -> Any:
    start = (int(query["page"]) - 1) * 100
    return [one for one in server.issues if one["state"] == query["state"]][start : start + 100]


def _new_issue(server: FakeGitHub, *, body: Any, **_: Any) -> Any:
    made = {"number": 40 + len(server.issues), "user": BOT, "state": "open", **body}
    server.issues.append(made)
    return made


def _change_issue(server: FakeGitHub, number: str, *, body: Any, **_: Any) -> Any:
    (issue,) = [one for one in server.issues if one["number"] == int(number)]
    issue.update(body)
    return issue


def _comment(server: FakeGitHub, number: str, *, body: Any, **_: Any) -> Any:
    server.comments.append((int(number), body["body"]))
    return {"id": 1}


def _ref(server: FakeGitHub, name: str, **_: Any) -> Any:
    if name not in server.refs:
        raise MissingError
    return {"object": {"sha": server.refs[name]}}


def _new_ref(server: FakeGitHub, *, body: Any, **_: Any) -> Any:
    server.refs[body["ref"].removeprefix("refs/")] = body["sha"]
    return {}


def _move_ref(server: FakeGitHub, name: str, *, body: Any, **_: Any) -> Any:
    assert body["force"] is True
    server.refs[name] = body["sha"]
    return {}


def _commit(server: FakeGitHub, sha: str, **_: Any) -> Any:
    return {"sha": sha, "author": server.authors.get(sha, BOT)}


def _git_commit(_: FakeGitHub, sha: str, **__: Any) -> Any:
    return {"tree": {"sha": f"tree-of-{sha}"}}


def _new_tree(server: FakeGitHub, *, body: Any, **_: Any) -> Any:
    server.trees.append(body)
    return {"sha": f"tree-{len(server.trees)}"}


def _new_commit(server: FakeGitHub, *, body: Any, **_: Any) -> Any:
    server.commits.append(body)
    return {"sha": f"commit-{len(server.commits)}"}


def _pulls(server: FakeGitHub, *, query: Mapping[str, str], **_: Any) -> Any:
    assert query["state"] == "all"
    return [one for one in server.pulls if f"o:{one['head']}" == query["head"]]


def _new_pull(server: FakeGitHub, *, body: Any, **_: Any) -> Any:
    server.pulls.append({"number": 7, "state": "open", **body})
    return server.pulls[-1]


def _change_pull(server: FakeGitHub, number: str, *, body: Any, **_: Any) -> Any:
    (pull,) = [one for one in server.pulls if one["number"] == int(number)]
    pull.update(body)
    return pull


ROUTES: list[tuple[str, str, Route]] = [
    ("GET", "", _repository),
    ("GET", r"/actions/workflows/([^/]+)/runs", _runs),
    ("GET", r"/actions/runs/(\d+)/artifacts", _artifacts),
    ("GET", r"/actions/artifacts/(\d+)/zip", _archive),
    ("GET", r"/elsewhere/(\d+)", _elsewhere),
    ("GET", r"/issues", _issues),
    ("POST", r"/issues", _new_issue),
    ("PATCH", r"/issues/(\d+)", _change_issue),
    ("POST", r"/issues/(\d+)/comments", _comment),
    ("GET", r"/git/ref/(.+)", _ref),
    ("POST", r"/git/refs", _new_ref),
    ("PATCH", r"/git/refs/(.+)", _move_ref),
    ("GET", r"/commits/(.+)", _commit),
    ("GET", r"/git/commits/(.+)", _git_commit),
    ("POST", r"/git/trees", _new_tree),
    ("POST", r"/git/commits", _new_commit),
    ("GET", r"/pulls", _pulls),
    ("POST", r"/pulls", _new_pull),
    ("PATCH", r"/pulls/(\d+)", _change_pull),
]


@contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    """Serve until the block ends."""
    server = FakeGitHub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
