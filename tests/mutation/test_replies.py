"""A gateway that did nothing answers like one that did."""

from __future__ import annotations

import msgspec
from exchanges_of import exchange, reply, request

from loadtest.mutation.exchanges import Exchange, RecordedResponse
from loadtest.mutation.replies import another_reply, plausible_reply

PUT = "PUT /tools/{tool_id}"
STATE = "POST /tools/{tool_id}/state"


def test_an_update_is_answered_with_the_new_values_and_id() -> None:
    before = exchange(
        PUT,
        "/tools/1111",
        {"id": "1111", "name": "lt-first", "timeout": 5, "url": "http://h/1111"},
        fields={"name": "lt-first", "timeout": 5},
    )
    answer = plausible_reply(
        request(PUT, "/tools/2222", fields={"name": "lt-second", "timeout": 7}), [before]
    )
    assert answer is not None
    assert msgspec.json.decode(answer.body) == {
        "id": "2222",
        "name": "lt-second",
        "timeout": 7,
        "url": "http://h/2222",
    }


def test_a_switch_is_answered_like_one_in_the_same_direction() -> None:
    observed = [
        exchange(STATE, f"/tools/{name}/state?activate={str(on).lower()}", {"id": name, "enabled": on})
        for name, on in (("1111", True), ("2222", False))
    ]
    for on in (True, False):
        asked = request(STATE, f"/tools/3333/state?activate={str(on).lower()}")
        answer = plausible_reply(asked, observed)
        assert answer is not None
        assert msgspec.json.decode(answer.body) == {"id": "3333", "enabled": on}


def test_a_redirect_of_a_form_leads_to_the_new_entity() -> None:
    operation = "POST /admin/tools/{tool_id}/edit"
    done = RecordedResponse(303, [("Location", "/admin?tool=1111"), ("Content-Length", "0")], b"")
    observed = [Exchange(request(operation, "/admin/tools/1111/edit", form="name=first"), done)]
    answer = plausible_reply(request(operation, "/admin/tools/2222/edit", form="name=second"), observed)
    assert answer == RecordedResponse(303, [("Location", "/admin?tool=2222")], b"")


def test_a_refusal_is_no_success() -> None:
    assert plausible_reply(request(PUT, "/tools/2"), [exchange(PUT, "/tools/1", status=409)]) is None
    assert plausible_reply(request(PUT, "/tools/2"), []) is None


def test_another_item_has_another_path_and_body() -> None:
    get = "GET /tools/{tool_id}"
    observed = [exchange(get, "/tools/1", {"id": "1"}), exchange(get, "/tools/2", {"id": "2"})]
    other = another_reply(request(get, "/tools/1"), observed, reply({"id": "1"}))
    assert other is not None
    assert other.body == b'{"id":"2"}'
    assert another_reply(request(get, "/tools/1"), observed[:1], reply({"id": "1"})) is None
    assert another_reply(request(get, "/tools/3"), observed[:1], reply({"id": "1"})) is None
