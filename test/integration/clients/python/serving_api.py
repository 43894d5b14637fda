"""tensorflow-serving-api: PredictionService and ModelService."""

import grpc
import numpy as np
from google.protobuf import json_format
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from answers import GRPC, ROWS, refusal, print_answers

channel = grpc.insecure_channel(GRPC)
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
model = model_service_pb2_grpc.ModelServiceStub(channel)


def tensor(values):
    array = np.asarray(values, dtype=np.float32)
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=array.tobytes())
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def spec(request, name, signature="", version=None, label=None):
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    return request


def example(x):
    proto = example_pb2.Example()
    proto.features.feature["x"].float_list.value.append(x)
    return proto


def predict(name, values, input="x", **where):
    request = spec(predict_pb2.PredictRequest(), name, **where)
    request.inputs[input].CopyFrom(tensor(values))
    return prediction.Predict(request, timeout=20)


def with_examples(request, *values):
    request.input.example_list.examples.extend(example(x) for x in values)
    return request


def to_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def metadata():
    request = spec(get_model_metadata_pb2.GetModelMetadataRequest(), "half_plus_two")
    request.metadata_field.append("signature_def")
    answer = prediction.GetModelMetadata(request, timeout=20)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.metadata["signature_def"].Unpack(signatures)
    return {name: signature.method_name for name, signature in sorted(signatures.signature_def.items())}


def multi_inference():
    request = inference_pb2.MultiInferenceRequest()
    for kind in ["regress", "classify"]:
        task = request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.name, task.model_spec.signature_name = "half_plus_two", f"{kind}_x_to_y"
    return to_dict(prediction.MultiInference(with_examples(request, 2.0), timeout=20))["results"]


def status():
    request = spec(get_model_status_pb2.GetModelStatusRequest(), "half_plus_two")
    return to_dict(model.GetModelStatus(request, timeout=20))


def without_features():
    request = spec(classification_pb2.ClassificationRequest(), "half_plus_two", "classify_x_to_y")
    request.input.example_list.examples.add()
    return prediction.Classify(request, timeout=20)


digits = predict("digits", ROWS, input="features").outputs["output_0"]
half = predict("half_plus_two", [[1.0], [4.0]])
classify = spec(classification_pb2.ClassificationRequest(), "half_plus_two", "classify_x_to_y")
regress = spec(regression_pb2.RegressionRequest(), "half_plus_two", "regress_x_to_y")
print_answers(
    {
        "digits": list(digits.float_val),
        "half": [list(half.outputs["y"].float_val), half.model_spec.version.value, half.model_spec.signature_name],
        "byVersion": predict("half_plus_two", [[1.0]], version=123).model_spec.version.value,
        "byLabel": predict("half_plus_two", [[1.0]], label="stable").model_spec.version.value,
        "classify": to_dict(prediction.Classify(with_examples(classify, 2.0, 20.0), timeout=20).result),
        "regress": to_dict(prediction.Regress(with_examples(regress, 2.0, 20.0), timeout=20).result),
        "multiInference": multi_inference(),
        "metadata": metadata(),
        "status": status(),
        "unknownModel": refusal(lambda: predict("nope", [[1.0]])),
        "unknownSignature": refusal(lambda: predict("half_plus_two", [[1.0]], signature="nope")),
        "wrongShape": refusal(lambda: predict("digits", [[1.0]], input="features")),
        "missingFeature": refusal(without_features),
        "reload": refusal(
            lambda: model.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest(), timeout=20)
        ),
    }
)
