"""Metrics of entities and of the process, and maintenance of the stored metrics."""

from collections.abc import Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.lists import entries
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import both
from loadtest.users.read_back import properties_of

YEAR = 365
"""Retention in days, large enough that the maintenance deletes nothing that other users read."""


ROUNDED = 1e-6
"""Difference that is due to rounding."""
KINDS = ("tools", "resources", "prompts", "servers")


OF_SERVER = (
    "GET /servers/{server_id}/tools",
    "GET /servers/{server_id}/resources",
    "GET /servers/{server_id}/prompts",
)
"""Lists with the metrics of each entity."""


class MetricsUser(GatewayUser):
    """Metrics as dashboards and Prometheus read them."""

    area = "metrics"

    @task(4)
    def dashboards(self) -> None:
        """Totals of every kind of entity, for the API, the administrator's page and Prometheus."""
        self.call("GET /metrics", check=add_up)
        self.call("GET /admin/metrics", check=both(add_up, have_rates, are_ranked))
        self.call(
            "GET /metrics/prometheus",
            headers={"Accept": "text/plain"},
            check=lambda a: (
                None if "# TYPE " in a.text else expected("the text format of Prometheus", a.text)
            ),
        )
        for kind in KINDS:
            paged = {"entity_type": kind, "page": 1, "per_page": 1}
            self.call("GET /admin/metrics/partial", params=paged, check=is_ranking(kind))

    @task
    def reset_kind(self) -> None:
        """Metrics of one kind of entity are deleted; those of all others stay."""
        self.call(
            "POST /metrics/reset",
            params={"entity": "prompt"},
            check=lambda a: None if a["status"] == "success" else expected("the status success", a.text),
        )

    @task
    def reset_all(self) -> None:
        """The administrator's button: all metrics are deleted."""
        self.call(
            "POST /admin/metrics/reset", check=lambda a: None if a["success"] else expected("success", a.text)
        )


class MetricsMaintenanceUser(GatewayUser):
    """Clean-up and roll-up of stored metrics."""

    area = "metrics"

    @task(3)
    def status(self) -> None:
        """Configuration and results of the maintenance."""
        self.call(
            "GET /api/metrics/config",
            check=lambda a: None if a["cleanup.enabled"] else expected("the status success", a.text),
        )
        self.call("GET /api/metrics/stats", check=has_sizes)

    @task
    def upkeep(self) -> None:
        """Roll up the last hour, then delete metrics older than a year."""
        hours = {"hours_back": 1, "force_reprocess": False}
        self.call(
            "POST /api/metrics/rollup", json=hours, check=ran("total_rollups_created", "rollups_created")
        )
        again = hours | {"force_reprocess": True}
        self.call(
            "POST /api/metrics/rollup", json=again, check=ran("total_rollups_created", "rollups_created")
        )
        old = {"retention_days": YEAR, "include_rollup": True}
        self.call("POST /api/metrics/cleanup", json=old, check=ran("total_deleted", "deleted_count"))
        raw = old | {"include_rollup": False}
        self.call("POST /api/metrics/cleanup", json=raw, check=ran_without("hourly"))
        part = {"retention_days": YEAR, "table_type": "tool"}
        self.call("POST /api/metrics/cleanup", json=part, check=ran_on("tool_metrics"))


def add_up(answer: Answer) -> Mismatch | None:
    """Check that the figures of each kind of entity agree with each other."""
    for kind in KINDS:
        if wrong := contradicts(answer[kind]):
            return expected(f"{wrong} of {kind}", answer[kind])
    # Releases spell the name in camel case, or with an underscore; the admin UI has no such figures.
    of_agents = answer.json.get("a2aAgents", answer.json.get("a2a_agents"))
    if of_agents is not None and (wrong := contradicts_of_agents(of_agents)):
        return expected(f"{wrong} of agents", of_agents)
    return None


def contradicts_of_agents(figures: Mapping[str, Any]) -> str:
    """Return which ``figures`` of all agents contradict others; empty if none does."""
    one = {name.replace("_", "").lower(): value for name, value in figures.items()}
    total = one["totalinteractions"]
    succeeded, failed = one["successfulinteractions"], one["failedinteractions"]
    if total != succeeded + failed or min(total, succeeded, failed) < 0:
        return "counts that add up"
    # Both counts of agents are kept in memory, and read one after the other.
    if one["totalagents"] < 0 or one["activeagents"] < 0:
        return "numbers of agents that are not negative"
    if abs(one["successrate"] - (100 * succeeded / total if total else 0)) > ROUNDED:
        return "the success rate that follows from the counts"
    return _contradict(one) if total else ""


def contradicts(figures: Mapping[str, Any]) -> str:
    """Return which ``figures`` of an entity, or of all of a kind, contradict others; empty if none does.

    Calls have succeeded or failed, and there is a time of the last one exactly if there are any.
    """
    # Releases spell the names in camel case, or with underscores.
    one = {name.replace("_", "").lower(): value for name, value in figures.items()}
    total, succeeded, failed = one["totalexecutions"], one["successfulexecutions"], one["failedexecutions"]
    if total != succeeded + failed or min(total, succeeded, failed) < 0:
        return "counts that add up"
    if (one["lastexecutiontime"] is None) is not (total == 0):
        return "a time of the last execution exactly if executions are counted"
    if abs(one["failurerate"] - (failed / total if total else 0)) > ROUNDED:
        return "the failure rate that follows from the counts"
    return _contradict(one) if total else ""


def _contradict(figures: Mapping[str, Any]) -> str:
    """Return how the response times among ``figures`` contradict each other; empty if they do not.

    The average is one of the others only if all three are the same.
    """
    least, average, greatest = (figures[f"{name}responsetime"] for name in ("min", "avg", "max"))
    if not least - ROUNDED <= average <= greatest + ROUNDED:
        return "an average response time between the least and the greatest"
    if greatest - least > ROUNDED and not least < average < greatest:
        return "response times of which the average is neither the least nor the greatest"
    return ""


def figures_agree(answer: Answer) -> Mismatch | None:
    """Check that the figures of each entity in a list agree with each other."""
    for entity in answer.json:
        figures = entity.get("metrics")
        if figures is not None and (wrong := contradicts(figures)):
            return expected(f"{wrong} of each entity in the list", figures)
    return None


def have_rates(answer: Answer) -> Mismatch | None:
    """Check that what is ranked was used, and has a success rate and a response time, which may be 0."""
    for kind in KINDS:
        for row in answer["topPerformers"][kind]:
            one = {name.replace("_", "").lower(): value for name, value in row.items()}
            for name in ("successrate", "avgresponsetime"):
                if one["executioncount"] > 0 and not isinstance(one[name], int | float):
                    return expected(f"the {name} of each of the {kind} that were used", row)
    return None


def are_ranked(answer: Answer) -> Mismatch | None:
    """Check that the ranking of each kind begins with what was used most."""
    for kind in KINDS:
        rows = [properties_of(row) for row in answer["topPerformers"][kind]]
        uses = [row["executioncount"] for row in rows]
        if uses != sorted(uses, reverse=True):
            return expected(f"the most used of the {kind} first", uses)
    return None


def is_ranking(kind: str) -> Check:
    """Return a check that a page has the most used entity of a kind, or states that there is none."""

    def check(answer: Answer) -> Mismatch | None:
        rows = entries(answer)
        right = f'id="top-{kind}-' in answer.text and 'data-per-page="1"' in answer.text and len(rows) <= 1
        return None if right else expected(f"one of the {kind} at most", [row.text for row in rows])

    return check


def has_sizes(answer: Answer) -> Mismatch | None:
    """Check that the stored metrics of each kind of entity are counted."""
    sizes = answer["table_sizes"]
    kinds = [f"{kind[:-1]}_metrics" for kind in KINDS]
    right = all(isinstance(sizes.get(kind), int) and sizes[kind] >= 0 for kind in kinds)
    return None if right else expected("the sizes of all tables of metrics", sizes)


def ran_on(table: str) -> Check:
    """Return a check that a maintenance ran on ``table`` and no other."""
    return lambda a: (
        None if list(a["tables"]) == [table] else expected(f"a maintenance of {table}", a["tables"])
    )


def ran_without(word: str) -> Check:
    """Return a check that a maintenance ran on tables without ``word`` in their names."""

    def check(answer: Answer) -> Mismatch | None:
        tables = list(answer["tables"])
        right = bool(tables) and not any(word in table for table in tables)
        return None if right else expected(f"a maintenance of tables without {word}", tables)

    return check


def ran(total: str, part: str) -> Check:
    """Return a check that a maintenance ran on the tables of all kinds, and that its ``total`` is that of its parts."""

    def check(answer: Answer) -> Mismatch | None:
        tables = answer["tables"]
        errors = [one["error"] for one in tables.values() if one["error"]]
        if errors or any(f"{kind[:-1]}_metrics" not in tables for kind in KINDS):
            return expected("a maintenance of all tables of metrics", errors or sorted(tables))
        parts = sum(one[part] for one in tables.values())
        return (
            None if answer[total] == parts else expected(f"{total} to be the sum of its parts", answer[total])
        )

    return check
