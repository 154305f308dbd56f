"""Plugins bound to the tools and agents of a team: who sees, binds and removes them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from loadtest.fixtures.callers import Role
from loadtest.users.access.visibility.base import VisibilityUser, access_case
from loadtest.users.access.visibility.findings import judge_binding
from loadtest.users.access.visibility.matrix import FOREIGN, NOT_OWNING
from loadtest.users.base import task
from loadtest.users.checks import lists


class BindingOperations(NamedTuple):
    """The operations of the bindings of plugins to one kind of entity."""

    kind: str
    create: str
    items: str
    """Of one team."""
    all_items: str
    delete: str
    delete_all: str
    """By their reference."""

    def request(self, team: str, agent: str, reference: str, policy: Mapping[str, Any]) -> dict[str, Any]:
        """Return the query and the body that bind a plugin to the tools of ``team``, or to one ``agent`` of it."""
        if self.kind == "tool":
            named = {**policy, "tool_names": ["*"], "binding_reference_id": reference}
            return {"json": {"teams": {team: {"policies": [named]}}}}
        return {"params": {"team_id": team}, "json": {"agent_name": agent, "on_error": "ignore", **policy}}


PLUGIN = "OutputLengthGuardPlugin"
BINDINGS = (
    BindingOperations(
        "tool",
        "POST /tools/plugin_bindings/",
        "GET /tools/plugin_bindings/{team_id}",
        "GET /tools/plugin_bindings/",
        "DELETE /tools/plugin_bindings/{binding_id}",
        "DELETE /tools/plugin_bindings/",
    ),
    BindingOperations(
        "agent",
        "POST /a2a-agents/plugin-bindings/",
        "GET /a2a-agents/plugin-bindings/{team_id}",
        "GET /a2a-agents/plugin-bindings/",
        "DELETE /a2a-agents/plugin-bindings/{binding_id}",
        "DELETE /a2a-agents/plugin-bindings/",
    ),
)


class BindingVisibilityUser(VisibilityUser):
    """The team owner, who binds plugins, and callers who must not change that."""

    deep = True

    @task
    def bindings(self) -> None:
        """Plugins bound to the tools and agents of a team."""
        for binding in BINDINGS:
            if not self.offers(binding.create):
                continue
            with self.roles(binding.items) as callers:
                owner = self.bearer(callers, Role.OWNER)
                reference = self.name("binding")
                policy = {"plugin_id": PLUGIN, "mode": "permissive", "priority": 10, "config": {}}
                sent = binding.request(callers.team, self.name("agent"), reference, policy)
                with self.bound(binding, sent, owner) as identity:
                    for role in NOT_OWNING:
                        bearer = self.bearer(callers, role)
                        self.check_bindings(binding, role, bearer, callers.team, reference, identity)
                        label = f"bind a plugin to {binding.kind}s of the team as {role}"
                        self.refused(binding.create, label, bearer, **sent)
                    listed = lists(identity, at="bindings")
                    self.call(binding.items, bearer=owner, check=listed, team_id=callers.team)

    @contextmanager
    def bound(self, binding: BindingOperations, sent: Mapping[str, Any], owner: str) -> Iterator[str]:
        """Bind a plugin as the team owner for the ``with`` block, and yield the id of the binding."""
        made = self.call(binding.create, bearer=owner, **sent)
        identity = str(made.json.get("id") or made["bindings.0.id"])
        try:
            yield identity
        finally:
            self.call(binding.delete, bearer=owner, binding_id=identity)

    def check_bindings(
        self, binding: BindingOperations, role: Role, bearer: str, team: str, reference: str, identity: str
    ) -> None:
        """Check that ``role`` can neither remove nor, from outside the team, see a binding of the team."""
        by_reference = {"binding_reference_id": reference}
        label = f"unbind a plugin from {binding.kind}s of the team as {role}"
        self.refused(binding.delete, label, bearer, path={"binding_id": identity})
        nowhere: Mapping[str, str] = {}
        others = [(binding.delete_all, f"{label} by reference", nowhere, by_reference)]
        if role in FOREIGN:
            label = f"bindings of {binding.kind}s of the team for {role}"
            others.append((binding.items, label, {"team_id": team}, {}))
            others.append((binding.all_items, f"all {label}", nowhere, {}))
            others.append((binding.all_items, f"{label} by reference", nowhere, by_reference))
        for operation, what, path, params in others:
            case = access_case(operation, what, path, params)
            self.send(case, bearer, functools.partial(judge_binding, what, identity))
