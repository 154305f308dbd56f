import asyncio
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from loadtest.backends.peers import smtp
from loadtest.client.backend_probes import newest_mail
from loadtest.gateway.ports import reserved_ports

ADDRESS = "user@example.com"


def message(subject: str, text: str, to: str = ADDRESS) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "gateway@example.com", to
    mail.set_content("the same without links")
    mail.add_alternative(text, subtype="html")
    return mail


def send(port: int, *mails: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        for mail in mails:
            server.send_message(mail)


@pytest.fixture
def mail_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with reserved_ports(1) as (port,):
        monkeypatch.setenv(smtp.PORT, str(port))
        yield port


def test_the_html_of_a_mail_can_be_fetched_whole(mail_port: int) -> None:
    link = "http://127.0.0.1/reset-password/" + "a-long_token" * 20

    async def story() -> str | None:
        async with smtp.running() as url:
            await asyncio.to_thread(
                send, mail_port, message("Older", "old"), message("Reset", f"See {link} ä")
            )
            return await asyncio.to_thread(newest_mail, url, ADDRESS, within=5)

    text = asyncio.run(story())
    assert text is not None
    assert text.split() == ["See", link, "ä"]


def test_a_reader_waits_for_mail_that_comes_later_and_for_no_other(mail_port: int) -> None:
    async def story() -> tuple[Any, Any]:
        async with smtp.running() as url:
            reader = asyncio.create_task(asyncio.to_thread(newest_mail, url, "late@example.com", within=10))
            await asyncio.to_thread(send, mail_port, message("Other", "not this one"))
            assert await asyncio.to_thread(newest_mail, url, ADDRESS, within=5) == "not this one"
            assert not reader.done()
            await asyncio.to_thread(send, mail_port, message("Late", "here", to="Late@example.com"))
            return await reader, await asyncio.to_thread(newest_mail, url, "late@example.com", within=0)

    assert asyncio.run(story()) == ("here", None)


def test_a_port_in_use_is_reported(mail_port: int) -> None:
    async def story() -> None:
        async with smtp.running():
            with pytest.raises(OSError, match="in use"):
                async with smtp.running():
                    pass

    asyncio.run(story())


def test_without_a_port_a_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(smtp.PORT, raising=False)

    async def story() -> requests.Response:
        async with smtp.running() as url:
            assert urlsplit(url).hostname == "127.0.0.1"
            return await asyncio.to_thread(requests.get, f"{url}/mail/x?within=soon", timeout=10)

    assert asyncio.run(story()).status_code == 400


def test_a_mail_without_html_is_its_text(mail_port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "gateway@example.com", ADDRESS
    mail.set_content("plain")

    async def story() -> str | None:
        async with smtp.running() as url:
            await asyncio.to_thread(send, mail_port, mail)
            return await asyncio.to_thread(newest_mail, url, ADDRESS, within=5)

    assert asyncio.run(story()) == "plain"
