"""Health, version and other metadata for monitoring."""

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import is_ready

OF_THE_MACHINE = ("PATH", "HOME", "DATABASE_URL", "PLATFORM_ADMIN_EMAIL")
"""Variables of every gateway's environment that are no settings to show."""


class HealthUser(GatewayUser):
    """Probes of an orchestrator."""

    area = "health"
    weight = 2

    @task
    def probes(self) -> None:
        """Liveness and readiness, requested without a token as by an orchestrator."""
        self.call(
            "GET /health",
            bearer="",
            check=lambda a: None if a["status"] == "healthy" else expected("the status healthy", a.text),
        )
        self.call("GET /ready", bearer="", check=is_ready)


class VersionMetaUser(GatewayUser):
    """Metadata of the gateway."""

    area = "health"

    @task(3)
    def front_door(self) -> None:
        """The root redirects to the admin pages; the security health lists its checks."""
        self.call(
            "GET /",
            check=lambda a: (
                None
                if "/admin" in str(a.headers.get("location"))
                else expected("to be sent to /admin", a.text)
            ),
        )
        self.call("GET /health/security", check=security_agrees)

    @task
    def version(self) -> None:
        """Version, database and settings of the gateway; an expensive page, because it measures the machine."""
        self.call("GET /version", params={"fmt": "html", "partial": False}, check=is_document)
        self.call("GET /version", params={"fmt": "html", "partial": True}, check=is_part_of_document)
        self.call("GET /version", check=is_about_the_gateway)


def security_agrees(answer: Answer) -> Mismatch | None:
    """Check that the security of the gateway is described by checks, and that its warnings are counted."""
    if not answer["checks"]:
        return expected("checks", answer["checks"])
    # Without warnings, there is no list of them; 1.0.0rc1 shows none to the load test.
    warnings = answer.json.get("warnings")
    right = warnings is None or answer["warning_count"] == len(warnings)
    return None if right else expected("the number of the warnings as their count", answer.json)


def is_about_the_gateway(answer: Answer) -> Mismatch | None:
    """Check that the gateway states its version, and of its environment nothing about the machine and its database."""
    if not answer["app.version"]:
        return expected("a version", answer["app"])
    found = [name for name in OF_THE_MACHINE if name in answer["env"]]
    return expected("no variables of the machine in the environment of the gateway", found) if found else None


def is_document(answer: Answer) -> Mismatch | None:
    """Check that the response is a complete HTML document."""
    right = answer.media_type == "text/html" and "</html>" in answer.text
    return None if right else expected("an HTML document", answer.text)


def is_part_of_document(answer: Answer) -> Mismatch | None:
    """Check that the response is a part of an HTML document, to be inserted into another."""
    right = answer.media_type == "text/html" and "<div" in answer.text and "</html>" not in answer.text
    return None if right else expected("a part of an HTML document", answer.text)
