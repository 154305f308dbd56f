"""Operations with an alias: their scenarios, run again with the alias.

1.1.0 serves federated gateways as ``/mcp-servers`` and virtual servers as ``/virtual-servers`` besides their earlier
paths. Scenarios reused from another class keep their names.
"""

from __future__ import annotations

from typing import ClassVar

from loadtest.users.federation.properties import PropertiesUser
from loadtest.users.mcp.streams import StreamsUser
from loadtest.users.registry.fixtures import RegistryUser
from loadtest.users.registry.gateways import GatewaysUser
from loadtest.users.registry.servers import ServersUser
from loadtest.users.registry.toggles import EntityToggleUser
from loadtest.users.registry.updates import EntityUpdateUser


class McpServersUser(RegistryUser):
    """Federated gateways by their alias."""

    area = "gateways"
    renamed: ClassVar = {"/gateways": "/mcp-servers"}

    lifecycle = GatewaysUser.lifecycle
    over_sse = GatewaysUser.over_sse
    impact = GatewaysUser.impact
    call_tool = GatewaysUser.call_tool
    credentials = EntityUpdateUser.credentials
    update_gateway = EntityUpdateUser.update_gateway
    gateway_state = EntityToggleUser.gateway_state
    gateway_toggle = EntityToggleUser.gateway_toggle


class VirtualServersUser(RegistryUser):
    """Virtual servers by their alias."""

    area = "servers"
    renamed: ClassVar = {"/servers": "/virtual-servers"}

    lifecycle = ServersUser.lifecycle
    empty = ServersUser.empty
    protected = ServersUser.protected
    handshake = ServersUser.handshake
    server_sse = StreamsUser.server_sse
    update_server = EntityUpdateUser.update_server
    update_parts = EntityUpdateUser.update_parts
    server_state = EntityToggleUser.server_state
    server_toggle = EntityToggleUser.server_toggle
    me = PropertiesUser.me
    server_properties = PropertiesUser.server_properties
    server_updates = PropertiesUser.server_updates
