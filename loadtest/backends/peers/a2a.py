"""An A2A agent on the official SDK: JSON-RPC of protocol 1.0 and of 0.3, which older gateways speak."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from a2a.helpers import get_message_text, new_text_message
from a2a.server.agent_execution.agent_executor import AgentExecutor
from a2a.server.agent_execution.context import RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes.agent_card_routes import create_agent_card_routes
from a2a.server.routes.jsonrpc_routes import create_jsonrpc_routes
from a2a.server.tasks.inmemory_task_store import InMemoryTaskStore
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette

from loadtest.backends.asgi import serving

TEXT = "text/plain"


class EchoAgent(AgentExecutor):
    """Answers every message with its own text."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answer at once with one message, in the context of the question."""
        text = get_message_text(context.message) if context.message else ""
        await event_queue.enqueue_event(new_text_message(text, context_id=context.context_id))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Do nothing: an answer that is given at once leaves nothing to cancel."""


def build() -> Starlette:
    """Return the application: JSON-RPC on ``/`` and the agent's card at its well-known place."""
    card = AgentCard(
        name="loadtest",
        description="Answers every message with its own text.",
        version="1",
        supported_interfaces=[AgentInterface(url="/", protocol_binding="JSONRPC", protocol_version="1.0")],
        capabilities=AgentCapabilities(streaming=False),
        default_input_modes=[TEXT],
        default_output_modes=[TEXT],
        skills=[AgentSkill(id="echo", name="Echo", description="Answers with the same text.", tags=["echo"])],
    )
    handler = DefaultRequestHandler(EchoAgent(), InMemoryTaskStore(), card)
    return Starlette(
        routes=[
            *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True),
            *create_agent_card_routes(card),
        ]
    )


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the address of its JSON-RPC endpoint."""
    async with serving(build()) as url:
        yield f"{url}/"
