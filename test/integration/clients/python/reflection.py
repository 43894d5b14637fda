"""grpcio-health-checking and grpcio-reflection; compares the reflected messages with those that Triton and TensorFlow publish."""

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tensorflow_serving.apis import prediction_service_pb2
from tritonclient.grpc import service_pb2

from answers import GRPC, refusal, print_answers

channel = grpc.insecure_channel(GRPC)
health = health_pb2_grpc.HealthStub(channel)
database = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(database)


def check(service):
    answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def watch(service):
    answers = health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=20)
    first = next(answers)
    answers.cancel()
    return health_pb2.HealthCheckResponse.ServingStatus.Name(first.status)


def differences(ours, theirs, seen):
    """Fields of our message that differ from the published one; additional published fields do not matter."""
    if ours.full_name in seen:
        return
    seen.add(ours.full_name)
    for field in ours.fields:
        if field.name in extensions.get(ours.full_name, ()):
            continue
        other = theirs.fields_by_name.get(field.name)
        if other is None:
            yield f"{ours.full_name}.{field.name} is not there"
            continue
        for part in ["number", "type", "is_repeated"]:
            if getattr(field, part) != getattr(other, part):
                yield f"{ours.full_name}.{field.name}: {part} {getattr(field, part)} is {getattr(other, part)}"
        oneofs = [group and group.name for group in (field.containing_oneof, other.containing_oneof)]
        if oneofs[0] != oneofs[1]:
            yield f"{ours.full_name}.{field.name}: oneof {oneofs}"
        if field.message_type is not None:
            if field.message_type.full_name != other.message_type.full_name:
                yield f"{field.message_type.full_name} is {other.message_type.full_name}"
            yield from differences(field.message_type, other.message_type, seen)
        if field.enum_type is not None:
            ours_by_name = {value.name: value.number for value in field.enum_type.values}
            theirs_by_name = {value.name: value.number for value in other.enum_type.values}
            if not ours_by_name.items() <= theirs_by_name.items():
                yield f"{field.enum_type.full_name}: {ours_by_name.items() - theirs_by_name.items()}"


# KServe's responses to load and unload have fields; Triton's have none.
extensions = {
    "inference.RepositoryModelLoadResponse": ("model_name", "is_loaded"),
    "inference.RepositoryModelUnloadResponse": ("model_name", "is_unloaded"),
}


def service_differences(published):
    ours = pool.FindServiceByName(published.full_name)
    seen = set()
    for method in ours.methods:
        other = published.methods_by_name[method.name]
        yield from differences(method.input_type, other.input_type, seen)
        yield from differences(method.output_type, other.output_type, seen)


print_answers(
    {
        "server": check(""),
        "service": check("inference.GRPCInferenceService"),
        "model": check("digits"),
        "unknown": refusal(lambda: check("nope")),
        "watch": watch("digits"),
        "watchUnknown": watch("nope"),
        "services": database.get_services(),
        "triton": list(service_differences(service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"])),
        "tensorflow": list(service_differences(prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"])),
    }
)
