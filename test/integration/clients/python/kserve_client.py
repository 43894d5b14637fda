"""kserve: its REST client in both versions of its protocol, and its gRPC client."""

import asyncio

import numpy as np
from kserve import InferInput, InferRequest, InferenceGRPCClient, InferenceRESTClient
from kserve.inference_client import RESTConfig

from answers import GRPC, HTTP, ROWS, print_answers

rows = np.asarray(ROWS, dtype=np.float32)


def request(**how):
    tensor = InferInput("features", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, **how)
    return InferRequest(model_name="digits", infer_inputs=[tensor], request_id="7")


def values(answer):
    return answer.outputs[0].as_numpy().flatten().tolist()


async def version(protocol):
    client = InferenceRESTClient(RESTConfig(protocol=protocol, timeout=30))
    url = f"http://{HTTP}"
    health = {
        "live": await client.is_server_live(url),
        "modelReady": await client.is_model_ready(url, "digits"),
    }
    if protocol == "v1":
        answer = await client.infer(url, {"instances": ROWS}, model_name="digits")
        return {**health, "digits": [value for row in answer["predictions"] for value in row]}
    requests = {"asJson": request(binary_data=False), "binary": request(binary_data=True)}
    answers = {name: values(await client.infer(url, data, model_name="digits")) for name, data in requests.items()}
    return {**health, "ready": await client.is_server_ready(url), **answers}


async def grpc():
    async with InferenceGRPCClient(GRPC) as client:
        typed, raw = request(binary_data=False), request(binary_data=True)
        return {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "modelReady": await client.is_model_ready("digits"),
            "typed": values(await client.infer(typed)),
            "raw": values(await client.infer(raw)),
        }


async def all():
    return {"v1": await version("v1"), "v2": await version("v2"), "grpc": await grpc()}


print_answers(asyncio.run(all()))
