"""Locust's web page answers itself, and no page from elsewhere."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from loadtest.engine.web_page import protect

ADDRESS = "http://gateway.example:4444"


def page(bound_to: str = "127.0.0.1", shown_as: str | None = None) -> FlaskClient:
    app = Flask(__name__)
    protect(app, bound_to=bound_to, shown_as=shown_as, address=lambda: ADDRESS)
    app.add_url_rule("/swarm", "swarm", lambda: "started", methods=["POST"])
    app.add_url_rule("/stats/requests", "stats", lambda: "figures")
    return app.test_client()


def status(client: FlaskClient, host: str, **headers: str) -> set[int]:
    """Ask both ways as if for ``host``; return the statuses."""
    sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    form = {"user_count": "1", "host": ADDRESS + "/"}
    return {
        client.post("/swarm", data=form, headers=sent).status_code,
        client.get("/stats/requests", headers=sent).status_code,
    }


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8089", "localhost:8089", "LOCALHOST:9000", "[::1]:8089", "localhost"]
)
def test_our_own_page(host: str) -> None:
    client = page()
    assert status(client, host) == {200}
    assert status(client, host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin") == {200}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8089",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.5:8089",
        "",
        "[::1",
        "a@localhost",
        "localhost:8089:1",
        "localhost/a",
    ],
)
def test_another_name_for_this_machine(host: str) -> None:
    assert status(page(), host) == {403}


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://localhost:8089",
        "http://localhost:3000",
        "http://localhost",
        "",
    ],
)
def test_a_page_from_elsewhere(origin: str) -> None:
    assert status(page(), "localhost:8089", Origin=origin) == {403}


def test_a_form_from_elsewhere_without_an_origin() -> None:
    client = page()
    sent = {"Host": "localhost:8089", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/swarm", data={}, headers=sent).status_code == 403
    # A link to the page.
    assert client.get("/stats/requests", headers=sent).status_code == 200


@pytest.mark.parametrize(
    ("bound_to", "shown_as", "host", "expected"),
    [
        ("", None, "10.0.0.5:8089", 200),
        ("::", None, "192.168.1.2:8089", 200),
        ("10.0.0.5", None, "10.0.0.5:8089", 200),
        ("load.example", None, "load.example:8089", 200),
        ("", "https://shown.example/locust", "shown.example", 200),
        ("", "shown.example", "shown.example:8089", 200),
        ("", None, "evil.example:8089", 403),
        ("", "shown.example", "evil.example", 403),
    ],
)
def test_another_interface(bound_to: str, shown_as: str | None, host: str, expected: int) -> None:
    assert status(page(bound_to, shown_as), host) == {expected}


@pytest.mark.parametrize(
    "asked",
    ["http://evil.example", "http://gateway.example", "http://user:hunter22@h", "", "http://[::1", "<b>"],
)
def test_another_address(asked: str) -> None:
    answer = page().post("/swarm", data={"host": asked}, headers={"Host": "localhost:8089"})
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["success"] is False
    assert f"this load was started for {ADDRESS}" in answer.json["message"]
    assert "hunter22" not in answer.text
