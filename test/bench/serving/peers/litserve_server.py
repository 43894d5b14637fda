"""LitServe with its batching."""
import os

import litserve
import numpy
from session import session


class Model(litserve.LitAPI):
    def setup(self, device):
        self.model = session()
        self.name = self.model.get_inputs()[0].name

    def decode_request(self, request):
        return numpy.asarray(request["instances"], dtype=numpy.float32)[0]

    def batch(self, inputs):
        return numpy.stack(inputs)

    def predict(self, x):
        return self.model.run(None, {self.name: x})[0]

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"predictions": [output.tolist()]}


if __name__ == "__main__":
    api = Model(max_batch_size=32, batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(os.environ["PORT"]), host="127.0.0.1", log_level="error", generate_client_file=False)
