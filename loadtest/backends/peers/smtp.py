"""A mail server whose received mail can be fetched over HTTP.

The port is a setting of the gateway and of this server (``LOADTEST_MAIL_PORT``); without it, a free port is used. See
https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
from collections import OrderedDict
from collections.abc import AsyncIterator

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtest.backends import chosen_port, port_variable
from loadtest.backends.asgi import serving

PORT = port_variable("mail")
"""Environment variable with the loopback port."""

KEPT = 10_000
"""Maximum number of addresses whose mail is kept; beyond that the oldest is dropped."""

LONGEST = 30.0
"""Maximum seconds that a reader can wait."""


class Mailboxes:
    """The mail of every address, newest last."""

    def __init__(self) -> None:
        self._mail: OrderedDict[str, list[dict[str, str]]] = OrderedDict()
        self._arrival = asyncio.Condition()

    async def deliver(self, address: str, content: bytes) -> None:
        """Put one message into the mailbox of ``address``: its HTML, which alone has the links, or its text."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        part = message.get_body(("html", "plain"))
        body = "\n".join(part.get_content().splitlines()) if part else ""
        mail = {"subject": str(message["Subject"] or ""), "body": body}
        async with self._arrival:
            self._mail.setdefault(address.lower(), []).append(mail)
            if len(self._mail) > KEPT:
                self._mail.popitem(last=False)
            self._arrival.notify_all()

    async def take(self, address: str, within: float) -> list[dict[str, str]]:
        """Remove and return the mail to ``address``; waits up to ``within`` seconds for the first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within), self._arrival:
                await self._arrival.wait_for(lambda: address.lower() in self._mail)
        return self._mail.pop(address.lower(), [])

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, for aiosmtpd, which looks for this name."""
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            await self.deliver(address, content)
        return "250 Message accepted for delivery"


def build(mailboxes: Mailboxes) -> Starlette:
    """Return the application: ``GET /mail/{address}?within=SECONDS`` removes and returns the mail."""

    async def mail(request: Request) -> Response:
        try:
            within = float(request.query_params.get("within", 0))
        except ValueError:
            return JSONResponse({"detail": "within: expected seconds"}, status_code=400)
        found = await mailboxes.take(request.path_params["address"], min(within, LONGEST))
        return JSONResponse(found)

    return Starlette(routes=[Route("/mail/{address}", mail)])


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Receive mail; yields the HTTP address where it can be fetched.

    Raises:
        OSError: the port that was chosen is taken.
    """
    mailboxes = Mailboxes()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailboxes, hostname="localhost", ident="loadtest"),
        "127.0.0.1",
        chosen_port(PORT),
    )
    async with server, serving(build(mailboxes)) as url:
        yield url
