"""Admin pages of logs, the live log stream, and the event stream."""

import io
import zipfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import has_length, went_back
from loadtest.users.base import GatewayUser, task

PAGE = 20
"""Entries on a page."""
PARTS_OF_BUNDLE = {"include_logs": "logs/", "include_env": "settings", "include_system": "system"}
"""The parameter for each part of the support bundle, and a text in the names of its files."""
BEYOND = 100_000
"""An offset beyond the end of the log."""
OLD_LOG = ".old.log"
"""Suffix of the older log file that is created before a gateway boots."""
OUTPUT = "gateway.log"
"""What a gateway that the load test has booted prints, in the directory in which that of the logs is."""
PARTIAL = HTTPStatus.PARTIAL_CONTENT
RANGES = {"bytes=0-9": slice(0, 10), "bytes=5-": slice(5, None), "bytes=-7": slice(-7, None)}
"""Parts of a file by the header that asks for them."""
NO_RANGES = ("bytes=100000000-", "bytes=9-3", "items=0-1", "bytes=x")
NO_SUCH_PART = (400, 416)
"""Statuses of a request for a part that a file does not have."""
NO_FILE = (400, 403, 404)
"""Statuses of a request for a file that is no log file."""


class AdminLogsUser(GatewayUser):
    """An administrator who reads logs in the browser."""

    area = "admin-logs"

    @task(3)
    def pages(self) -> None:
        """The newest entries, and the list of files."""
        self.call(
            "GET /admin/logs",
            params={"limit": PAGE},
            check=lambda a: (
                None if len(a["logs"]) <= PAGE else expected(f"at most {PAGE} entries", len(a["logs"]))
            ),
        )
        self.call("GET /admin/logs", params={"offset": BEYOND}, check=has_length(0, at="logs"))
        self.call("GET /admin/logs/file", check=lambda a: None if a["files"] else expected("a log file"))

    @task
    def download(self) -> None:
        """Download an older log file, which is no longer written to."""
        files = self.call("GET /admin/logs/file")["files"]
        old = next((file for file in files if file["name"].endswith(OLD_LOG)), None)
        if old is None:
            # A gateway that the load test did not boot may have none; the current file grows while it is sent.
            return
        self.call(
            "GET /admin/logs/file",
            params={"filename": old["name"]},
            check=lambda a: None if len(a.body) == old["size"] else expected("the whole file", len(a.body)),
        )

    @task
    def parts(self) -> None:
        """Download parts of an older log file, and parts that it does not have."""
        files = self.call("GET /admin/logs/file")["files"]
        for name in [file["name"] for file in files if file["name"].endswith(OLD_LOG)]:
            old: dict[str, Any] = {"params": {"filename": name}}
            whole = self.call("GET /admin/logs/file", **old)
            for asked, part in RANGES.items():
                self.call(
                    "GET /admin/logs/file",
                    headers={"Range": asked},
                    check=is_part(whole.body[part]),
                    **old,
                )
            for asked in NO_RANGES:
                self.call(
                    "GET /admin/logs/file",
                    headers={"Range": asked},
                    refusals=NO_SUCH_PART,
                    check=is_no_part,
                    **old,
                )

    @task
    def other_files(self) -> None:
        """Ask for files that are not in the directory of the logs; the gateway's own output beside it exists."""
        directory = PurePosixPath(self.call("GET /admin/logs/file")["log_directory"])
        output = directory.parent / OUTPUT
        others = (
            str(output),
            f"../{output.name}",
            f"../../{directory.parent.name}/{output.name}",
            "../../../../../../../../etc/hostname",
            "/etc/hostname",
            ".",
            f"no-such-file{OLD_LOG}",
        )
        for name in others:
            self.call("GET /admin/logs/file", params={"filename": name}, refusals=NO_FILE, check=is_no_file)

    @task
    def newest(self) -> None:
        """The page is not empty, because all requests are logged."""
        self.call(
            "GET /admin/logs",
            params={"limit": 1},
            check=lambda a: None if a["logs"] else expected("entries in the log"),
        )

    @task
    def export(self) -> None:
        """Download the entries of errors."""
        errors = {"format": "json", "level": "error"}
        self.call("GET /admin/logs/export", params=errors, check=is_export)

    @task
    def live(self) -> None:
        """Follow the log during requests, which are all logged.

        Any entry is accepted: the gateway keeps 100 entries per reader and drops the rest, and a busy gateway logs more
        before the reader continues.
        """
        with self.stream("GET /admin/logs/stream") as events:
            self.call("GET /health/security")
            events.next(where=lambda event: "HTTP/1.1" in event.data)

    @task
    def support_bundle(self) -> None:
        """Download the support bundle with each of its parts, and without."""
        everything = dict.fromkeys(PARTS_OF_BUNDLE, True)
        for left_out in ("", *PARTS_OF_BUNDLE):
            parts = everything | ({left_out: False} if left_out else {})
            self.call(
                "GET /admin/support-bundle/generate",
                params={"log_lines": 10, **parts},
                check=is_bundle(parts),
            )


class AdminEventsUser(GatewayUser):
    """An open browser window that receives change events."""

    area = "admin-logs"

    @task
    def events(self) -> None:
        """Follow the events while a tool is disabled."""
        tool = {
            "name": self.name("tool"),
            "url": f"{self.backend('rest')}/echo",
            "integration_type": "REST",
            "request_type": "POST",
        }
        with (
            self.created("POST /tools", json={"tool": tool}, delete="DELETE /tools/{tool_id}") as made,
            self.stream("GET /admin/events") as events,
        ):
            state, off = "POST /admin/tools/{tool_id}/state", {"activate": "false"}
            self.call(state, tool_id=made.id, form=off, check=went_back)
            events.next(where=lambda event: made.id in event.data)


def is_part(part: bytes) -> Check:
    """Return a check that a response is this ``part`` of a file, and says so."""

    def check(answer: Answer) -> Mismatch | None:
        if answer.status != PARTIAL:
            return expected("a part of the file", answer.status)
        return None if answer.body == part else expected("the part that was asked for", answer.body)

    return check


def is_no_part(answer: Answer) -> Mismatch | None:
    """Check that a part that a file does not have is refused."""
    refused = answer.status in NO_SUCH_PART
    return None if refused else expected("a part that the file does not have to be refused", answer.status)


def is_no_file(answer: Answer) -> Mismatch | None:
    """Check that a file that is not in the directory of the logs is refused."""
    refused = answer.status in NO_FILE
    return None if refused else expected("a file outside of the logs to be refused", answer.status)


def is_bundle(requested: Mapping[str, bool]) -> Check:
    """Return a check that a support bundle has just the ``requested`` parts, by the parameters that include them."""

    def check(answer: Answer) -> Mismatch | None:
        try:
            with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            return expected("a ZIP archive", answer.body[:20])
        found = {part for part in PARTS_OF_BUNDLE.values() if any(part in name for name in names)}
        wanted = {PARTS_OF_BUNDLE[part] for part, included in requested.items() if included}
        return None if found == wanted else expected(f"the parts {', '.join(sorted(wanted))}", names)

    return check


def is_export(answer: Answer) -> Mismatch | None:
    """Check that an export is JSON, and has entries of errors only."""
    try:
        entries = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return expected("JSON", answer.text)
    logs = entries if isinstance(entries, list) else entries.get("logs", [])
    others = [one for one in logs if str(one.get("level", "error")).lower() != "error"]
    return expected("entries of errors only", others) if others else None
