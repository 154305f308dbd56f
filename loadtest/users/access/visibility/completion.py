"""Completion of arguments and addresses, and templates of resources: whom they show which entity."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from loadtest.fixtures.callers import Role
from loadtest.openapi.negative_cases import NegativeCase
from loadtest.users.access.visibility.base import (
    IN_SESSIONS,
    MCP,
    RPC,
    Body,
    Entities,
    VisibilityUser,
    access_case,
    rpc_case,
)
from loadtest.users.access.visibility.findings import judge_completed
from loadtest.users.access.visibility.matrix import PROMPTS, RESOURCES, EntityOperations, sees
from loadtest.users.base import task
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.registry.fixtures import INFO, new_prompt, new_resource

COMPLETE = "completion/complete"
PROTOCOL = "POST /protocol/completion/complete"


class CompletionVisibilityUser(VisibilityUser):
    """Callers of every role but that of a scoped token, and prompts and resources of each visibility."""

    deep = True

    @task
    def of_prompts(self) -> None:
        """Completion of an argument of a prompt."""

        def completion(name: str) -> Mapping[str, Any]:
            return {
                "ref": {"type": "ref/prompt", "name": name},
                "argument": {"name": "who", "value": "lt"},
            }

        with self.everybody(PROMPTS, lambda name, scope: new_prompt(name, scope=scope)) as (bearers, made):
            for role, bearer in bearers.items():
                self.check_completing(PROMPTS, role, bearer, made, completion)

    @task
    def of_resources(self) -> None:
        """Completion of the address of a resource, with a public template."""
        template = f"loadtest://{self.name('template')}/{{name}}"

        def completion(address: str) -> Mapping[str, Any]:
            return {
                "ref": {"type": "ref/resource", "uri": template},
                "argument": {"name": "name", "value": address.rpartition("/")[2]},
            }

        own = self.documented("POST /resources", {"uri_template": template}, under="resource")
        public = new_resource(self.name("template"), uri=template, **own)
        with (
            self.everybody(RESOURCES, lambda name, scope: new_resource(name, scope=scope)) as (bearers, made),
            self.created("POST /resources", json=public, delete="DELETE /resources/{resource_id}", read=INFO),
        ):
            for role, bearer in bearers.items():
                self.check_completing(RESOURCES, role, bearer, made, completion)

    @task
    def templates(self) -> None:
        """Templates of resources, in the lists of MCP."""

        def template(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
            address = f"loadtest://{name}/{{part}}"
            own = self.documented("POST /resources", {"uri_template": address}, under="resource")
            return new_resource(name, scope=scope, uri=address, **own)

        method, member = "resources/templates/list", "resourceTemplates"
        with self.everybody(RESOURCES, template) as (bearers, made):
            named_ones = {
                visibility: one._replace(name=one.name.split("/")[2]) for visibility, one in made.items()
            }
            for role, bearer in bearers.items():
                self.check_listed(RESOURCES, role, bearer, named_ones, f"{RPC} {method}", member=member)
                if role in IN_SESSIONS:
                    with mcp_session(self, bearer) as session:
                        listed = f"{MCP} {method}"
                        self.check_listed(RESOURCES, role, bearer, named_ones, listed, session, member)

    @contextmanager
    def everybody(self, entity: EntityOperations, body: Body) -> Iterator[tuple[dict[Role, str], Entities]]:
        """Create an entity in each visibility as the team owner for the ``with`` block.

        Yields:
            the token of each role with an account and of the API token of the team, and the entities.
        """
        with self.roles(entity.items) as callers, ExitStack() as undo:
            made = self.made_in_each(entity, body, callers, undo)
            yield self.bearers(callers, undo, without=(Role.READ_TOKEN,)), made

    def check_completing(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Entities,
        completion: Callable[[str], Mapping[str, Any]],
    ) -> None:
        """Check that completion, at each endpoint, reveals an entity to those only who see it.

        ``completion`` returns the parameters of the request about an entity with this name.
        """

        def check(case: Callable[[str, Mapping[str, Any]], NegativeCase]) -> None:
            def request(name: str, label: str) -> NegativeCase:
                return case(f"completion of a {label} {entity.kind} for {role}", completion(name))

            if entity is not RESOURCES:
                # No release completes arguments of prompts that it stores itself, for any caller.
                self.check_like_unknown(entity, role, bearer, made, request, hidden_only=True)
                return
            for visibility, one in made.items():
                shown = sees(entity, visibility, role)
                judge = functools.partial(judge_completed, entity, visibility, role, one.name, expected=shown)
                self.send(request(one.name, visibility.value), bearer, judge)

        check(functools.partial(rpc_case, f"{RPC} {COMPLETE}"))
        check(lambda label, params: access_case(PROTOCOL, label)._replace(json=params))
        if role in IN_SESSIONS:
            with mcp_session(self, bearer) as session:
                check(functools.partial(rpc_case, f"{MCP} {COMPLETE}", session=session))
