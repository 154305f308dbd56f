"""The collector of security events: arrived events are returned once they have arrived."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import requests

from loadtest.backends.peers import siem
from loadtest.client.backend_probes import CONNECTIVITY_TEST, arrived_events
from loadtest.gateway.ports import reserved_ports


def about(name: str) -> dict[str, Any]:
    """Return an event as the gateway exports it, as far as it matters here."""
    return {"event_type": "audit_create_tool", "context": {"resource_name": name}}


def send(url: str, *bodies: Any) -> list[int]:
    return [requests.post(f"{url}/events", json=body, timeout=10).status_code for body in bodies]


def served(story: Callable[[str], Any]) -> Any:
    """Return what ``story`` returns for the address of a collector that runs meanwhile."""

    async def run() -> Any:
        async with siem.running() as url:
            return await asyncio.to_thread(story, url)

    return asyncio.run(run())


def test_events_are_counted_by_kind_and_by_what_they_are_about() -> None:
    def story(url: str) -> list[int]:
        assert send(url, {"event_type": CONNECTIVITY_TEST}, about("a b/c"), about("other")) == [204, 204, 204]
        return [
            arrived_events(url, word) for word in (CONNECTIVITY_TEST, "audit_create_tool", "a b/c", "nothing")
        ]

    assert served(story) == [1, 2, 1, 0]


def test_a_reader_waits_for_one_more_event_than_there_were() -> None:
    async def story() -> tuple[int, int]:
        async with siem.running() as url:
            await asyncio.to_thread(send, url, about("tool"))
            reader = asyncio.create_task(asyncio.to_thread(arrived_events, url, "tool", beyond=1, within=10))
            await asyncio.to_thread(send, url, about("other"))
            assert await asyncio.to_thread(arrived_events, url, "other", within=5) == 1
            assert not reader.done()
            await asyncio.to_thread(send, url, about("tool"))
            async with asyncio.timeout(5):
                count = await reader
            return count, await asyncio.to_thread(arrived_events, url, "tool", beyond=2, within=0.05)

    assert asyncio.run(story()) == (2, 2)


def test_what_is_no_event_and_what_is_no_number_is_refused() -> None:
    def story(url: str) -> list[int]:
        garbage = requests.post(f"{url}/events", data="{", timeout=10).status_code
        question = requests.get(f"{url}/arrived/x?beyond=few", timeout=10).status_code
        return [*send(url, [about("x")]), garbage, question, *send(url, {"context": None})]

    assert served(story) == [400, 400, 400, 204]


def test_the_kind_that_arrived_longest_ago_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siem, "KEPT", 2)

    def story(url: str) -> list[int]:
        send(url, *({"event_type": word} for word in ("a", "b", "a", "c")))
        return [arrived_events(url, word) for word in ("a", "b", "c")]

    assert served(story) == [2, 0, 1]


def test_it_listens_on_the_port_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with reserved_ports(1) as (port,):
        monkeypatch.setenv(siem.PORT, str(port))
        # A gateway that gets only the port runs on this machine, whichever address others are given.
        monkeypatch.setenv("LOADTEST_BACKENDS_ADDRESS", "127.0.0.2")
        assert served(lambda url: url) == f"http://127.0.0.1:{port}"

        async def twice() -> None:
            async with siem.running():
                with pytest.raises(OSError, match="in use"):
                    async with siem.running():
                        pass

        asyncio.run(twice())
