"""mosec with dynamic batching: requests that queue while the worker is busy run together."""
import numpy
import orjson
from mosec import Server, Worker
from session import session


class Model(Worker):
    def __init__(self):
        super().__init__()
        self.model = session()
        self.name = self.model.get_inputs()[0].name

    def deserialize(self, data):
        if data[:1] != b"{":
            return numpy.frombuffer(data, dtype=numpy.float32).reshape(1, -1)
        return numpy.asarray(orjson.loads(data)["instances"], dtype=numpy.float32)

    def serialize(self, data):
        return orjson.dumps({"predictions": data}, option=orjson.OPT_SERIALIZE_NUMPY)

    def forward(self, data):
        (rows,) = self.model.run(None, {self.name: numpy.concatenate(data)})
        return numpy.split(rows, numpy.cumsum([len(part) for part in data])[:-1])


if __name__ == "__main__":
    server = Server()
    server.append_worker(Model, num=1, max_batch_size=32, max_wait_time=0)
    server.run()
