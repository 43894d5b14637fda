"""PyTriton: Triton's own front end around a Python model."""
import os

import numpy
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig
from session import session

model = session()
name = model.get_inputs()[0].name


@batch
def infer(**inputs):
    return model.run(None, {name: inputs[name]})


port = int(os.environ["PORT"])
config = TritonConfig(http_port=port, grpc_port=int(os.environ["GRPC_PORT"]), metrics_port=int(os.environ["METRICS_PORT"]), http_address="127.0.0.1", log_verbose=0)
with Triton(config=config) as triton:
    triton.bind(
        model_name="mlp",
        infer_func=infer,
        inputs=[Tensor(name=name, dtype=numpy.float32, shape=(784,))],
        outputs=[Tensor(name=model.get_outputs()[0].name, dtype=numpy.float32, shape=(10,))],
        config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
    )
    triton.serve()
