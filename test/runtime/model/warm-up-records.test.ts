import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { crc32c, maskCrc32c } from "../../../runtime/model/formats/saved-model/bundle/crc32c.ts";
import { recordedRequests } from "../../../runtime/model/warm-up-records.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-records-"));
  await mkdir(join(folder, "assets.extra"));
  path = join(folder, "assets.extra", "tf_serving_warmup_requests");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A record of a TFRecord file. */
function record(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.set(data, 12);
  frame.writeUInt32LE(maskCrc32c(crc32c(data)), 12 + data.length);
  return frame;
}

/** A PredictionLog whose field of this number holds a request. */
function log(field: number, request: string): Uint8Array {
  const inner = Buffer.concat([Buffer.of(0x0a, request.length), Buffer.from(request)]);
  return Buffer.concat([Buffer.of((field << 3) | 2, inner.length), inner]);
}

describe("recorded warm-up requests", () => {
  test("are returned with their method; SessionRun logs are skipped", async () => {
    const logs = [log(6, "predict"), log(2, "classify"), log(3, "regress"), log(4, "both"), log(5, "session")];
    await writeFile(path, Buffer.concat(logs.map(record)));
    const requests = await recordedRequests(folder);
    expect(requests.map(({ method, request }) => [method, Buffer.from(request).toString()])).toEqual([
      ["Predict", "predict"],
      ["Classify", "classify"],
      ["Regress", "regress"],
      ["MultiInference", "both"],
    ]);
  });

  test("are optional", async () => {
    expect(await recordedRequests(folder)).toEqual([]);
    await writeFile(path, "");
    expect(await recordedRequests(folder)).toEqual([]);
  });

  const whole = record(log(6, "predict"));
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);
  const broken: Readonly<Record<string, readonly [Buffer, string]>> = {
    "a record that is cut off": [whole.subarray(0, -1), "record 1 is longer than the file"],
    "a second record without its head": [Buffer.concat([whole, Buffer.alloc(5)]), "record 2 is longer than the file"],
    "a record of an impossible size": [Buffer.alloc(40, 0xff), "record 1 is longer than the file"],
    "a record that was changed": [flipped, "the checksum of record 1 is wrong"],
    "more records than there may be": [
      Buffer.concat(Array.from({ length: 1001 }, () => whole)),
      "it has more than 1000 records",
    ],
    "a record of something else": [record(Buffer.of(0xff)), "a record is not a PredictionLog: "],
  };
  test.each(Object.entries(broken))("%s is refused", async (_, [bytes, reason]) => {
    await writeFile(path, bytes);
    await expect(recordedRequests(folder)).rejects.toMatchObject({
      code: "WarmUpRecordsInvalid",
      message: expect.stringContaining(`${path} is not a file of recorded requests: ${reason}`),
    });
  });
});
