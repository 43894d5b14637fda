"""A custom model for MLServer, as in its documentation."""
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from session import session


class Model(MLModel):
    async def load(self) -> bool:
        self.model = session()
        self.name_of_input = self.model.get_inputs()[0].name
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        (outputs,) = self.model.run(None, {self.name_of_input: rows})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("dense_2", outputs)])
