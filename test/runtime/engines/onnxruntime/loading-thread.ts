import { parentPort, workerData } from "node:worker_threads";
import { onnxRuntime } from "../../../../runtime/engines/onnxruntime/onnx-runtime.ts";
import { readOnnx } from "../../../../runtime/model/formats/onnx/onnx-file.ts";

/** Loads the model at `workerData` on this thread and posts its output for the input 2. */
const model = await onnxRuntime({ threads: 1 }).load(readOnnx(String(workerData), 2 ** 20));
const answer = await model.infer([{ dtype: "float32", shape: [1, 1], data: Float32Array.of(2) }]);
parentPort?.postMessage(answer, []);
model.unload();
