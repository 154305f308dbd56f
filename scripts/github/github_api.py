"""A minimal client for GitHub's API. Uses the standard library only.

Environment: GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL, as GitHub sets them.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any

BOT = "github-actions[bot]"
"""The author of everything written with a workflow's token."""
SECONDS = 60
"""Timeout of a request."""
PAGE = 100


class TooLargeError(Exception):
    """A download is larger than allowed."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the host of a download must not receive the token."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Return no new request."""


class GitHub:
    """API client of one repository."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._root = environment["GITHUB_API_URL"].rstrip("/") + f"/repos/{environment['GITHUB_REPOSITORY']}"
        self._token = environment["GITHUB_TOKEN"]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the response to one request, or None if it has no body.

        Raises:
            urllib.error.URLError: GitHub does not respond, or returns an error.
        """
        with urllib.request.urlopen(self._request(method, path, body), timeout=SECONDS) as answer:  # noqa: S310
            data = answer.read()
        return json.loads(data) if data else None

    def found(self, path: str) -> Any:
        """Return the resource at ``path``, or None if it does not exist.

        Raises:
            urllib.error.URLError: GitHub does not respond, or returns another error.
        """
        try:
            return self.call("GET", path)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                raise

    def pages(self, path: str, most: int = 20) -> Iterator[Any]:
        """Yield the entries of a list, at most ``most`` pages of it.

        Raises:
            urllib.error.URLError: GitHub does not respond, or returns an error.
        """
        for page in range(1, most + 1):
            found = self.call("GET", f"{path}{'&' if '?' in path else '?'}per_page={PAGE}&page={page}")
            yield from found
            if len(found) < PAGE:
                return

    def download(self, path: str, largest: int) -> bytes:
        """Return the file to which GitHub redirects from ``path``.

        Raises:
            urllib.error.URLError: GitHub does not respond, or returns an error.
            TooLargeError: the file has more than ``largest`` bytes.
        """
        try:
            answer = urllib.request.build_opener(_NoRedirects).open(
                self._request("GET", path), timeout=SECONDS
            )
        except urllib.error.HTTPError as error:
            with error:
                place = error.headers.get("Location", "")
                if error.code not in (301, 302, 303, 307, 308) or not place.startswith(self._scheme()):
                    raise
            # The URL contains a signature; the token is not sent.
            answer = urllib.request.urlopen(place, timeout=SECONDS)  # noqa: S310
        return _bounded(answer, largest)

    def _scheme(self) -> str:
        """Return the scheme that a download must use: that of the API."""
        return self._root.partition("//")[0] + "//"

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> urllib.request.Request:
        return urllib.request.Request(  # noqa: S310 - the URL of GitHub's API
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )


def author(found: Mapping[str, Any]) -> str | None:
    """Return the author of an issue or comment, or None if the account was deleted."""
    return (found.get("user") or {}).get("login")


def run_on_reports(publish: Callable[[Path, Mapping[str, str]], str]) -> int:
    """Run ``publish`` on the directory on the command line; return the exit code of the script."""
    if len(sys.argv) != 2:
        print(f"usage: {Path(sys.argv[0]).name} REPORTS_DIR", file=sys.stderr)
        return 2
    try:
        print(publish(Path(sys.argv[1]), os.environ))
    except (OSError, HTTPException) as error:
        print(f"GitHub: {error}", file=sys.stderr)
        return 1
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # An event or a response of an unexpected form is reported in one line.
        print(f"GitHub: unexpected data: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _bounded(answer: HTTPResponse, largest: int) -> bytes:
    with answer:
        data = answer.read(largest + 1)
    if len(data) > largest:
        raise TooLargeError(f"more than {largest} bytes")
    return data
