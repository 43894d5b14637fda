"""KServe's model server with a custom model, as in its documentation."""
import os

import kserve
import numpy
from session import session


class Model(kserve.Model):
    def __init__(self, name: str):
        super().__init__(name)
        self.model = session()
        self.name_of_input = self.model.get_inputs()[0].name
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        rows = numpy.asarray(payload["instances"], dtype=numpy.float32)
        return {"predictions": self.model.run(None, {self.name_of_input: rows})[0].tolist()}


if __name__ == "__main__":
    server = kserve.ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False, access_log_format=None)
    server.start([Model("mlp")])
