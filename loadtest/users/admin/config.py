"""Settings and caches of the gateway, for administrators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect, StepFailed
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import finds, has_length, shows
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import both, has
from loadtest.users.ops.log_search import MOST
from loadtest.users.recorded import ATTEMPTS
from loadtest.users.teams import OPEN

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
            check=has("groups.Authentication & Security.jwt_secret_key", "*****"),
        )

    @task
    def headers(self) -> None:
        """Headers that are passed through to backends, read and written back unchanged."""
        try:
            read = self.call("GET /admin/config/passthrough-headers", accept=RARELY, check=are_headers)
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
        stats = "GET /admin/config/passthrough-headers/cache-stats"
        self.call(stats, accept=RARELY, check=is_cache)

    @task
    def headers_cache_emptied(self) -> None:
        """Clearing the cache of those headers."""
        invalidate = "POST /admin/config/passthrough-headers/invalidate-cache"
        self.call(invalidate, accept=RARELY, check=is_emptied)

    @task
    def agents_cache(self) -> None:
        """Statistics of the cache of agent metrics."""
        self.call("GET /admin/cache/a2a-stats/stats", accept=RARELY, check=is_cache)

    @task
    def agents_cache_emptied(self) -> None:
        """Clearing the cache of agent metrics."""
        self.call("POST /admin/cache/a2a-stats/invalidate", accept=RARELY, check=is_emptied)


BINDING = re.compile(r"plugin-bindings/([0-9a-f-]{32,36})/delete")
"""Position of the id on the page of bindings."""


SWITCHED = "switched"
"""A plugin of the gateways that we boot, of which only one scenario changes the mode."""
TURNS = 4
"""How often the mode is set before it counts as not changed."""
LOOK_AGAIN = 0.1
"""Seconds before it is set again."""


class AdminPluginsUser(AdminUser):
    """A user who manages plugins."""

    area = "admin-plugins"

    @task(2)
    def looks(self) -> None:
        """The plugins as a page and as a list, their statistics, and one of them."""
        self.call("GET /admin/plugins/partial", check=shows("lugin"))
        listed = self.call("GET /admin/plugins", check=both(finds("plugins.0.name"), counts_plugins))
        name = str(listed["plugins.0.name"])
        self.call("GET /admin/plugins/stats", check=finds("total_plugins"))
        plugin = self.call("GET /admin/plugins/{name}", name=name, check=has("name", name))
        if self.switched_on("AUDIT_TRAIL_ENABLED"):
            self.check_view(name)
        wanted = {"search": name, "mode": str(plugin["mode"]), "tag": str(plugin["tags.0"])}
        for operation in (one for one in ("GET /admin/plugins", "GET /plugins") if self.offers(one)):
            self.call(operation, params=wanted, check=both(has("plugins.0.name", name), counts_plugins))
            for parameter in ("search", "mode", "hook", "tag"):
                other = {parameter: "no-such-value"}
                self.call(operation, params=other, check=has_length(0, at="plugins"))

    def check_view(self, plugin: str) -> None:
        """Check that looks at a plugin are in the audit trail.

        A record is lost if the database is locked: only if those of several looks are is one missing.
        """
        views: dict[str, Any] = {"resource_type": "plugin", "action": "view", "limit": MOST}
        for _ in range(ATTEMPTS - 1):
            if has_view(plugin)(self.call("GET /api/logs/audit-trails", params=views)) is None:
                return
            self.call("GET /admin/plugins/{name}", name=plugin)
        self.call("GET /api/logs/audit-trails", params=views, check=has_view(plugin))

    @task
    def modes(self) -> None:
        """The switch of all plugins, set to its current state, and one plugin in another mode and in its own again."""
        if not self.offers("PUT /admin/plugins"):
            return
        listed = self.call("GET /admin/plugins", check=finds("plugins.0.name"))
        enabled = listed["plugins_globally_enabled"]
        self.call("PUT /admin/plugins", json={"enabled": enabled}, check=has("plugins_enabled", enabled))
        if any(one["name"] == SWITCHED for one in listed["plugins"]):
            self.switch_plugin("permissive", effect=self.has_mode("permissive"))
            self.switch_plugin("disabled", effect=self.has_mode("disabled"))
        else:
            name, mode = str(listed["plugins.0.name"]), listed["plugins.0.mode"]
            self.call("PUT /admin/plugins/{name}", name=name, json={"mode": mode}, check=has("mode", mode))

    def switch_plugin(self, mode: str, effect: Effect | None = None) -> None:
        """Change the mode of the plugin that no other scenario looks at."""
        done = has("mode", mode)
        self.call("PUT /admin/plugins/{name}", name=SWITCHED, json={"mode": mode}, check=done, effect=effect)

    def has_mode(self, mode: str) -> Effect:
        """Return an effect that reads the ``mode`` of the plugin, and sets it again, as another user may change it."""

        def effect(_: Answer) -> Mismatch | None:
            found = ""
            for _turn in range(TURNS):
                read = self.call("GET /admin/plugins/{name}", name=SWITCHED)
                found = str(read["mode"])
                if found == mode:
                    return has("status", "disabled" if mode == "disabled" else "enabled")(read)
                # Another worker process learns of the change a moment later.
                gevent.sleep(LOOK_AGAIN)
                self.switch_plugin(mode)
            return expected(f"the plugin to be in the mode {mode}", found)

        return effect

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
            self.call(
                delete, binding_id=found[0], check=released, effect=lambda _: self._unbound(team, agent)
            )

    def _unbound(self, team: str, agent: str) -> Mismatch | None:
        partial = "GET /admin/a2a/plugin-bindings/partial"
        page = self.call(partial, params={"team_id": team})
        return expected("the binding not to be on the page", page.text) if agent in page.text else None

    @contextmanager
    def _team(self) -> Iterator[str]:
        with self.team(**OPEN) as team:
            yield team.id


def counts_plugins(answer: Answer) -> Mismatch | None:
    """Check that the counts of plugins match those that are listed."""
    states = [one["status"] for one in answer["plugins"]]
    counted = answer["total"], answer["enabled_count"], answer["disabled_count"]
    right = counted == (len(states), states.count("enabled"), states.count("disabled"))
    return None if right else expected("the counts of the plugins that are listed", counted)


def has_view(plugin: str) -> Check:
    """Return a check that records of audit have a look at ``plugin``, and nothing but looks at plugins."""

    def check(answer: Answer) -> Mismatch | None:
        found = {(one["action"], one["resource_type"], one["resource_id"]) for one in answer.json}
        right = ("view", "plugin", plugin) in found and {one[:2] for one in found} == {("view", "plugin")}
        return None if right else expected("looks at plugins in the audit trail, and this one", found)

    return check


def is_cache(answer: Answer) -> Mismatch | None:
    """Check that the statistics of a cache add up."""
    hits, misses, rate = answer["hit_count"], answer["miss_count"], answer["hit_rate"]
    right = hits >= 0 and misses >= 0 and 0 <= rate <= 1 and answer["ttl_seconds"] > 0
    return None if right else expected("counts of a cache and their rate", (hits, misses, rate))


def is_emptied(answer: Answer) -> Mismatch | None:
    """Check that a cache was emptied."""
    done = answer["status"] == "invalidated" and answer["cache_stats.is_cached"] is False
    return None if done else expected("an empty cache", answer.json)


def are_headers(answer: Answer) -> Mismatch | None:
    """Check that a list of headers is a list of names."""
    names = answer["passthrough_headers"]
    right = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    return None if right else expected("names of headers", names)
