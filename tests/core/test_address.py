"""One parser of addresses: one spelling for each, one line for everything else, and no password in it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.core.address import given_address, looks_like_address, parse_address
from loadtest.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:4444/", "http://127.0.0.1:4444"),
        (" https://GW.Example/Base/ ", "https://gw.example/Base"),
        ("HTTP://h:80", "http://h"),
        ("https://h:443/a", "https://h/a"),
        ("http://h:443", "http://h:443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://my_service.ns.svc:04444", "http://my_service.ns.svc:4444"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    assert parse_address(text, "X") == expected
    assert parse_address(expected, "X") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "http://[::1",
        "http://[::1]]",
        "http://[1.2.3]",
        "http://[fe80::1%eth0]",
        "http://h:0",
        "http://h:65536",
        "http://h:99999999999999999999",
        "http://h:port",
        "http://h:",
        "http:/h",
        "http:h",
        "//h",
        "h:80",
        "ftp://h",
        "file:///etc/passwd",
        "http://h/?a=b",
        "http://h/#a",
        "http://h\\evil",
        "http://h evil",
        "http://h/a b",
        "http://h\nX: y",
        "http://h\x00",
        "http://ä.example",
        "http://a..b",
        "http://.a",
        "http://%68",
        "http://h:²",
    ],
)
def test_malformed_addresses_give_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^LOADTEST_HOST=.*: expected http://HOST") as error:
        parse_address(text, "LOADTEST_HOST")
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "http://user:hunter22@h",
        "https://hunter22@h:1/a",
        "http://user:a@hunter22@h",
        "http://user:hunter22/@h",
        "user:hunter22@h",
        "http:user:hunter22@h",
        "http://user:hunter22\n@h",
        "http://u:hunter22?@h",
        "http://[::1@hunter22@x",
    ],
)
def test_a_user_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    assert looks_like_address(text)
    with pytest.raises(UsageError, match="expected no user in the address") as error:
        parse_address(text, "GATEWAY")
    assert "hunter22" not in str(error.value)
    assert str(error.value).isprintable()


@given(st.text(max_size=60).map("http://".__add__) | st.text(max_size=60))
def test_any_text_is_an_address_or_one_line(text: str) -> None:
    try:
        address = parse_address(text, "X")
    except UsageError as refused:
        message = str(refused)
    else:
        message = ""
    assert not message or message.isprintable()
    if message:
        return
    assert parse_address(address, "X") == address
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.username is None


@pytest.mark.parametrize(
    ("gateway", "host", "expected"),
    [
        (None, "", None),
        ("3.0.7", "", "3.0.7"),
        (None, "http://a", "http://a"),
        ("http://a/", "http://A:80", "http://a/"),
    ],
)
def test_what_is_to_be_driven(gateway: str | None, host: str, expected: str | None) -> None:
    assert given_address(gateway, {"LOADTEST_HOST": host}) == expected


@pytest.mark.parametrize("gateway", ["3.0.7", "path:.", "http://b"])
def test_two_different_targets_are_refused(gateway: str) -> None:
    with pytest.raises(UsageError, match=rf"GATEWAY={gateway} and LOADTEST_HOST=http://a: expected one"):
        given_address(gateway, {"LOADTEST_HOST": "http://a"})
