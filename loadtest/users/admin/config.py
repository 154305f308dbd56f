"""Settings and caches of the gateway, for administrators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.client.answer import Answer
from loadtest.client.caller import StepFailed
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import finds, shows
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has

DEFAULT_HEADERS = ["X-Tenant-Id", "X-Trace-Id"]
"""Headers that a gateway passes through by default."""

OK = 200
RARELY = {
    429: "the gateway accepts ten to thirty of these per minute from one address, regardless of its settings"
}


class AdminConfigUser(GatewayUser):
    """An administrator who manages settings."""

    area = "admin-config"

    @task(10)
    def settings(self) -> None:
        """All settings, by group."""
        self.call(
            "GET /admin/config/settings",
            check=lambda a: None if a["groups"] else expected("groups of settings"),
        )

    @task
    def headers(self) -> None:
        """Headers that are passed through to backends, read and written back unchanged."""
        try:
            read = self.call("GET /admin/config/passthrough-headers", accept=RARELY)
            listed = read["passthrough_headers"] if read.status == OK else None
        except StepFailed:
            # If they cannot be read, they cannot have been changed: the defaults apply.
            listed = DEFAULT_HEADERS
        if listed is not None:
            self.call(
                "PUT /admin/config/passthrough-headers",
                json={"passthrough_headers": listed},
                accept=RARELY,
                check=lambda a: (
                    None
                    if a["passthrough_headers"] == listed
                    else expected("the list as it was", a["passthrough_headers"])
                ),
            )

    @task
    def headers_cache(self) -> None:
        """Statistics of the cache of those headers."""
        self.call("GET /admin/config/passthrough-headers/cache-stats", accept=RARELY)

    @task
    def headers_cache_emptied(self) -> None:
        """Clearing the cache of those headers."""
        self.call("POST /admin/config/passthrough-headers/invalidate-cache", accept=RARELY)

    @task
    def agents_cache(self) -> None:
        """Statistics of the cache of agent metrics."""
        self.call("GET /admin/cache/a2a-stats/stats", accept=RARELY)

    @task
    def agents_cache_emptied(self) -> None:
        """Clearing the cache of agent metrics."""
        self.call("POST /admin/cache/a2a-stats/invalidate", accept=RARELY)


BINDING = re.compile(r"plugin-bindings/([0-9a-f-]{32,36})/delete")
"""Position of the id on the page of bindings."""


class AdminPluginsUser(AdminUser):
    """A user who manages plugins."""

    area = "admin-plugins"

    @task(2)
    def looks(self) -> None:
        """The plugins as a page and as a list, their statistics, and one of them."""
        self.call("GET /admin/plugins/partial", check=shows("lugin"))
        name = str(self.call("GET /admin/plugins", check=finds("plugins.0.name"))["plugins.0.name"])
        self.call("GET /admin/plugins/stats", check=finds("total_plugins"))
        self.call("GET /admin/plugins/{name}", name=name, check=has("name", name))
        if self.offers("GET /plugins"):
            self.call("GET /plugins", params={"search": name}, check=has("plugins.0.name", name))

    @task
    def modes(self) -> None:
        """The switches of all plugins and of one, set to their current state."""
        if not self.offers("PUT /admin/plugins"):
            return
        listed = self.call("GET /admin/plugins", check=finds("plugins.0.name"))
        enabled = listed["plugins_globally_enabled"]
        self.call("PUT /admin/plugins", json={"enabled": enabled}, check=has("plugins_enabled", enabled))
        name, mode = str(listed["plugins.0.name"]), listed["plugins.0.mode"]
        self.call("PUT /admin/plugins/{name}", name=name, json={"mode": mode}, check=has("mode", mode))

    @task
    def bindings(self) -> None:
        """A plugin that is bound to an agent of a team, and unbound."""
        if not self.offers("POST /admin/a2a/plugin-bindings"):
            return
        with self._team() as team:
            agent = self.name("agent")
            form = {
                "team_id": team,
                "agent_name": agent,
                "plugin_id": self.name("plugin"),
                "mode": "report",
                "priority": "50",
                "on_error": "ignore",
                "config": "{}",
            }
            self.call("POST /admin/a2a/plugin-bindings", form=form, check=shows(agent))
            found: list[str] = []

            def listed(answer: Answer) -> Mismatch | None:
                found.extend(set(BINDING.findall(answer.text)))
                return shows(agent)(answer) or (None if len(found) == 1 else expected("one binding", found))

            self.call("GET /admin/a2a/plugin-bindings/partial", params={"team_id": team}, check=listed)
            released = shows("</form>")
            delete = "POST /admin/a2a/plugin-bindings/{binding_id}/delete"
            self.call(delete, binding_id=found[0], check=released)

    @contextmanager
    def _team(self) -> Iterator[str]:
        new = {"name": self.name("team"), "visibility": "public"}
        with self.created("POST /teams/", json=new, delete="DELETE /teams/{team_id}") as team:
            yield team.id
