"""Compliance reports."""

import datetime as dt

from loadtest.client.mismatch import expected
from loadtest.users.admin.checks import has_all
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has, lists

PERIOD = dt.timedelta(days=30)


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
