"""Negative cases of every operation, generated from the contract and compared with the version's data.

They are sent once, by the first sweep. In the mix that follows, each scenario repeats a few at random.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from loadtest.client.answer import Answer, Problem
from loadtest.client.auth import limited_token, session_token
from loadtest.client.caller import StepFailed
from loadtest.client.negative_caller import NegativeCaller
from loadtest.client.protocols.protocol_cases import permission_cases, rpc_cases, session_cases
from loadtest.client.refusal import Finding, judge_query, refused_to
from loadtest.core.operations import base
from loadtest.openapi.contract import Contract, read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase, negative_cases
from loadtest.openapi.query_limits import invalid_queries
from loadtest.users.access.checks import judge_reserved
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.identity.auth import REFRESH
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.mcp.open_session import SERVER, mcp_session
from loadtest.versions.refusals import BY_PUBLIC_TOKEN, BY_TEAM_TOKEN, Outcomes, load_outcomes

BY_API_TOKEN = "API token"  # noqa: S105
"""Label of a request that is reserved for sessions, made with an API token."""
BY_SCOPED_TOKEN = "API token for another permission"  # noqa: S105
"""Label of a request with an API token that is limited to another permission."""
USE = "servers.use"
"""The permission without which an API token cannot use the endpoints of JSON-RPC and MCP at all."""
REPEATED = 5
"""Cases that a scenario sends when it runs again after the first sweep."""

Part = Callable[[str], bool]
"""Returns whether an operation belongs to a part of the contract."""
CaseJudge = Callable[[NegativeCase, Answer], Finding]
"""Returns how the response to a case is to be counted."""


def admin_reads(operation: str) -> bool:
    """Return whether the operation reads a page or a list of the admin UI."""
    return operation.startswith("GET /admin")


def admin_writes(operation: str) -> bool:
    """Return whether the operation changes something through the admin UI."""
    return " /admin" in operation and not operation.startswith("GET ")


def reads(operation: str) -> bool:
    """Return whether the operation reads through the API."""
    return operation.startswith("GET ") and " /admin" not in operation


def writes(operation: str) -> bool:
    """Return whether the operation changes something through the API."""
    return not operation.startswith("GET ") and " /admin" not in operation


def manages_tokens(operation: str) -> bool:
    """Return whether the operation is about API tokens, or gives a new token of a session."""
    return operation.partition(" ")[2].startswith("/tokens") or operation == REFRESH


class RefusalUser(PeopleUser):
    """Callers without a token or a permission, unknown ids, invalid bodies, violations of a protocol."""

    area = "refusals"
    deep = True

    @task
    def no_token_admin_reads(self) -> None:
        """Read the admin UI without a token."""
        self.refuse(self.cases(CaseGroup.NO_TOKEN, admin_reads), "")

    @task
    def no_token_admin_writes(self) -> None:
        """Change something through the admin UI without a token."""
        self.refuse(self.cases(CaseGroup.NO_TOKEN, admin_writes), "")

    @task
    def no_token_reads(self) -> None:
        """Read through the API without a token."""
        self.refuse(self.cases(CaseGroup.NO_TOKEN, reads), "")

    @task
    def no_token_writes(self) -> None:
        """Change something through the API without a token."""
        self.refuse(self.cases(CaseGroup.NO_TOKEN, writes), "")

    @task
    def no_permission_admin_reads(self) -> None:
        """Read the admin UI as a member without roles."""
        self.refuse_member(self.cases(CaseGroup.NO_PERMISSION, admin_reads))

    @task
    def no_permission_admin_writes(self) -> None:
        """Change something through the admin UI as a member without roles."""
        self.refuse_member(self.cases(CaseGroup.NO_PERMISSION, admin_writes))

    @task
    def no_permission_reads(self) -> None:
        """Read through the API as a member without roles."""
        self.refuse_member(self.cases(CaseGroup.NO_PERMISSION, reads))

    @task
    def no_permission_writes(self) -> None:
        """Change something through the API as a member without roles."""
        self.refuse_member(self.cases(CaseGroup.NO_PERMISSION, writes))

    @task
    def no_permission_json_rpc(self) -> None:
        """Call every method of JSON-RPC as a member without roles."""
        self.refuse_member([*permission_cases("/rpc", {}), *permission_cases("/rpc/", {})])

    @task
    def no_permission_mcp(self) -> None:
        """Call every method of MCP as a member without roles, in a session of that member."""
        with (
            self.without_roles() as bearer,
            mcp_session(self, bearer) as session,
        ):
            negative, chosen = self._negative(permission_cases("/mcp/", {}, session))
            for case in chosen:
                negative.send(case, bearer)

    @task
    def api_token(self) -> None:
        """Manage API tokens with an API token of the administrator: only a session may."""
        cases = [
            case._replace(label=BY_API_TOKEN) for case in self.cases(CaseGroup.NO_PERMISSION, manages_tokens)
        ]
        with self.own_token() as bearer:
            self.refuse(cases, bearer, judge_api_token)

    @task
    def scoped_token(self) -> None:
        """Call every method of JSON-RPC and MCP with an API token of the administrator for another permission."""
        with self.own_token(permissions=[USE]) as bearer:
            negative, chosen = self._negative(permission_cases("/rpc", {}, label=BY_SCOPED_TOKEN))
            for case in chosen:
                negative.send(case, bearer)
            with mcp_session(self, bearer) as session:
                negative, chosen = self._negative(permission_cases("/mcp/", {}, session, BY_SCOPED_TOKEN))
                for case in chosen:
                    negative.send(case, bearer)

    @task
    def token_for_no_team(self) -> None:
        """Use operations for an administrator of everything with a token that shows public entities only."""
        self.refuse_limited(BY_PUBLIC_TOKEN, ())

    @task
    def token_for_one_team(self) -> None:
        """Use operations for an administrator of everything with a token that shows the entities of one team."""
        with self.team() as team:
            self.refuse_limited(BY_TEAM_TOKEN, (team.id,))

    @task
    def unknown_ids_admin(self) -> None:
        """Name entities in the admin UI that do not exist."""
        cases = self.cases(CaseGroup.UNKNOWN_ID, lambda one: admin_reads(one) or admin_writes(one))
        self.refuse(cases, self.link.session.bearer)

    @task
    def unknown_ids(self) -> None:
        """Name entities in the API that do not exist."""
        cases = self.cases(CaseGroup.UNKNOWN_ID, lambda one: reads(one) or writes(one))
        self.refuse(cases, self.link.session.bearer)

    @task
    def invalid_bodies_admin(self) -> None:
        """Send bodies to the admin UI that its contract does not allow."""
        self.refuse(self.cases(CaseGroup.INVALID_BODY, admin_writes), self.link.session.bearer)

    @task
    def invalid_bodies(self) -> None:
        """Send bodies to the API that its contract does not allow."""
        cases = self.cases(CaseGroup.INVALID_BODY, lambda one: not admin_writes(one))
        self.refuse(cases, self.link.session.bearer)

    @task
    def invalid_queries_admin(self) -> None:
        """Send query parameters to the admin UI that are outside the limits that this release documents."""
        self.refuse_queries(lambda operation: " /admin" in operation)

    @task
    def invalid_queries(self) -> None:
        """Send query parameters to the API that are outside the limits that this release documents."""
        self.refuse_queries(lambda operation: " /admin" not in operation)

    @task
    def json_rpc(self) -> None:
        """Violate JSON-RPC, and call its methods without a token."""
        self.refuse_protocol([*rpc_cases("/rpc", {}), *rpc_cases("/rpc/", {})])

    @task
    def mcp(self) -> None:
        """Violate MCP at the gateway's own endpoint, with and without a trailing slash."""
        with mcp_session(self) as session:
            for endpoint in ("/mcp/", "/mcp"):
                self.refuse_protocol([*rpc_cases(endpoint, {}, session), *session_cases(endpoint, {})])

    @task
    def mcp_server(self) -> None:
        """Violate MCP at the endpoint of a virtual server."""
        path = {"server_id": self.fixture.server_id or ""}
        endpoint = "/servers/{server_id}/mcp"
        with mcp_session(self, None, SERVER, **path) as session:
            self.refuse_protocol([*rpc_cases(endpoint, path, session), *session_cases(endpoint, path)])

    def cases(self, group: CaseGroup, part: Part) -> list[NegativeCase]:
        """Return the cases of a ``group`` for the operations in ``part`` of the contract that are not excluded."""
        session = self.link.session
        return [
            case
            for case in negative_cases(session.contract)
            if case.group is group and part(case.operation) and not session.excludes(case.operation)
        ]

    def refuse(self, cases: Iterable[NegativeCase], bearer: str, judge: CaseJudge | None = None) -> None:
        """Send ``cases`` with the token ``bearer``; recorded outcomes are compared, unless ``judge`` decides."""
        negative, chosen = self._negative(cases)
        for case in chosen:
            answer = negative.send(case, bearer, functools.partial(judge, case) if judge else None)
            if answer is not None:
                self._undo(negative, case, answer)

    def refuse_member(self, cases: Iterable[NegativeCase]) -> None:
        """Send ``cases`` as a member without roles; they are undecided if there is none."""
        negative, chosen = self._negative(cases)
        try:
            with self.without_roles() as bearer:
                for case in list(chosen):
                    answer = negative.send(case, bearer)
                    chosen.remove(case)
                    if answer is not None:
                        self._undo(negative, case, answer)
        except StepFailed:
            for case in chosen:
                negative.undecided(case)
            raise

    def refuse_limited(self, label: str, teams: Sequence[str]) -> None:
        """Send requests with a token of the administrator for ``teams``, in which nothing can be created."""
        credentials = self.link.session.credentials
        if not credentials.jwt_secret:
            return
        bearer = limited_token(credentials.email, credentials.jwt_secret, teams=teams)
        found = self.cases(
            CaseGroup.NO_PERMISSION, lambda operation: operation.startswith("GET ") or "{" in operation
        )
        self.refuse(refused_to([case._replace(label=label) for case in found], self._outcomes), bearer)

    def refuse_queries(self, part: Part) -> None:
        """Send the invalid queries of a ``part`` of the contract; each parameter must be refused."""
        session = self.link.session
        documented = documented_by(session.data.version) if session.data else session.contract
        cases = (
            case
            for case in invalid_queries(documented, session.contract)
            if part(case.operation) and not session.excludes(case.operation)
        )
        self.refuse(cases, session.bearer, judge_query)

    def refuse_protocol(self, cases: Iterable[NegativeCase]) -> None:
        """Send ``cases`` of a protocol, as the administrator or without a token."""
        negative, chosen = self._negative(cases)
        for case in chosen:
            negative.send(case, "" if case.group is CaseGroup.NO_TOKEN else self.link.session.bearer)

    @contextmanager
    def own_token(self, **scope: list[str]) -> Iterator[str]:
        """Create an API token of the administrator for the ``with`` block, with a ``scope`` if given, and yield it."""
        name = self.name("token")
        new = {"name": name, "description": "A token of the load test.", "expires_in_days": 1}
        made = self.call(
            "POST /tokens", json=new | ({"scope": scope} if scope else {}), check=has("token.name", name)
        )
        try:
            yield str(made["access_token"])
        finally:
            self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=made["token.id"])

    @contextmanager
    def without_roles(self) -> Iterator[str]:
        """Create an account without roles for the ``with`` block, and yield its token."""
        with self.person() as person:
            roles = self.call("GET /rbac/users/{user_email}/roles", user_email=person.email).json
            for role in roles:
                scope = {key: str(role[key]) for key in ("scope", "scope_id") if role.get(key)}
                self.call(
                    "DELETE /rbac/users/{user_email}/roles/{role_id}",
                    user_email=person.email,
                    role_id=str(role["role_id"]),
                    params=scope,
                )
            secret = self.link.session.credentials.jwt_secret
            yield (session_token(person.email, secret, admin=False) if secret else self.signed_in(person))

    def _negative(self, cases: Iterable[NegativeCase]) -> tuple[NegativeCaller, list[NegativeCase]]:
        """Return the caller for ``cases``, and those of them that are sent this time."""
        sent = [case for case in cases if self.refusal_rules.sends(case.operation, case.label)]
        if self.process.sweep.over and len(sent) > REPEATED:
            sent = random.sample(sent, REPEATED)
        return self.negative_caller(self._outcomes), sent

    @functools.cached_property
    def _outcomes(self) -> Outcomes:
        """Return the outcomes recorded for the version of the gateway."""
        data = self.link.session.data
        return load_outcomes(data.version) if data else {}

    def _undo(self, negative: NegativeCaller, case: NegativeCase, answer: Answer) -> None:
        """Delete what a request created that should have been refused."""
        created, path = base(case.operation), case.operation.partition(" ")[2].rstrip("/")
        if not created.startswith("POST ") or not 200 <= answer.status < 300:
            return
        with suppress(Problem, LookupError, TypeError):
            body = answer.json
            identity = str((body.get("token") or body)["id"])
            for operation in self.link.session.contract.operations:
                method, _, template = operation.partition(" ")
                start, _, parameter = template.rpartition("/")
                if method == "DELETE" and start == path and parameter.startswith("{"):
                    negative.delete(operation, {**case.path, parameter.strip("{}"): identity})
                    return


@functools.cache
def documented_by(version: str) -> Contract:
    """Return the stored contract of ``version``."""
    return read_contract(contract_of(version).document)


def judge_api_token(case: NegativeCase, answer: Answer) -> Finding:
    """Return whether a request that is reserved for sessions was refused because of its credential."""
    return judge_reserved(f"{case.label}: {case.operation}", answer)
