import asyncio

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from loadtest.backends.peers import grpc as peer

WITHIN = 10.0


async def healthy(channel: grpc.aio.Channel) -> bool:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest(), timeout=WITHIN)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def reflected(channel: grpc.aio.Channel) -> set[str]:
    """Return the methods that the server lists by reflection, requested in the way of the gateway."""
    ask = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol="grpc.health.v1.Health")
    methods = set()
    async for answer in ask(iter([request]), timeout=WITHIN):
        for encoded in answer.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(encoded)
            methods |= {
                f"{file.package}.{service.name}.{method.name}"
                for service in file.service
                for method in service.method
            }
    return methods


def test_the_server_is_healthy_and_lists_its_methods() -> None:
    async def ask() -> tuple[bool, set[str]]:
        async with peer.running() as target, grpc.aio.insecure_channel(target) as channel:
            return await healthy(channel), await reflected(channel)

    serving, methods = asyncio.run(ask())
    assert serving
    assert "grpc.health.v1.Health.Check" in methods
