"""Compliance reports."""

import datetime as dt

from loadtest.client.mismatch import expected
from loadtest.users.admin.checks import has_all
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import lists

PERIOD = dt.timedelta(days=30)


class ComplianceUser(GatewayUser):
    """An auditor."""

    area = "compliance"

    @task
    def report(self) -> None:
        """A report on the last month is created, listed, read and exported; the gateway cannot delete reports."""
        frameworks = self.call(
            "GET /compliance/frameworks", check=lambda a: None if a.json else expected("frameworks")
        )
        now = dt.datetime.now(dt.UTC)
        framework = str(frameworks["0.id"])
        report = self.call(
            "POST /compliance/reports",
            json={
                "framework": framework,
                "period_start": (now - PERIOD).isoformat(),
                "period_end": now.isoformat(),
            },
            check=lambda a: (
                None if a["framework"] == framework else expected("a report of the framework", a["framework"])
            ),
        )
        self.call("GET /compliance/reports", check=lists(report.id))
        same = has_all({"id": report.id, "framework": framework})
        self.call("GET /compliance/reports/{report_id}", report_id=report.id, check=same)
        export = "GET /compliance/reports/{report_id}/export"
        self.call(export, report_id=report.id, params={"export_format": "json"}, check=same)
