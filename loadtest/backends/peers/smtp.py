"""A mail server that delivers to nobody: what the gateway sends to an address can be fetched over HTTP.

The gateway has to know the mail server's port when it boots; whoever boots it chooses the port and tells both
(``LOADTEST_MAIL_PORT``). Without that the port is a free one. Mail itself: https://www.rfc-editor.org/rfc/rfc5321
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
"""Environment variable that says on which port of loopback mail is taken."""

KEPT = 10_000
"""Addresses whose mail is kept until somebody asks; beyond these the oldest mail is dropped."""

LONGEST = 30.0
"""Seconds that a reader may ask to wait."""


class Letterboxes:
    """The mail of every address, newest last."""

    def __init__(self) -> None:
        self._mail: OrderedDict[str, list[dict[str, str]]] = OrderedDict()
        self._arrival = asyncio.Condition()

    async def deliver(self, address: str, content: bytes) -> None:
        """Put one message into the letterbox of ``address``: its HTML, which alone has the links, or its text."""
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
        """Take everything out of the letterbox of ``address``; waits up to ``within`` seconds for the first."""
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


def build(letterboxes: Letterboxes) -> Starlette:
    """Return the door to the letterboxes: ``GET /mail/{address}?within=SECONDS`` takes the mail out."""

    async def mail(request: Request) -> Response:
        try:
            within = float(request.query_params.get("within", 0))
        except ValueError:
            return JSONResponse({"detail": "within: expected seconds"}, status_code=400)
        found = await letterboxes.take(request.path_params["address"], min(within, LONGEST))
        return JSONResponse(found)

    return Starlette(routes=[Route("/mail/{address}", mail)])


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Take mail; yields the HTTP address where it can be fetched.

    Raises:
        OSError: the port that was chosen is taken.
    """
    letterboxes = Letterboxes()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(letterboxes, hostname="localhost", ident="loadtest"),
        "127.0.0.1",
        chosen_port(PORT),
    )
    async with server, serving(build(letterboxes)) as url:
        yield url
