import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { message, plain } from "../../runtime/base/protobuf/message.ts";
import { crc32c, maskCrc32c } from "../../runtime/model/formats/saved-model/bundle/crc32c.ts";
import { predictRequest } from "../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";

const log = message("Log", { request: plain(1, "bytes") });

/** Fields of a PredictionLog. */
export const logFields = { regress: 3, predict: 6 } as const;

/** Writes warm-up requests into a SavedModel's folder in TensorFlow Serving's format: a TFRecord file of PredictionLogs. */
export async function recordRequests(
  folder: string,
  requests: readonly (readonly [field: number, request: Uint8Array])[],
): Promise<void> {
  const records = requests.map(([field, request]) => {
    const nested = log.encode({ request });
    const data = message("PredictionLog", { log: plain(field, "bytes") }).encode({ log: nested });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(data.length));
    return Buffer.concat([length, checksum(length), data, checksum(data)]);
  });
  await mkdir(join(folder, "assets.extra"), { recursive: true });
  await writeFile(join(folder, "assets.extra", "tf_serving_warmup_requests"), Buffer.concat(records));
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(maskCrc32c(crc32c(bytes)));
  return sum;
}

/** An encoded PredictRequest with a vector of floats. */
export function predicting(values: readonly number[], input = "x"): Uint8Array {
  const tensor = { dtype: 1, tensorShape: { dim: [{ size: values.length }] }, floatVal: Float32Array.from(values) };
  return predictRequest.encode({ modelSpec: { name: "recorded_elsewhere" }, inputs: new Map([[input, tensor]]) });
}
