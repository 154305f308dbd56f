"""Compliance reports."""

import csv
import datetime as dt
import io
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.admin.checks import has_all
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has, lists

PERIOD = dt.timedelta(days=30)
TOO_LONG = dt.timedelta(days=366)


class ComplianceUser(GatewayUser):
    """An auditor."""

    area = "compliance"

    @task
    def report(self) -> None:
        """A report of each framework on the last month; the last one is listed, read and exported.

        The gateway cannot delete reports.
        """
        frameworks = self.call(
            "GET /compliance/frameworks", check=lambda a: None if a.json else expected("frameworks")
        )
        now = dt.datetime.now(dt.UTC)
        for framework in (str(one["id"]) for one in frameworks.json):
            report = self.call(
                "POST /compliance/reports",
                json={
                    "framework": framework,
                    "period_start": (now - PERIOD).isoformat(),
                    "period_end": now.isoformat(),
                },
                check=has("framework", framework),
            )
        self.call("GET /compliance/reports", check=lists(report))
        same = has_all({"id": report.id, "framework": framework})
        self.call("GET /compliance/reports/{report_id}", report_id=report.id, check=same)
        export = "GET /compliance/reports/{report_id}/export"
        self.call(export, report_id=report.id, params={"export_format": "json"}, check=same)
        controls = [str(one["control_id"]) for one in report["controls"]]
        as_csv = {"export_format": "csv"}
        self.call(export, report_id=report.id, params=as_csv, check=has_rows(report.id, controls))
        unknown = is_invalid("a report in a format that does not exist")
        as_xml: dict[str, Any] = {"params": {"export_format": "xml"}, "refusals": INVALID, "check": unknown}
        self.call(export, report_id=report.id, **as_xml)
        naive = now.replace(tzinfo=None)
        impossible: tuple[tuple[str, dt.datetime, dt.datetime], ...] = (
            ("a report of more than a year", now - TOO_LONG, now),
            ("a report of a period that ends before it starts", now, now - PERIOD),
            ("a report of a period without a time zone", naive - PERIOD, naive),
        )
        for what, start, end in impossible:
            period = {"period_start": start.isoformat(), "period_end": end.isoformat()}
            self.call(
                "POST /compliance/reports",
                json={"framework": framework, **period},
                refusals=INVALID,
                check=is_invalid(what),
            )


def has_rows(report: str, controls: list[str]) -> Check:
    """Return a check that a ``report`` as CSV has a row for each of its ``controls``."""

    def check(answer: Answer) -> Mismatch | None:
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        found = [row.get("control_id") for row in rows if row.get("report_id") == report]
        right = answer.media_type == "text/csv" and found == controls and len(rows) == len(controls)
        return None if right else expected(f"CSV with the controls {', '.join(controls)}", answer.text)

    return check
