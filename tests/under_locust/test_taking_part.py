"""What scenarios do under another name of their operations, and which of them have nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from loadtest.client.answer import Answer
from loadtest.client.auth import Credentials
from loadtest.client.element_log import ElementLog
from loadtest.client.secrecy.stored import StoredSecrets
from loadtest.client.session import Session
from loadtest.engine.link import GatewayLink
from loadtest.openapi.contract import read_contract
from loadtest.recording.recorder import Recorder
from loadtest.users.base import GatewayUser, task
from loadtest.versions.data import SkippedScenarios, VersionData


class ThingsUser(GatewayUser):
    area = "things"

    @task
    def lifecycle(self) -> None:
        with self.created("POST /things", delete="DELETE /things/{thing_id}") as thing:
            self.call("GET /things/{thing_id}", thing_id=thing["id"])
            self.rpc("POST /things/{thing_id}/mcp ping", thing_id=thing["id"])
            with self.stream("GET /things/{thing_id}/sse", thing_id=thing["id"]):
                self.call("GET /other", unlisted=self.offers("GET /things"))


class AliasesUser(GatewayUser):
    area = "things"
    renamed: ClassVar = {"/things": "/objects"}

    lifecycle = ThingsUser.lifecycle


class Api:
    """Records the calls; has a fixed set of offered operations."""

    def __init__(self, session: Session) -> None:
        self.session, self.scenario, self.calls = session, None, list[str]()
        self.elements = ElementLog(lambda _operation, _elements: None)
        self.secrets = StoredSecrets()

    def offers(self, operation: str) -> bool:
        return operation in self.session.contract.operations

    def call(self, operation: str, **_: Any) -> Answer:
        self.calls.append(operation)
        return Answer(operation, 200, {"content-type": "application/json"}, b'{"id": "7"}')

    def rpc(self, operation: str, params: Any, **_: Any) -> None:
        self.calls.append(operation)

    def stream(self, operation: str, **_: Any) -> Any:
        self.calls.append(operation)
        return pytest.MonkeyPatch.context()


def called(
    user_class: Any, *, paths: Sequence[str], skipped: Sequence[str] = ()
) -> tuple[list[str], list[Any]]:
    document: dict[str, Any] = {
        "paths": {path: {"get": {"responses": {"200": {"content": {}}}}} for path in paths}
    }
    data = VersionData(
        version="1", python=">=3", skipped=(SkippedScenarios(scenarios=tuple(skipped), reason="for once"),)
    )
    credentials = Credentials(email="a@b", jwt_secret="x" * 32)
    contract = read_contract(document)
    session = Session("http://127.0.0.1:9", credentials.bearer(), credentials, contract, None, data)
    user = user_class.__new__(user_class)
    user.api = api = Api(session)
    recorder = Recorder.__new__(Recorder)
    ended: list[Any] = []
    vars(recorder).update(
        scenario_started=lambda name: None, scenario_ended=lambda name, end: ended.append((name, end.value))
    )
    user.process, user.link = SimpleNamespace(session=session, recorder=recorder), GatewayLink(session)
    user.lifecycle()
    return api.calls, ended


def test_a_scenario_of_another_class_calls_other_names() -> None:
    calls, _ = called(AliasesUser, paths=["/objects", "/other"])
    assert calls == [
        "POST /objects",
        "GET /objects/{thing_id}",
        "POST /objects/{thing_id}/mcp ping",
        "GET /objects/{thing_id}/sse",
        "GET /other",
        "DELETE /objects/{thing_id}",
    ]
    calls, _ = called(ThingsUser, paths=["/things"])
    assert calls[0] == "POST /things"


def test_where_the_other_name_is_not_served_there_is_nothing_to_do() -> None:
    calls, ended = called(AliasesUser, paths=["/things", "/objects/{id}"])
    assert calls == []
    assert ended == [("AliasesUser.lifecycle", "completed")], "what it would have called is not undecided"


def test_a_version_leaves_scenarios_out_by_name() -> None:
    assert called(ThingsUser, paths=["/things"], skipped=["ThingsUser.lifecycle"])[0] == []
    assert called(ThingsUser, paths=["/things"], skipped=["AliasesUser.lifecycle"])[0] != []
