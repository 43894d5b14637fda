"""FastAPI as its documentation recommends for speed: uvloop, httptools, orjson, no access log."""
import os

import numpy
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from session import session

app = FastAPI()
model = session()
name = model.get_inputs()[0].name


@app.get("/healthz")
async def healthz():
    return {}


@app.post("/v1/models/{model_name}:predict")
async def predict(request: Request):
    instances = orjson.loads(await request.body())["instances"]
    (rows,) = model.run(None, {name: numpy.asarray(instances, dtype=numpy.float32)})
    return Response(orjson.dumps({"predictions": rows}, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


uvicorn.run(
    app, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", http="httptools", log_level="error", access_log=False
)
