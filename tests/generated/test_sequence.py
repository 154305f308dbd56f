"""The order of generated calls on a small gateway, and what they never touch."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from loadtest.generated.requests import Candidate, GeneratedOperation
from loadtest.generated.sequence import CallSequence, GeneratedAnswer, Request, Understood

NAMED = Candidate(body={"name": "{{name}}"})


def operation(name: str, *candidates: Candidate, withheld: str = "") -> GeneratedOperation:
    parameters = tuple(part[1:-1] for part in name.split("/") if part.startswith("{"))
    return GeneratedOperation(
        operation=name, parameters=parameters, candidates=candidates or (Candidate(),), withheld=withheld
    )


OPERATIONS = [
    operation("DELETE /widgets/{widget_id}"),
    operation("POST /admin/widgets/{widget_id}/delete"),
    operation("POST /widgets/{widget_id}/state"),
    operation("GET /widgets/{widget_id}"),
    operation("POST /widgets", Candidate(), NAMED),
    operation("GET /widgets"),
    operation("GET /parts/{part_id}"),
    operation("POST /metrics/reset", withheld="deletes data"),
]


@dataclass
class Gateway:
    """Widgets, of which ``foreign`` exists before."""

    widgets: dict[str, str] = field(default_factory=lambda: {"foreign": "echo"})
    calls: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)
    fails: str = ""

    def send(self, request: Request) -> GeneratedAnswer:
        name = request.operation.operation
        identity = next(iter(request.path.values()), "")
        self.calls.append(f"{name} {identity}".strip())
        if request.operation.withheld:
            return GeneratedAnswer(Understood.NO, status=401)
        if name == self.fails:
            return GeneratedAnswer(Understood.FAILED, status=500)
        if name == "GET /widgets":
            return self.yes([{"id": key, "name": value} for key, value in self.widgets.items()])
        if name == "POST /widgets":
            if not request.body:
                return GeneratedAnswer(Understood.NO, status=422)
            key = f"w{next(self.numbers)}"
            self.widgets[key] = request.body["name"]
            return self.yes({"id": key, "name": self.widgets[key]})
        if identity not in self.widgets:
            return GeneratedAnswer(Understood.NO, status=404)
        if "DELETE" in name or name.endswith("/delete"):
            del self.widgets[identity]
        return self.yes({"id": identity})

    @staticmethod
    def yes(body: Any) -> GeneratedAnswer:
        return GeneratedAnswer(Understood.YES, body, 200)


def sequence(gateway: Gateway, operations: list[GeneratedOperation] = OPERATIONS) -> CallSequence:
    names = itertools.count()
    return CallSequence(
        operations, gateway.send, unique=lambda: f"lt-{next(names)}x", url=lambda _: "http://127.0.0.1:9"
    )


def test_reads_come_before_changes_and_deletions_last() -> None:
    gateway = Gateway()
    sequence(gateway).run()
    unknown = "00000000-0000-4000-8000-000000000000"
    assert gateway.calls == [
        "GET /widgets",
        f"GET /parts/{{part_id}} {unknown}",
        "GET /widgets/{widget_id} foreign",
        "POST /metrics/reset",
        "POST /widgets",
        "POST /widgets",
        "POST /widgets/{widget_id}/state w0",
        f"GET /parts/{{part_id}} {unknown}",
        "DELETE /widgets/{widget_id} w0",
        "POST /widgets",
        "POST /widgets",
        "POST /admin/widgets/{widget_id}/delete w1",
    ]


def test_nothing_that_it_did_not_create_is_changed_or_deleted() -> None:
    gateway = Gateway()
    made = sequence(gateway)
    made.run()
    made.delete_all()
    assert gateway.widgets == {"foreign": "echo"}
    assert not [call for call in gateway.calls if call.endswith("foreign") and not call.startswith("GET ")]


def test_what_is_left_is_deleted_even_if_the_sequence_ends_early() -> None:
    gateway = Gateway()
    made = sequence(gateway)

    def send(request: Request) -> GeneratedAnswer:
        if request.operation.operation.endswith("/state"):
            raise KeyboardInterrupt
        return gateway.send(request)

    made.send = send
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert set(gateway.widgets) == {"foreign", "w0"}
    made.send = gateway.send
    made.delete_all()
    assert set(gateway.widgets) == {"foreign"}


def test_a_failure_is_not_tried_again() -> None:
    gateway = Gateway(fails="POST /widgets")
    sequence(gateway).run()
    assert gateway.calls.count("POST /widgets") == 1


def test_understood_reads_can_be_repeated() -> None:
    made = sequence(Gateway())
    made.run()
    assert [one.operation.operation for one in made.repeatable] == [
        "GET /widgets",
        "GET /widgets/{widget_id}",
    ]


def test_placeholders_are_replaced() -> None:
    sent: list[Request] = []

    def send(request: Request) -> GeneratedAnswer:
        sent.append(request)
        return GeneratedAnswer(Understood.NO, status=422)

    one = operation(
        "POST /x",
        Candidate(params={"n": 1.5}, body={"a": ["{{name}}"], "u": "{{url}}", "i": "{{id:tool_id}}"}),
    )
    made = sequence(Gateway(), [one])
    made.send = send
    made.run()
    assert sent[0].body == {
        "a": ["lt-0x"],
        "u": "http://127.0.0.1:9?lt=lt-0x",
        "i": "00000000-0000-4000-8000-000000000000",
    }
    assert sent[0].params == {"n": "1.5"}


NAMESAKES = [
    operation("DELETE /admin/llm/providers/{provider_id}"),
    operation("DELETE /auth/sso/admin/providers/{provider_id}"),
    operation("DELETE /llm/providers/{provider_id}"),
    operation("POST /auth/sso/admin/providers", NAMED),
    operation("POST /llm/providers", NAMED),
]


def test_collections_of_the_same_name_keep_their_entities_apart() -> None:
    """A page may report that it deleted an entity that it does not have, which is then left over."""
    made: dict[str, set[str]] = {"sso": set(), "llm": set()}
    wrong: list[str] = []

    def send(request: Request) -> GeneratedAnswer:
        name = request.operation.operation
        kind = "sso" if "sso" in name else "llm"
        if name.startswith("POST "):
            made[kind].add(request.body["name"])
            return Gateway.yes({"id": request.body["name"]})
        identity = request.path["provider_id"]
        if identity not in made[kind]:
            wrong.append(f"{name} {identity}")
        made[kind].discard(identity)
        return Gateway.yes({"status": "deleted"})

    calls = sequence(Gateway(), NAMESAKES)
    calls.send = send
    calls.run()
    calls.delete_all()
    assert (made, wrong) == ({"sso": set(), "llm": set()}, [])
